"""Frames of HJ 212 out of messages, and the answers that devices wait for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from anlan.formats.checksums import hj212_crc
from anlan.formats.hj212.message import Message

_MOST: Final = 9999
#: System 91 is the talk between the two sides; 4 says edition 2017 and no answer wanted.
_SYSTEM, _FLAG = "91", "4"


def write(message: Message) -> bytes:
    """The frame with its CR LF.

    Raises ValueError for a message that four digits cannot give the length of.
    """
    head = ";".join(f"{name}={text}" for name, text in message.head.items())
    segment = f"{head};CP=&&{message.data}&&".encode(message.encoding)
    if len(segment) > _MOST:
        raise ValueError(f"a segment of {len(segment)} bytes; split it")
    return b"##%04d%b%04X\r\n" % (len(segment), segment, hj212_crc(segment))


def split(message: Message, most: int = 1024) -> list[Message]:
    """The message in packets whose segments have at most `most` bytes, cut between groups.

    Each packet begins with the DataTime of the message. A group that is too long for a packet stays whole.
    """
    groups = [group for group in message.data.split(";") if group]
    first = groups[0] if groups and groups[0].startswith("DataTime=") and "," not in groups[0] else ""
    rest = groups[1:] if first else groups
    room = most - len(write(_with(message, first, 9999, 9999))) + len("##0000") + len("0000\r\n")
    packets: list[list[str]] = [[]]
    used = 0
    for group in rest:
        size = len(group.encode(message.encoding)) + 1
        if packets[-1] and used + size > room:
            packets.append([])
            used = 0
        packets[-1].append(group)
        used += size
    if len(packets) == 1:
        return [message]
    return [
        _with(message, ";".join(part for part in (first, *packet) if part), len(packets), number)
        for number, packet in enumerate(packets, 1)
    ]


def _with(message: Message, data: str, total: int, number: int) -> Message:
    head = dict(message.head)
    if "Flag" in head:
        head["Flag"] = str(message.flag | 2)
    head["PNUM"], head["PNO"] = str(total), str(number)
    return Message(head, data, message.encoding)


def reply_data(message: Message) -> bytes:
    """9014: the data have come."""
    return _reply(message, "9014", "", quoted=True)


def reply_notice(message: Message) -> bytes:
    """9013: the notice has come."""
    return _reply(message, "9013", "", quoted=True)


def reply_request(message: Message, result: int = 1) -> bytes:
    """9011: a request has come; 1 ready, 2 refused, 3 wrong password."""
    return _reply(message, "9011", f"QnRtn={result}")


def reply_result(message: Message, result: int = 1) -> bytes:
    """9012: a request was carried out; 1 done, 2 failed, 100 no data."""
    return _reply(message, "9012", f"ExeRtn={result}")


def _reply(message: Message, command: str, data: str, *, quoted: bool = False) -> bytes:
    """An answer names the request by its QN: in the head, or quoted in the data where that is all there is to say."""
    request = message.head.get("QN", "")
    head = dict(_head(message, command, "" if quoted else request))
    if quoted and request:
        data = f"QN={request}"
    return write(Message(head, data, message.encoding))


def _head(message: Message, command: str, request: str) -> Iterator[tuple[str, str]]:
    if request:
        yield "QN", request
    yield from (("ST", _SYSTEM), ("CN", command), ("PW", message.head.get("PW", "")), ("MN", message.device))
    yield "Flag", _FLAG
