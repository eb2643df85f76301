"""HJ 212 at the gateway: every frame bears MN and PW; data are answered by 9014, notices by 9013."""

from __future__ import annotations

import hashlib

from anlan.formats import hj212
from anlan.formats.devices import BadFrame, Joiner
from anlan.gateways.tcp.speech import DATA, NOTICE, REPLY, Frame
from anlan.kernel.sensing.store import LIVE

#: Answers of a device to what the centre said.
_REQUEST_REPLY, _RESULT, _NOTICE_REPLY, _DATA_REPLY = "9011", "9012", "9013", "9014"


class Speaker:
    """One connection of HJ 212."""

    def __init__(self) -> None:
        self._reader = hj212.Reader()
        self._joiner = Joiner(most_open=16, most_bytes=1 << 20)

    def feed(self, data: bytes, now_ms: int) -> list[Frame | BadFrame]:
        return self._frames(self._reader.feed(data), now_ms)

    def close(self, now_ms: int) -> list[Frame | BadFrame]:
        return self._frames(self._reader.close(), now_ms)

    def _frames(self, found: list[hj212.Message | BadFrame], now_ms: int) -> list[Frame | BadFrame]:
        made: list[Frame | BadFrame] = []
        for one in found:
            if isinstance(one, BadFrame):
                made.append(one)
                continue
            whole = hj212.join(self._joiner, one, at_ms=now_ms)
            if whole is not None:
                made.append(self._frame(whole, one.raw))
        made += [BadFrame(("lost_parts",), b"".join(lost.parts.values())) for lost in self._joiner.lost(now_ms)]
        return made

    def _frame(self, message: hj212.Message, raw: bytes) -> Frame:
        number, secret, code = message.device, message.head.get("PW", ""), message.command
        if code in (_REQUEST_REPLY, _RESULT, _NOTICE_REPLY, _DATA_REPLY):
            return Frame(number, secret, REPLY, "", raw)
        content = "|".join((message.head.get("QN", ""), code, message.data))
        key = f"hj212:{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
        values = hj212.values(message)
        if values or code.startswith("20"):
            answer = hj212.reply_data(message) if message.wants_reply else b""
            return Frame(number, secret, DATA, key, raw, values, LIVE, answer)
        answer = hj212.reply_notice(message) if message.wants_reply else b""
        return Frame(number, secret, NOTICE, key, raw, answer=answer)
