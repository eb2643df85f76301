"""A device that speaks Modbus TCP, written from the public specification and independent of the product's own codec.

MBAP header: transaction (2), protocol 0 (2), length of what follows (2), unit (1); then function (1) and data. Reading
answers: count of bytes (1), then registers high byte first, or bits low bit first. Refusals: function + 0x80, code (1).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

#: What a device does with an answer before it goes out: bytes → pieces, each sent by itself; None: it stays silent.
Spoil = Callable[[bytes], "list[bytes] | None"]


@dataclass
class Device:
    """Units with their registers; `asked` notes every request as (unit, function, address, count).

    refuse  (unit, function, address, count) → code of a refusal, 0 for none
    spoil   what happens to each answer
    """

    registers: dict[int, dict[int, int]] = field(default_factory=lambda: {1: dict.fromkeys(range(200), 0)})
    bits: dict[int, dict[int, int]] = field(default_factory=dict)
    refuse: Callable[[int, int, int, int], int] = lambda _unit, _function, _address, _count: 0
    spoil: Spoil = lambda answer: [answer]
    hangs: bool = False
    close_after: bool = False
    asked: list[tuple[int, int, int, int]] = field(default_factory=list)
    wrote: list[bytes] = field(default_factory=list)
    connections: int = 0
    most_open: int = 0
    _open: int = 0

    def answer(self, request: bytes) -> bytes:
        """The whole frame that answers a whole frame."""
        transaction, unit, function = request[:2], request[6], request[7]
        if function not in (1, 2, 3, 4):
            self.wrote.append(request)
            return self._frame(transaction, unit, bytes((function | 0x80, 1)))
        address, count = int.from_bytes(request[8:10], "big"), int.from_bytes(request[10:12], "big")
        self.asked.append((unit, function, address, count))
        code = self.refuse(unit, function, address, count)
        table = (self.bits if function in (1, 2) else self.registers).get(unit)
        most = 2000 if function in (1, 2) else 125
        if not code and table is None:
            code = 0x0B
        elif not code and not 1 <= count <= most:
            code = 3
        elif not code and any(place not in table for place in range(address, address + count)):
            code = 2
        if code:
            return self._frame(transaction, unit, bytes((function | 0x80, code)))
        values = [table[place] for place in range(address, address + count)]
        if function in (1, 2):
            data = bytearray((count + 7) // 8)
            for place, value in enumerate(values):
                data[place // 8] |= (value & 1) << (place % 8)
        else:
            data = bytearray(b"".join(value.to_bytes(2, "big") for value in values))
        return self._frame(transaction, unit, bytes((function, len(data))) + bytes(data))

    @staticmethod
    def _frame(transaction: bytes, unit: int, content: bytes) -> bytes:
        return transaction + b"\0\0" + (len(content) + 1).to_bytes(2, "big") + bytes((unit,)) + content

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self._open += 1
        self.most_open = max(self.most_open, self._open)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(6)
                request = head + await reader.readexactly(int.from_bytes(head[4:6], "big"))
                answer = self.answer(request)
                if self.hangs:
                    continue
                for piece in self.spoil(answer) or []:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if self.close_after:
                    break
        self._open -= 1
        writer.close()


@dataclass
class Running:
    """A device at a port of this machine; `stop` lets it vanish, `start` brings it back at the same port."""

    device: Device
    loop: asyncio.AbstractEventLoop
    port: int = 0
    server: asyncio.Server | None = None
    talks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self) -> None:
        asyncio.run_coroutine_threadsafe(self._start(), self.loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self.loop).result(10)

    async def _start(self) -> None:
        self.server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.talks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await self.device.talk(reader, writer)
        writer.transport.abort()
        self.talks.discard(task)

    async def _stop(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None
        talks = list(self.talks)
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@contextlib.contextmanager
def devices(count: int = 1) -> Iterator[list[Running]]:
    """Devices in a thread of their own, each at a port of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made = [Running(Device(), loop) for _ in range(count)]
    try:
        for one in made:
            one.start()
        yield made
    finally:
        for one in made:
            one.stop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
