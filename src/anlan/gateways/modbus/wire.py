"""One connection to a host: a question, then its answer, then the next question. What is no answer ends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

from anlan.environment import may_connect
from anlan.formats import modbus
from anlan.formats.devices import BadFrame

#: Bytes that are read at once; an answer has at most 260.
PIECE = 512
#: Connecting may take as long as an answer, and never less than this, seconds.
CONNECT_S = 3.0


class Trouble(Exception):
    """No answer, or one that cannot be meant; `kind` is the fault that is counted, `raw` what came."""

    def __init__(self, kind: str, raw: bytes = b"") -> None:
        super().__init__(kind)
        self.kind, self.raw = kind, raw


@dataclass(frozen=True, slots=True)
class Answer:
    """A frame that answers its request, when it came (epoch ms), and how long that took."""

    frame: modbus.Frame
    at_ms: int
    round_trip_ms: float
    #: More came than was asked for; the connection is closed.
    unasked: bytes = b""


@dataclass(slots=True)
class Wire:
    """A connection to `host`, opened when something is asked. It is closed by any trouble.

    allowed  hosts that may be asked, as `environment.may_connect` takes them
    """

    host: str
    port: int
    allowed: Sequence[str]
    clock: Callable[[], int]
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    _codec: modbus.Reader = field(default_factory=modbus.Reader)
    _transaction: int = 0

    async def ask(self, request: modbus.Request, timeout_s: float) -> Answer:
        """Ask, and wait for the answer. Raises Trouble; the connection is closed then."""
        try:
            if self._streams is None:
                await self._open(timeout_s)
            return await self._exchange(request, timeout_s)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the connection; the next question opens one."""
        streams, self._streams = self._streams, None
        if streams is not None:
            # Aborted: what is still on its way belongs to a question that is over.
            streams[1].transport.abort()

    async def _open(self, timeout_s: float) -> None:
        wait = max(CONNECT_S, timeout_s)
        try:
            async with asyncio.timeout(wait):
                number = await self._number()
                self._streams = await asyncio.open_connection(str(number), self.port)
        except (OSError, TimeoutError) as error:
            raise Trouble("no_connection") from error
        self._codec = modbus.Reader()

    async def _number(self) -> IPv4Address | IPv6Address:
        """What the host's name means now; the connection goes to that very address. Raises Trouble."""
        try:
            number = ip_address(self.host)
        except ValueError:
            try:
                rows = await asyncio.get_running_loop().getaddrinfo(self.host, self.port)
            except (OSError, UnicodeError) as error:
                raise Trouble("host_unknown") from error
            number = ip_address(rows[0][4][0])
        if isinstance(number, IPv6Address) and number.ipv4_mapped is not None:
            number = number.ipv4_mapped
        if not may_connect(self.allowed, self.host, number, self.port):
            raise Trouble("host_not_allowed")
        return number

    async def _exchange(self, request: modbus.Request, timeout_s: float) -> Answer:
        assert self._streams is not None
        reader, writer = self._streams
        # Never the same twice in a row: an answer to an older question cannot pass for this one's.
        self._transaction = self._transaction % 0xFFFF + 1
        begun = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(timeout_s):
                writer.write(modbus.ask(request, self._transaction))
                frame, rest = await self._frame(reader)
        except TimeoutError as error:
            raise _left(self._codec, "no_answer") from error
        except OSError as error:
            raise _left(self._codec, "closed") from error
        round_trip_ms = 1000 * (asyncio.get_running_loop().time() - begun)
        _checked(frame, request, self._transaction)
        if rest:
            self.close()
        return Answer(frame, self.clock(), round_trip_ms, rest)

    async def _frame(self, reader: asyncio.StreamReader) -> tuple[modbus.Frame, bytes]:
        """The first frame that comes, and what came behind it. Raises Trouble for bytes that are none."""
        while True:
            data = await reader.read(PIECE)
            if not data:
                raise _left(self._codec, "closed")
            found = self._codec.feed(data)
            if not found:
                continue
            first = found[0]
            if isinstance(first, BadFrame):
                raise Trouble(first.kind, first.raw)
            behind = found[1:] + self._codec.close()
            return first, b"".join(one.raw for one in behind)


def _checked(frame: modbus.Frame, request: modbus.Request, transaction: int) -> None:
    """Raises Trouble for a frame that is no answer to this very request."""
    if frame.transaction != transaction:
        raise Trouble("wrong_transaction", frame.raw)
    if frame.unit != request.unit:
        raise Trouble("wrong_unit", frame.raw)
    if frame.function & 0x7F != request.function:
        raise Trouble("wrong_function", frame.raw)
    if not modbus.answers(request, frame):
        raise Trouble("bad_length", frame.raw)


def _left(codec: modbus.Reader, kind: str) -> Trouble:
    """What came before nothing more did, else `kind`."""
    held: list[BadFrame | modbus.Frame] = []
    with contextlib.suppress(ValueError):
        held = codec.close()
    for one in held:
        if isinstance(one, BadFrame):
            return Trouble(one.kind, one.raw)
    return Trouble(kind)
