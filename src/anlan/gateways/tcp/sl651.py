"""SL 651 at the gateway: every frame bears station and password; a report is answered by EOT and the clock."""

from __future__ import annotations

import hashlib

from anlan.formats import sl651
from anlan.formats.devices import BadFrame, Joiner
from anlan.gateways.tcp.speech import DATA, NOTICE, REPLY, Frame
from anlan.kernel.sensing.store import BACKFILL, LIVE

#: Stay connected; reports of a station's own accord; the answer to a question for a span, which is old data.
_LINK, _REPORTS, _SPAN = 0x2F, range(0x30, 0x37), 0x38


class Speaker:
    """One connection of SL 651."""

    def __init__(self) -> None:
        self._reader = sl651.Reader()
        self._joiner = Joiner(most_open=16, most_bytes=1 << 20)

    def feed(self, data: bytes, now_ms: int) -> list[Frame | BadFrame]:
        return self._frames(self._reader.feed(data), now_ms)

    def close(self, now_ms: int) -> list[Frame | BadFrame]:
        return self._frames(self._reader.close(), now_ms)

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
        made += [BadFrame(("lost_parts",), b"".join(lost.parts.values())) for lost in self._joiner.lost(now_ms)]
        return made

    def _frame(self, message: sl651.Message, raw: bytes, now_ms: int) -> Frame:
        number, secret, function = message.station, f"{message.password:04X}", message.function
        key = f"sl651:{function:02X}:{hashlib.sha256(message.text).hexdigest()[:32]}"
        if function in _REPORTS:
            answer = sl651.reply(message, at_ms=now_ms) if message.serial is not None else b""
            return Frame(number, secret, DATA, key, raw, sl651.values(message), LIVE, answer)
        if function == _LINK:
            return Frame(number, secret, NOTICE, key, raw)
        values = sl651.values(message) if function == _SPAN else []
        lane = BACKFILL if function == _SPAN else LIVE
        return Frame(number, secret, REPLY, key, raw, values, lane)
