"""A message of HJ 212 as it was sent: head, and the data between CP=&& and &&."""

from __future__ import annotations

import msgspec

#: Bits of Flag: an answer is wanted; the message is one of several packets.
_WANTED, _SPLIT = 1, 2

Items = tuple[tuple[str, str], ...]


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message.

    head      fields before CP in their order, names as the standard writes them
    data      what stands between CP=&& and &&
    encoding  of the text
    raw       the frame as it came, without CR LF
    notes     what was not as the standard says, kinds of `devices.FAULTS`
    """

    head: dict[str, str]
    data: str
    encoding: str = "ascii"
    raw: bytes = b""
    notes: tuple[str, ...] = ()

    @property
    def device(self) -> str:
        """MN, the number of the device."""
        return self.head.get("MN", "")

    @property
    def command(self) -> str:
        """CN: 2011 real-time, 2051 minute, 2061 hour, 2031 day …"""
        return self.head.get("CN", "")

    @property
    def flag(self) -> int:
        """Flag as a number; 0 where it is missing or no number."""
        said = self.head.get("Flag", "")
        return int(said) if said.isdecimal() and said.isascii() and len(said) < 4 else 0

    @property
    def wants_reply(self) -> bool:
        """Whether the sender waits for an answer."""
        return bool(self.flag & _WANTED)

    @property
    def part(self) -> tuple[int, int] | None:
        """(packets, number of this one) when the message is one of several; devices leave Flag out of these."""
        total, number = self.head.get("PNUM", ""), self.head.get("PNO", "")
        for said in (total, number):
            if not (said.isdecimal() and said.isascii() and len(said) < 6):
                return None
        return (int(total), int(number)) if int(total) > 1 else None

    @property
    def groups(self) -> tuple[Items, ...]:
        """The data: groups between semicolons, each a row of (name, text). A name may come twice."""
        return tuple(
            tuple((name, text) for name, _sign, text in (item.partition("=") for item in group.split(",")) if name)
            for group in self.data.split(";")
            if group
        )
