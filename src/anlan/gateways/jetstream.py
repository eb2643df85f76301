"""The gateway to NATS JetStream: publishes signed messages to their subjects, and reads those of our sources.

Messages are published under the id `subscription:number`, so that a repetition is dropped by the stream, and count as
arrived once the stream has stored them. What comes in is laid down in the records before the stream is told, and
verified by the product after. A gap is asked for again on `anlan.again.<code>`; whoever hears its own code there
publishes anew what came after the named number. Nothing said there is believed beyond that: lines are signed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import Error as StreamError
from nats.js.errors import NotFoundError

from anlan.gateways.exchange_records import ExchangeRecords, Listened, Ready
from anlan.kernel.sensing.door.directory import Away

log = logging.getLogger("anlan.nats")

STREAM, SUBJECTS, AGAIN = "ANLAN_EXCHANGE", "anlan.exchange.>", "anlan.again"
#: Seconds that the stream keeps messages: as long as the shipped rulebook keeps ours.
KEPT_S = 30 * 86_400
#: Seconds between looks for something to publish, for changed sources and for gaps; messages of one look.
LOOK_S, SOURCES_S, MOST = 0.5, 5.0, 50
#: Seconds between attempts to reach the server, and between answers to one subscriber that asks again.
CALL_S, AGAIN_S = 2.0, 10.0
#: Seconds after which a question for messages counts as lost, and is asked anew.
FETCH_S = 5.0
#: Seconds until a gap is asked for once more, as nobody may have heard; twice as long each time, and at most.
REPEAT_S, REPEAT_MOST_S = 12.0, 600.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Address:
    """A server and who we are to it. `ca`: file of certificates that are trusted, "" for those of the system."""

    url: str
    user: str = ""
    password: str = ""
    tls: bool = False
    ca: str = ""
    client_id: str = "anlan"


@dataclass(frozen=True, slots=True)
class Asked:
    """A gap that was passed on: for which asking of the product, when (monotonic seconds), when the next time."""

    asking: object
    at: float
    wait: float = REPEAT_S

    def again(self, asking: object, now: float) -> Asked | None:
        """What is to be noted when it is due once more; None before."""
        if asking != self.asking:
            return Asked(asking, now)
        return Asked(asking, now, min(2 * self.wait, REPEAT_MOST_S)) if now - self.at >= self.wait else None


@dataclass(slots=True)
class Gateway:
    """Between one server and the records. `run` works until `stop` is set, however often the server goes away."""

    address: Address
    records: ExchangeRecords
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _client: Client = field(default_factory=Client)
    _hands: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "records"))
    _rounds: dict[str, int] = field(default_factory=dict)  # code → when it last asked again, seconds
    _asked: dict[int, Asked] = field(default_factory=dict)  # gap → how it was passed on

    async def run(self, stop: asyncio.Event) -> None:
        """Connect, publish, listen; ends after what is being written is written."""
        try:
            if await self._connect(stop):
                stream = self._client.jetstream()
                await self._stream(stream, stop)
                await self._client.subscribe(f"{AGAIN}.*", cb=self._heard)
                await asyncio.gather(
                    self._every(LOOK_S, stop, partial(self._publish, stream)),
                    self._every(SOURCES_S, stop, self._ask_again),
                    self._listen(stream, stop),
                )
        finally:
            await self._client.close()
            await self._do(self.records.close)
            self._hands.shutdown()

    async def _do(self, work: Callable[..., T], *args: Any) -> T:
        """A question to the records, in the one thread that has their connection."""
        return await asyncio.get_running_loop().run_in_executor(self._hands, partial(work, *args))

    async def _every(self, span: float, stop: asyncio.Event, work: Callable[[], Awaitable[Any]]) -> None:
        """Call `work` again and again; what fails is logged once and tried at the next turn."""
        failing = ""
        while not stop.is_set():
            try:
                await work()
                failing = ""
            except (NatsError, StreamError, Away, OSError) as error:
                if failing != type(error).__name__:
                    log.warning("%s: %s; trying again", type(error).__name__, error)
                failing = type(error).__name__
            await _wait(stop, span)

    async def _connect(self, stop: asyncio.Event) -> bool:
        where = self.address
        tls = ssl.create_default_context(cafile=where.ca or None) if where.tls else None
        while not stop.is_set():
            try:
                await self._client.connect(
                    where.url, user=where.user or None, password=where.password or None, tls=tls, name=where.client_id,
                    max_reconnect_attempts=-1, reconnect_time_wait=CALL_S, error_cb=_noted, allow_reconnect=True,
                )  # fmt: skip
                log.info("connected to %s", where.url)
                return True
            except (NatsError, OSError) as error:
                log.warning("%s cannot be reached (%s); trying again", where.url, error or type(error).__name__)
                await _wait(stop, CALL_S)
        return False

    async def _stream(self, stream: JetStreamContext, stop: asyncio.Event) -> None:
        """The stream that keeps messages, made when nobody has yet."""
        while not stop.is_set():
            try:
                await stream.stream_info(STREAM)
                return
            except NotFoundError:
                await stream.add_stream(StreamConfig(name=STREAM, subjects=[SUBJECTS], max_age=KEPT_S))
            except (NatsError, StreamError) as error:
                log.warning("the stream %s cannot be asked for (%s); trying again", STREAM, error)
                await _wait(stop, CALL_S)

    # -- out ----------------------------------------------------------------------------------------------------------
    async def _publish(self, stream: JetStreamContext) -> None:
        """Publish what is ready; a subscription that fails does not hold up the others."""
        while ready := await self._do(self.records.ready, self.clock().date(), MOST):
            failed: set[int] = set()
            for message in ready:
                if message.subscription in failed:
                    continue
                try:
                    await stream.publish(message.subject, message.line.encode("ascii"), headers=self._headers(message))
                except (NatsError, StreamError) as error:
                    failed.add(message.subscription)
                    await self._do(self.records.failed, message.subscription, f"nats: {error or type(error).__name__}")
                else:
                    await self._do(self.records.arrived, message.subscription, message.seq, self.clock())
            if failed:
                return

    def _headers(self, message: Ready) -> dict[str, str]:
        asked = self._rounds.get(message.code)
        return {"Nats-Msg-Id": f"{message.code}:{message.seq}" + (f":{asked}" if asked else "")}

    async def _heard(self, message: Any) -> None:
        """A subscriber misses something: publish it anew, under another id, since the stream may know the first."""
        code = message.subject.rpartition(".")[2]
        try:
            after = json.loads(message.data)["after"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        now = round(time.monotonic())
        if not isinstance(after, int) or not 0 <= after < 2**62 or now - self._rounds.get(code, -86_400) < AGAIN_S:
            return
        before = self._rounds.get(code)
        self._rounds[code] = now  # before the records say it: what goes out from then on has another id
        try:
            await self._do(self.records.again, code, after)
        except Away as error:
            log.warning("%s asks again, and the records cannot be written: %s", code, error)
            self._rounds[code] = before if before is not None else now - round(AGAIN_S)

    # -- in -----------------------------------------------------------------------------------------------------------
    async def _listen(self, stream: JetStreamContext, stop: asyncio.Event) -> None:
        """One reader for each source; sources are looked at again every few seconds."""
        readers: dict[Listened, asyncio.Task[None]] = {}
        try:
            while not stop.is_set():
                try:
                    wanted = set(await self._do(self.records.sources))
                except Away as error:
                    log.warning("sources cannot be read: %s", error)
                    wanted = set(readers)
                for source in [one for one, task in readers.items() if one not in wanted or task.done()]:
                    readers.pop(source).cancel()
                for source in wanted - set(readers):
                    readers[source] = asyncio.create_task(self._read(stream, source, stop))
                await _wait(stop, SOURCES_S)
        finally:
            for task in readers.values():
                task.cancel()
            await asyncio.gather(*readers.values(), return_exceptions=True)

    async def _read(self, stream: JetStreamContext, source: Listened, stop: asyncio.Event) -> None:
        durable = f"{self.address.client_id}-{source.pk}"
        while not stop.is_set():
            try:
                reader = await stream.pull_subscribe(source.subject, durable=durable, stream=STREAM)
                while not stop.is_set():
                    try:
                        # The library's own limit does not hold where an answer is lost on a busy machine.
                        came = await asyncio.wait_for(reader.fetch(MOST, timeout=1), FETCH_S)
                    except TimeoutError:  # the library's own, and that of `wait_for`
                        continue
                    lines = [message.data.decode("ascii", "replace") for message in came]
                    await self._do(self.records.lay_down, source.pk, lines, self.clock())
                    for message in came:  # only now may the stream forget that we had to have it
                        await message.ack()
            except (NatsError, StreamError, Away, OSError) as error:
                log.warning("%s cannot be read (%s); trying again", source.subject, error or type(error).__name__)
                await _wait(stop, CALL_S)
            except Exception:
                # A reader that ended would leave its source silent for good.
                log.exception("%s cannot be read; trying again", source.subject)
                await _wait(stop, CALL_S)

    async def _ask_again(self) -> None:
        """Pass on each gap that the product found, until it is closed: who should hear may be away or too busy."""
        wanted = await self._do(self.records.wanted)
        self._asked = {gap: self._asked[gap] for gap, *_rest in wanted if gap in self._asked}
        for gap, sub, last, asking in wanted:
            now, before = time.monotonic(), self._asked.get(gap)
            noted = before.again(asking, now) if before else Asked(asking, now)
            if noted is not None:
                await self._client.publish(f"{AGAIN}.{sub}", json.dumps({"after": last}).encode())
                self._asked[gap] = noted


async def _noted(error: Exception) -> None:
    log.warning("the server says: %s", error or type(error).__name__)


async def _wait(stop: asyncio.Event, span: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), span)
    except TimeoutError:
        return
