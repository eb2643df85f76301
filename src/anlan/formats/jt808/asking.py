"""What a platform asks of a terminal of JT/T 808: where it is, to report more often, to show a text.

The protocol has no message that sets a clock: terminals take the time from satellites.
"""

from __future__ import annotations

from typing import Final

from anlan.formats.jt808.bodies import body_of
from anlan.formats.jt808.message import Message
from anlan.formats.jt808.writing import write

LOCATE, TRACK, TEXT = 0x8201, 0x8202, 0x8300
#: Bytes of the longest text, counted in the encoding of the protocol.
MOST_TEXT: Final = 1000
#: Bits of a text's flag: on the display, read aloud. Its type since 2019: a notice.
SHOWN, READ_ALOUD = 4, 8
_NOTICE: Final = 1
#: The lowest two bits by (edition 2019, urgent): 2013 has one bit for urgent, 2019 a number, 1 service, 2 urgent. The
#: latter could not be checked against the standard.
_RANK: Final = {(False, False): 0, (False, True): 1, (True, False): 1, (True, True): 2}


def locate(heard: Message, *, serial: int) -> bytes:
    """8201: say where you are. The terminal answers by 0201."""
    return _down(heard, LOCATE, serial, b"")


def track(heard: Message, *, serial: int, every_s: int, for_s: int) -> bytes:
    """8202: report every `every_s` seconds for `for_s` seconds. Raises OverflowError for what its field cannot hold."""
    values = {"time_duration_in_seconds": every_s, "trace_validity_duration_in_seconds": for_s}
    return _down(heard, TRACK, serial, body_of(TRACK, values))


def text(heard: Message, *, serial: int, words: str, urgent: bool) -> bytes:
    """8300: show these words and read them aloud. Raises ValueError for words that are too long or none at all."""
    if not words or len(words.encode("gb18030")) > MOST_TEXT:
        raise ValueError("a text has 1 to 1,000 bytes")
    flag = SHOWN | READ_ALOUD | _RANK[heard.edition == 2019, urgent]
    values = {"identifier": flag, "text_type": _NOTICE, "text": words}
    return _down(heard, TEXT, serial, body_of(TEXT, values, edition=heard.edition))


def _down(heard: Message, identifier: int, serial: int, body: bytes) -> bytes:
    """Written to the terminal as it writes itself: its number, edition and form of the head."""
    return write(Message(identifier, heard.phone, serial, body, heard.edition, heard.revision, notes=heard.notes))
