"""HJ 212 at the gateway: every frame bears MN and PW; data are answered by 9014, notices by 9013."""

from __future__ import annotations

import hashlib

from anlan.formats import hj212
from anlan.formats.devices import BadFrame, Joiner, beijing_digits
from anlan.formats.hj212 import asking
from anlan.gateways.tcp.parts import given_up
from anlan.gateways.tcp.speech import DATA, NOTICE, REPLY, Frame, Question, Said
from anlan.kernel.sensing.door import commands
from anlan.kernel.sensing.store import LIVE

#: Answers of a device to what the centre said.
_NOTICE_REPLY, _DATA_REPLY = "9013", "9014"
_REPLIES = frozenset({asking.TAKEN_UP, asking.CARRIED_OUT, _NOTICE_REPLY, _DATA_REPLY})


class Speaker:
    """One connection of HJ 212."""

    def __init__(self) -> None:
        self._reader = hj212.Reader()
        self._joiner = Joiner(most_open=16, most_bytes=1 << 20)
        #: The moment of the last question, so that no two have one QN.
        self._asked_ms = 0

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
        if question.mark:
            return question.mark  # sent again, it is the same question to the device
        self._asked_ms = max(now_ms, self._asked_ms + 1)
        return beijing_digits(self._asked_ms)

    def ask(self, heard: hj212.Message, question: Question, mark: str, now_ms: int) -> bytes:
        if question.kind == commands.SET_CLOCK:
            return asking.set_clock(heard, qn=mark, at_ms=now_ms)
        if question.kind == commands.READ_CLOCK:
            return asking.read_clock(heard, qn=mark)
        if question.kind == commands.HISTORY:
            span = question.arguments
            return asking.ask_history(heard, span["of"], qn=mark, from_ms=span["from_ms"], to_ms=span["to_ms"])
        raise ValueError(f"HJ 212 cannot say {question.kind}")

    def _frames(self, found: list[hj212.Message | BadFrame], now_ms: int) -> list[Frame | BadFrame]:
        made: list[Frame | BadFrame] = []
        for one in found:
            if isinstance(one, BadFrame):
                made.append(one)
                continue
            whole = hj212.join(self._joiner, one, at_ms=now_ms)
            if whole is not None:
                made.append(self._frame(whole, one.raw))
        made += given_up(self._joiner.lost(now_ms))
        return made

    def _frame(self, message: hj212.Message, raw: bytes) -> Frame:
        number, secret, code = message.device, message.head.get("PW", ""), message.command
        heard = message if asking.speaks_for_itself(message) else None
        if code in _REPLIES:
            mark = asking.question_of(message)
            return Frame(number, secret, REPLY, "", raw, heard=heard, mark=mark, said=_said(message))
        content = "|".join((message.head.get("QN", ""), code, message.data))
        key = f"hj212:{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
        values = hj212.values(message)
        if values or code.startswith("20"):
            answer = hj212.reply_data(message) if message.wants_reply else b""
            mark = _mark(message) if code in asking.HISTORY else ""
            return Frame(number, secret, DATA, key, raw, values, LIVE, answer, heard=heard, mark=mark)
        answer = hj212.reply_notice(message) if message.wants_reply else b""
        if code == asking.READ_CLOCK:
            # What was asked for; the result (9012) still follows.
            told = {"clock_ms": asking.clock_of(message)}
            mark = asking.question_of(message) or f"{code}?"
            return Frame(number, secret, REPLY, key, raw, answer=answer, heard=heard, mark=mark, said=Said("", told))
        return Frame(number, secret, NOTICE, key, raw, answer=answer, heard=heard)


def _mark(message: hj212.Message) -> str:
    """What old data answers: the question whose QN it bears, or the one of its command where it bears none (2005)."""
    return asking.question_of(message) or f"{message.command}?"


def _said(message: hj212.Message) -> Said | None:
    name, code = asking.result_of(message)
    told = {name: code}
    if message.command == asking.TAKEN_UP and name:
        return Said(commands.ACCEPTED if code == asking.READY else commands.REFUSED, told)
    if message.command == asking.CARRIED_OUT and name:
        return Said(commands.DONE if code in (asking.DONE, asking.NO_DATA) else commands.REFUSED, told)
    return None
