"""A message of JT/T 808: its head, and its body as bytes."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False):
    """One frame, or a message whose packets were joined.

    id        what it is: 0200 a position, 0100 a registration …
    phone     12 digits, 20 with the head of 2019
    serial    running number of the sender
    edition   2019 when the head says so; 2013 stands for 2011 as well
    revision  the head's number of the edition, 2019 only
    cipher    bits of the head; the body is not readable when they are set
    total     packets of the message, 0 for one that came whole
    number    of this packet, from 1
    """

    id: int
    phone: str
    serial: int
    body: bytes = b""
    edition: int = 2013
    revision: int = 1
    cipher: int = 0
    total: int = 0
    number: int = 0
    raw: bytes = b""
    notes: tuple[str, ...] = ()

    @property
    def device(self) -> str:
        """The number without the zeros that fill it up, so that a terminal keeps its key when its edition changes."""
        return self.phone.lstrip("0") or "0"
