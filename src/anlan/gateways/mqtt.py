"""The MQTT gateway: a client of any broker, which acknowledges a message only after its readings are on disk.

The session is kept by the broker (MQTT 3.1.1, clean session false), so what comes while we are away waits there. Two
threads: paho's reads and writes the connection, ours checks what has come and commits all of it in one transaction
(group commit), then acknowledges each message. While the store refuses, nothing is acknowledged and nothing lost: the
broker sends it again after the next connection, and the batch id makes a repetition harmless.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from anlan.gateways.keeping import keep
from anlan.gateways.sensorthings.creating import batch_of_observation
from anlan.gateways.sensorthings.topics import EVERY_CREATION, creation_of
from anlan.gateways.topics import EVERY_DEVICE, OURS, device_of
from anlan.gateways.vendors.taking import Vendors
from anlan.kernel.sensing.door.bodies import BadBody
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.door.taking import batch_of, set_aside_of
from anlan.kernel.sensing.store import LIVE, NewBatch, Store

log = logging.getLogger("anlan.mqtt")

#: Bytes of messages that may wait for the disk; beyond it the connection is not read (K7).
WAITING_LIMIT = 64 << 20
#: Messages of one transaction.
MOST = 2_000
#: A message that the store cannot take for a reason of its own is tried so often, then put aside (K6).
TRIES = 3
#: Seconds between attempts to reach the broker: the first, and the longest. Seconds of silence before a ping.
FIRST_CALL_S, LONGEST_CALL_S, KEEPALIVE_S = 1, 30, 30
#: Sender of what cannot be laid at a device's door.
NOBODY = "mqtt"
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Address:
    """A broker and who we are to it. `ca`: file of certificates that are trusted, "" for those of the system."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: bool = False
    ca: str = ""
    client_id: str = "anlan"


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came; `connection` numbers the connections, because a number `mid` belongs to one of them."""

    connection: int
    mid: int
    qos: int
    topic: str
    body: bytes


@dataclass(slots=True)
class Gateway:
    """Between one broker and one store. `start` returns at once; `stop` ends after what was taken is committed.

    observations  take observations of SensorThings too
    """

    address: Address
    store: Store
    directory: Directory
    waiting_limit: int = WAITING_LIMIT
    observations: bool = False
    #: Mappings of vendors' messages; None: only messages of our own form are taken.
    vendors: Vendors | None = None
    #: Told of each subscription that the broker has confirmed; for those who must wait until messages come through.
    on_ready: Callable[[], Any] = lambda: None
    _client: paho.Client = field(init=False)
    _connection: int = 0
    _waiting: deque[Message] = field(default_factory=deque)
    _bytes: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _worker: threading.Thread = field(init=False)
    #: Topics of mappings that were asked for, and by the number of the request those not answered yet.
    _followed: frozenset[str] = frozenset()
    _asked: dict[int, str] = field(default_factory=dict)
    _following: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        where = self.address
        client = paho.Client(
            CallbackAPIVersion.VERSION2, where.client_id, clean_session=False, manual_ack=True, protocol=paho.MQTTv311
        )
        client.reconnect_delay_set(FIRST_CALL_S, LONGEST_CALL_S)
        if where.user:
            client.username_pw_set(where.user, where.password)
        if where.tls:
            client.tls_set(ca_certs=where.ca or None)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_message, client.on_subscribe = self._came, self._subscribed
        self._client = client
        self._worker = threading.Thread(target=self._work, name="commit", daemon=True)

    def start(self) -> None:
        """Begin to connect, again and again until it succeeds, and to take what comes."""
        self._worker.start()
        self._client.connect_async(self.address.host, self.address.port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Commit and acknowledge what is being written, then leave; the rest stays with the broker."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        self._worker.join()
        self._client.disconnect()
        self._client.loop_stop()

    # -- paho's thread ------------------------------------------------------------------------------------------------

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any) -> None:
        if reason.is_failure:
            log.error("%s:%d refuses us: %s", self.address.host, self.address.port, reason)
            return
        self._connection += 1
        log.info("connected to %s:%d", self.address.host, self.address.port)
        client.subscribe([(topic, 1) for topic in self._topics])
        with self._following:
            self._followed = frozenset()
            self._asked.clear()
        self.follow()

    @property
    def _topics(self) -> tuple[str, ...]:
        return (EVERY_DEVICE, EVERY_CREATION) if self.observations else (EVERY_DEVICE,)

    def follow(self) -> None:
        """Ask the broker for the topics of the mappings of now, and for no others; called by the thread that reads
        the mappings too."""
        if self.vendors is None or not self._client.is_connected():
            return
        table = self.vendors.table
        with self._following:
            # A broker keeps what an earlier process asked for, so what has ended is given up each time.
            gone = (self._followed - table.filters) | table.ended
            new = table.filters - self._followed
            self._followed = table.filters
            for one in sorted(new):
                _result, mid = self._client.subscribe(one, qos=1)
                if mid is not None:
                    self._asked[mid] = one
        for one in sorted(gone):
            self._client.unsubscribe(one)
        if new:
            log.info("messages are mapped under %s", ", ".join(sorted(new)))

    def _subscribed(self, _client: paho.Client, _data: Any, mid: int, reasons: list[ReasonCode], _props: Any) -> None:
        topic = self._asked.pop(mid, " and ".join(self._topics))
        if any(reason.is_failure for reason in reasons):
            log.error("the broker does not let us subscribe to %s", topic)
            return
        self.on_ready()

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _props: Any) -> None:
        if not self._stopping.is_set():
            log.warning("%s:%d is away (%s); connecting again", self.address.host, self.address.port, reason)

    def _came(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        with self._changed:
            # Not to read is what slows the broker down; after a long time it takes us for dead and keeps the rest.
            while self._bytes > self.waiting_limit and not self._stopping.is_set():
                self._changed.wait(1.0)
            if self._stopping.is_set():
                return
            self._waiting.append(
                Message(self._connection, message.mid, message.qos, message.topic, message.payload)  # type: ignore[arg-type]
            )
            self._bytes += len(message.payload)
            self._changed.notify_all()

    # -- our thread ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while taken := self._next():
                self._take(taken)
                with self._changed:
                    self._bytes -= sum(len(message.body) for message in taken)
                    self._changed.notify_all()
        finally:
            self.store.close()

    def _next(self) -> list[Message]:
        """Everything that waits, at most `MOST`; nothing at the end."""
        with self._changed:
            while not self._waiting and not self._stopping.is_set():
                self._changed.wait()
            if self._stopping.is_set():
                return []
            return [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]

    def _take(self, messages: Sequence[Message]) -> None:
        """Check, commit, acknowledge; returns without acknowledging when we are to stop first."""
        batches = [self._batches(message) for message in messages]
        try:
            committed = self._keep([one for some in batches for one in some])
        except Exception:
            log.exception("%d messages cannot be committed together; trying one by one", len(messages))
            for message, some in zip(messages, batches, strict=True):
                if self._alone(message, some):
                    self._acknowledge([message])
            return
        if committed:
            self._acknowledge(messages)

    def _keep(self, batches: Sequence[NewBatch]) -> bool:
        """Commit; a message of which nothing is kept beyond its count needs no transaction."""
        return keep(self.store, batches, self._stopping) if batches else True

    def _batches(self, message: Message) -> list[NewBatch]:
        """What is to be committed for a message, under a topic of ours or of a mapping."""
        if self.vendors is None or message.topic.startswith(OURS):
            return [self._batch(message)]
        now_ms = self.store.clock()
        try:
            # Delivered again after a break, a message keeps its number.
            return self.vendors.batches(message.topic, message.body, f"{message.mid}-{now_ms // HOUR_MS}", now_ms)
        except Exception as error:
            log.exception("a message under %s cannot be mapped", message.topic[:120])
            return [self._poison(message, error)]

    def _batch(self, message: Message) -> NewBatch:
        """What is to be committed for a message: its readings, or the beginning of it for a person to look at."""
        creation = creation_of(message.topic) if self.observations else None
        device = creation.device if creation is not None else device_of(message.topic)
        sender = self.directory.named(device)
        if sender is None:
            # Only the broker lets devices in, so a name that we do not know is somebody's mistake there.
            why = "A device publishes under anlan/v1/<its code>/…, and there is no such device or no such topic."
            return set_aside_of(message.body, NOBODY, LIVE, BadBody(401, "topic", "unknown_device", why), device)
        try:
            if creation is not None:
                return batch_of_observation(message.body, creation, sender, self.store.clock())
            batch, checked = batch_of(message.body, sender, self.store.clock())
        except BadBody as error:
            return set_aside_of(message.body, sender.code, sender.lane, error)
        except Exception as error:
            log.exception("a message of %s cannot be read", device)
            return self._poison(message, error)
        if checked.battery is not None:
            self.directory.note_battery(sender.code, checked.battery)
        return batch

    def _alone(self, message: Message, batches: Sequence[NewBatch]) -> bool:
        """Commit one message by itself; one that fails for a reason of its own is put aside after `TRIES` (K6)."""
        for last in [False] * (TRIES - 1) + [True]:
            try:
                return self._keep(batches)
            except Exception as error:
                if last:
                    log.exception("a message under %s is put aside", message.topic[:120])
                    return keep(self.store, [self._poison(message, error)], self._stopping)
        return False

    def _poison(self, message: Message, error: Exception) -> NewBatch:
        why = f"This message cannot be taken in: {type(error).__name__}."
        creation = creation_of(message.topic)
        known = self.directory.named(creation.device if creation is not None else device_of(message.topic))
        code = known.code if known else NOBODY
        return set_aside_of(message.body, code, LIVE, BadBody(500, "body", "poison", why))

    def _acknowledge(self, messages: Sequence[Message]) -> None:
        for message in messages:
            # A number of an earlier connection means another message now; the broker sends that one again.
            if message.qos and message.connection == self._connection:
                self._client.ack(message.mid, message.qos)
