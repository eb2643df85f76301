"""SL 651-2014: reports of hydrological stations in HEX/BCD and in ASCII coding, by TCP, UDP, short message or Beidou.

One reader takes both codings of one stream; a message says in which it came, and is answered in the same.
"""

from anlan.formats.sl651.elements import Element, Meaning, meaning
from anlan.formats.sl651.message import ACK, ASCII, ENQ, EOT, ESC, ETB, ETX, HEX, NAK, Message
from anlan.formats.sl651.normal import elements, values
from anlan.formats.sl651.reading import Reader, join
from anlan.formats.sl651.writing import reply, split, write

__all__ = [
    "ACK",
    "ASCII",
    "ENQ",
    "EOT",
    "ESC",
    "ETB",
    "ETX",
    "HEX",
    "NAK",
    "Element",
    "Meaning",
    "Message",
    "Reader",
    "elements",
    "join",
    "meaning",
    "reply",
    "split",
    "values",
    "write",
]
