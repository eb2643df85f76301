"""JT/T 808 at the gateway: a terminal registers once, proves a connection by the code it was given, then reports."""

from __future__ import annotations

import hashlib
from functools import partial

from anlan.formats import jt808
from anlan.formats.devices import BadFrame, Joiner
from anlan.formats.jt808 import asking
from anlan.gateways.tcp.parts import given_up
from anlan.gateways.tcp.speech import DATA, ENROL, NOTICE, PROVE, REPLY, Frame, Question, Said
from anlan.kernel.sensing.door import commands
from anlan.kernel.sensing.store import BACKFILL, LIVE

_REPLY, _HEARTBEAT, _LEAVE, _REGISTER, _AUTHENTICATE = 0x0001, 0x0002, 0x0003, 0x0100, 0x0102
_POSITION, _POSITION_ASKED, _BATCH = 0x0200, 0x0201, 0x0704
#: Readings, and what is confirmed without holding any.
_DATA, _CONFIRMED = frozenset({_POSITION, _BATCH}), frozenset({_HEARTBEAT, _LEAVE})
#: Type of a batch of positions that were kept while there was no network.
_KEPT = 1
#: Results: done, failed, not supported; of a registration: taken before, no such terminal.
_DONE, _FAILED, _UNSUPPORTED, _TAKEN, _NO_TERMINAL = 0, 1, 3, 3, 4
#: Message that asks, by kind of command.
_ASKS = {commands.LOCATE: asking.LOCATE, commands.TRACK: asking.TRACK, commands.TEXT: asking.TEXT}


class Speaker:
    """One connection of JT/T 808."""

    def __init__(self) -> None:
        self._reader = jt808.Reader()
        self._joiner = Joiner(most_open=16, most_bytes=1 << 20)
        self._serial = -1

    def feed(self, data: bytes, now_ms: int) -> list[Frame | BadFrame]:
        return self._frames(self._reader.feed(data), now_ms)

    @property
    def unfinished(self) -> bool:
        return self._reader.unfinished

    def given_up(self, now_ms: int) -> list[BadFrame]:
        return given_up(self._joiner.lost(now_ms))

    def close(self, now_ms: int) -> list[Frame | BadFrame]:
        return [*self._frames(self._reader.close(), now_ms), *given_up(self._joiner.close())]

    def mark(self, question: Question, now_ms: int) -> str:
        """Message and serial number, which the terminal repeats in its answer."""
        if question.kind not in _ASKS:
            raise ValueError(f"JT/T 808 cannot say {question.kind}")
        return f"{_ASKS[question.kind]:04X}:{self._next()}"

    def ask(self, heard: jt808.Message, question: Question, mark: str, now_ms: int) -> bytes:
        serial, told = int(mark.partition(":")[2]), question.arguments
        if question.kind == commands.LOCATE:
            return asking.locate(heard, serial=serial)
        if question.kind == commands.TRACK:
            return asking.track(heard, serial=serial, every_s=told["every_s"], for_s=told["for_s"])
        return asking.text(heard, serial=serial, words=told["words"], urgent=told["urgent"])

    def _welcome(self, message: jt808.Message, code: str) -> bytes:
        """The answer to a registration; without a code: it is registered already."""
        return jt808.reply_registration(message, serial=self._next(), result=_DONE if code else _TAKEN, code=code)

    def _next(self) -> int:
        self._serial = (self._serial + 1) & 0xFFFF
        return self._serial

    def _frames(self, found: list[jt808.Message | BadFrame], now_ms: int) -> list[Frame | BadFrame]:
        made: list[Frame | BadFrame] = []
        for one in found:
            if isinstance(one, BadFrame):
                made.append(one)
                continue
            if one.cipher:
                made.append(BadFrame(("encrypted",), one.raw))
                continue
            whole = jt808.join(self._joiner, one, at_ms=now_ms)
            if whole is not None:
                made.append(self._frame(whole, one.raw))
        made += given_up(self._joiner.lost(now_ms))
        return made

    def _frame(self, message: jt808.Message, raw: bytes) -> Frame:
        number, kind = message.device, message.id
        if kind == _REGISTER:
            refusal = jt808.reply_registration(message, serial=self._next(), result=_NO_TERMINAL)
            return Frame(number, None, ENROL, "", raw, refusal=refusal, welcome=partial(self._welcome, message))
        refusal = jt808.reply(message, serial=self._next(), result=_FAILED)
        if kind == _AUTHENTICATE:
            said = (jt808.fields(message) or {}).get("authentication_code", "")
            code = said.rstrip("\0") if isinstance(said, str) else ""
            return Frame(number, code, PROVE, "", raw, answer=self._confirmed(message), refusal=refusal, heard=message)
        if kind == _REPLY:
            mark, told = _answered(message)
            return Frame(number, None, REPLY, "", raw, heard=message, mark=mark, said=told)
        if kind == _POSITION_ASKED:
            mark = f"{asking.LOCATE:04X}:{int.from_bytes(message.body[:2], 'big')}"
            values, done = jt808.values(message), Said(commands.DONE)
            return Frame(number, None, DATA, _key(message), raw, values, heard=message, mark=mark, said=done)
        if kind in _DATA:
            old = kind == _BATCH and message.body[2:3] == bytes((_KEPT,))
            lane, answer = (BACKFILL if old else LIVE), self._confirmed(message)
            values = jt808.values(message)
            return Frame(number, None, DATA, _key(message), raw, values, lane, answer, refusal, heard=message)
        result = _DONE if kind in _CONFIRMED else _UNSUPPORTED
        confirmed = self._confirmed(message, result)
        return Frame(number, None, NOTICE, "", raw, answer=confirmed, refusal=refusal, heard=message)

    def _confirmed(self, message: jt808.Message, result: int = _DONE) -> bytes:
        return jt808.reply(message, serial=self._next(), result=result)


def _key(message: jt808.Message) -> str:
    return f"jt808:{message.id:04X}:{hashlib.sha256(message.body).hexdigest()[:32]}"


def _answered(message: jt808.Message) -> tuple[str, Said | None]:
    """Which command a general reply answers, and how. Where a terminal is it says in a message of its own (0201)."""
    said = jt808.fields(message)
    if said is None:
        return "", None
    told = {"result": str(said["result"])}
    if said["result"] != _DONE:
        state = commands.REFUSED
    else:
        state = commands.ACCEPTED if said["server_message_id"] == asking.LOCATE else commands.DONE
    return f"{said['server_message_id']:04X}:{said['server_flow_id']}", Said(state, told)
