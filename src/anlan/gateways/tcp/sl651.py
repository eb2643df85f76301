"""SL 651 at the gateway: every frame bears station and password; a report is answered by EOT and the clock."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

from anlan.formats import sl651
from anlan.formats.devices import BadFrame, Joiner
from anlan.formats.sl651 import asking
from anlan.gateways.tcp.parts import given_up
from anlan.gateways.tcp.speech import DATA, NOTICE, REPLY, Frame, Question, Said
from anlan.kernel.sensing.door import commands
from anlan.kernel.sensing.store import BACKFILL, LIVE

#: Stay connected; reports of a station's own accord.
_LINK, _REPORTS = 0x2F, range(0x30, 0x37)


class Speaker:
    """One connection of SL 651."""

    def __init__(self) -> None:
        self._reader = sl651.Reader()
        self._joiner = Joiner(most_open=16, most_bytes=1 << 20)

    @property
    def unfinished(self) -> bool:
        return self._reader.unfinished

    def feed(self, data: bytes, now_ms: int) -> list[Frame | BadFrame]:
        return self._frames(self._reader.feed(data), now_ms)

    def given_up(self, now_ms: int) -> list[BadFrame]:
        return given_up(self._joiner.lost(now_ms))

    def close(self, now_ms: int) -> list[Frame | BadFrame]:
        return [*self._frames(self._reader.close(), now_ms), *given_up(self._joiner.close())]

    def mark(self, question: Question, now_ms: int) -> str:
        """The function: stations answer with serial numbers of their own."""
        return f"{asking.SPAN if question.kind == commands.HISTORY else asking.SET_CLOCK:02X}"

    def ask(self, heard: sl651.Message, question: Question, mark: str, now_ms: int) -> bytes:
        serial = question.pk % 0xFFFF + 1
        if question.kind == commands.SET_CLOCK:
            return asking.set_clock(heard, serial=serial, at_ms=now_ms)
        if question.kind == commands.HISTORY:
            span = question.arguments
            element, step = int(span["element"], 16), span["step_min"]
            times = {"at_ms": now_ms, "from_ms": span["from_ms"], "to_ms": span["to_ms"]}
            return asking.ask_span(heard, serial=serial, element=element, step_min=step, **times)
        raise ValueError(f"SL 651 cannot say {question.kind}")

    def _frames(self, found: list[sl651.Message | BadFrame], now_ms: int) -> list[Frame | BadFrame]:
        made: list[Frame | BadFrame] = []
        for one in found:
            if isinstance(one, BadFrame):
                made.append(one)
            elif not one.up:
                made.append(BadFrame(("bad_header",), one.raw))
            else:
                whole = sl651.join(self._joiner, one, at_ms=now_ms)
                if whole is not None:
                    made.append(self._frame(whole, one.raw, now_ms))
        made += given_up(self._joiner.lost(now_ms))
        return made

    def _frame(self, message: sl651.Message, raw: bytes, now_ms: int) -> Frame:
        number, secret, function = message.station, f"{message.password:04X}", message.function
        key = f"sl651:{function:02X}:{hashlib.sha256(message.text).hexdigest()[:32]}"
        if function in _REPORTS:
            answer, stay = b"", None
            if message.serial is not None:
                answer = sl651.reply(message, at_ms=now_ms)
                stay = partial(sl651.reply, message, at_ms=now_ms, end=sl651.ESC)
            values = sl651.values(message)
            return Frame(number, secret, DATA, key, raw, values, LIVE, answer, stay=stay, heard=message)
        if function == _LINK:
            return Frame(number, secret, NOTICE, key, raw, heard=message)
        values = sl651.values(message) if function == asking.SPAN else []
        lane = BACKFILL if function == asking.SPAN else LIVE
        said = Said(commands.DONE, _told(message, len(values)))
        return Frame(number, secret, REPLY, key, raw, values, lane, heard=message, mark=f"{function:02X}", said=said)


def _told(message: sl651.Message, values: int) -> dict[str, Any]:
    """What an answer tells: of a clock what it shows now, of a span that nothing in it could be read."""
    if message.function == asking.SET_CLOCK:
        return {"clock_ms": message.sent_ms}
    return {"unread": True} if message.function == asking.SPAN and not values else {}
