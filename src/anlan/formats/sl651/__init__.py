"""SL 651-2014: reports of hydrological stations, HEX/BCD coding, by TCP, UDP, short message or Beidou.

The ASCII coding (SOH) is not read.
"""

from anlan.formats.sl651.elements import Element, Meaning, elements, meaning
from anlan.formats.sl651.message import ACK, ENQ, EOT, ESC, ETB, ETX, NAK, Message
from anlan.formats.sl651.normal import values
from anlan.formats.sl651.reading import Reader, join
from anlan.formats.sl651.writing import reply, split, write

__all__ = [
    "ACK",
    "ENQ",
    "EOT",
    "ESC",
    "ETB",
    "ETX",
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
