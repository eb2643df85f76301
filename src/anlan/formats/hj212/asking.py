"""What a centre asks of a device of HJ 212, and what the device says of it.

A question is answered by 9011 (QnRtn: taken up or not), then by what was asked for, then by 9012 (ExeRtn: carried out
or not). In the edition of 2017 all of them bear the QN of the question in the head; in that of 2005 9011 and 9012 quote
it in the data, and what was asked for comes without any.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from anlan.formats.devices import beijing_digits, beijing_ms
from anlan.formats.hj212.message import Message
from anlan.formats.hj212.writing import write

#: Commands: read and set the clock; data of days, times a device ran, of minutes and of hours.
READ_CLOCK, SET_CLOCK = "1011", "1012"
DAYS, RAN, MINUTES, HOURS = "2031", "2041", "2051", "2061"
HISTORY: Final = frozenset({DAYS, RAN, MINUTES, HOURS})
#: Whether a request is taken up, and whether it was carried out.
TAKEN_UP, CARRIED_OUT = "9011", "9012"
#: QnRtn and ExeRtn of what went well, and of a span that holds nothing.
READY, DONE, NO_DATA = "1", "1", "100"

#: System of the talk itself; a device's own system is another.
_TALK: Final = "91"
#: Bits of Flag below the edition: an answer is wanted, packets are counted.
_WANTED, _LOWER = 1, 3
_CODE: Final = re.compile(r"(QnRtn|ExeRtn|ExtRtn)=([0-9]{1,4})").search
_QUOTED: Final = re.compile(r"(?:^|[;,])QN=([0-9]{17})(?=[;,]|$)").search
_CLOCK: Final = re.compile(r"(?:^|[;,])SystemTime=([0-9]{14})(?=[0-9]{3}|[;,]|$)").search


def request(heard: Message, command: str, items: Sequence[tuple[str, str]], *, qn: str) -> bytes:
    """A question, spoken as the device spoke last: its system, password, number and edition.

    heard   a message of the device's own system, of which `speaks_for_itself` holds
    items   what stands between CP=&& and &&
    qn      the number by which its answers are known, 17 digits

    An answer is wanted, so that the device says whether it takes the question up.
    """
    flag = heard.flag & ~_LOWER | _WANTED
    head = {
        "QN": qn,
        "ST": heard.head.get("ST", ""),
        "CN": command,
        "PW": heard.head.get("PW", ""),
        "MN": heard.device,
        "Flag": str(flag),
    }
    return write(Message(head, ",".join(f"{name}={text}" for name, text in items), heard.encoding))


def set_clock(heard: Message, *, qn: str, at_ms: int) -> bytes:
    """1012: set the clock of the device to `at_ms`, written as Beijing time to the second."""
    return request(heard, SET_CLOCK, (("SystemTime", beijing_digits(at_ms)[:14]),), qn=qn)


def read_clock(heard: Message, *, qn: str) -> bytes:
    """1011: say what your clock shows."""
    return request(heard, READ_CLOCK, (), qn=qn)


def ask_history(heard: Message, command: str, *, qn: str, from_ms: int, to_ms: int) -> bytes:
    """2031, 2041, 2051 or 2061: send again what was measured from `from_ms` to `to_ms`.

    Raises ValueError for another command, or a span that ends before it begins.
    """
    if command not in HISTORY or to_ms < from_ms:
        raise ValueError(f"no span of {command}: {from_ms} to {to_ms}")
    span = (("BeginTime", beijing_digits(from_ms)[:14]), ("EndTime", beijing_digits(to_ms)[:14]))
    return request(heard, command, span, qn=qn)


def speaks_for_itself(message: Message) -> bool:
    """Whether a message shows the system of the device; an answer bears that of the talk."""
    return message.head.get("ST", _TALK) != _TALK


def question_of(message: Message) -> str:
    """The QN of the question that a message answers, "" where it says none. Data may bear one of their own."""
    found = _QUOTED(message.data)
    return found[1] if found else message.head.get("QN", "")


def result_of(message: Message) -> tuple[str, str]:
    """("QnRtn" or "ExeRtn", the code) of an answer; ("", "") where it has none."""
    found = _CODE(message.data)
    return ("QnRtn" if found[1] == "QnRtn" else "ExeRtn", found[2].lstrip("0") or "0") if found else ("", "")


def clock_of(message: Message) -> int | None:
    """What the clock of the device shows, epoch ms, in the answer to 1011; None in any other message."""
    found = _CLOCK(message.data) if message.command == READ_CLOCK else None
    return beijing_ms(found[1]) if found else None
