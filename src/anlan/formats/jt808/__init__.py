"""JT/T 808 of 2011, 2013 and 2019: where vehicles and teams are, and what is said to their terminals."""

from anlan.formats.jt808.bodies import body_of, edition_of, fields
from anlan.formats.jt808.message import Message
from anlan.formats.jt808.normal import Position, position, values
from anlan.formats.jt808.reading import Reader, join
from anlan.formats.jt808.writing import reply, reply_registration, split, write

__all__ = [
    "Message",
    "Position",
    "Reader",
    "body_of",
    "edition_of",
    "fields",
    "join",
    "position",
    "reply",
    "reply_registration",
    "split",
    "values",
    "write",
]
