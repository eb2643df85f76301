"""What is in these bytes? Any message or file that the codecs read, told in one form, for a person who looks at it.

    told = tell(data, now_ms=now)              # in this process, for tests and programs
    told = tell_apart(data, now_ms=now)        # of a stranger: in a process of its own, within bounds

Nothing is kept, nothing is guessed: an XML of unknown structure is told as its elements and texts, bytes of no known
form as unknown.
"""

from anlan.formats.telling.detecting import FORMATS, detect, octets_of
from anlan.formats.telling.limited import tell_apart
from anlan.formats.telling.telling import tell
from anlan.formats.telling.told import Item, Layer, Note, Row, Told

__all__ = ["FORMATS", "Item", "Layer", "Note", "Row", "Told", "detect", "octets_of", "tell", "tell_apart"]
