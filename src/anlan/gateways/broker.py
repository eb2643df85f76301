"""The broker that an installation brings along: amqtt, in the gateway's own process. It keeps nothing on disk.

Devices prove themselves with the key that they have at the HTTP door, publish under their own topics, or under the one
that a mapping gives to their number, and read nothing (S11); the gateway takes what they publish, and a device is
acknowledged only after the gateway has committed it (R4). Where SensorThings may be received, whoever has an API token
subscribes to its topics and publishes nothing; a message is delivered to one subscriber by what that one sees, never by
its topic alone.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext
from amqtt.errors import AMQTTError
from amqtt.mqtt.constants import QOS_1
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.mqtt.puback import PubackPacket
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import INCOMING, Session

from anlan.gateways.sensorthings.rights import Reach, RightsRecords, is_key
from anlan.gateways.sensorthings.telling import Listener, Told
from anlan.gateways.sensorthings.topics import Wish, is_creation, under_device, wish_of
from anlan.gateways.topics import topic_of
from anlan.gateways.vendors.taking import Vendors
from anlan.kernel.sensing.door.directory import Away, Directory

log = logging.getLogger("anlan.mqtt")

#: Messages that may wait for one subscriber; one that is slower is disconnected, so that it knows of it.
MOST_WAITING = 5_000
#: Topics of one subscriber, and seconds after which its right is looked up again.
MOST_WISHES, RIGHT_EVERY_S = 1_000, 2.0


@dataclass(slots=True)
class Desk:
    """What the broker knows of those who connect: who they have proved to be, and what they may.

    create   devices may publish observations of SensorThings
    rights   where API tokens are looked up; None where nobody may receive
    vendors  mappings that give topics to devices; None where there are none
    proved   client id → name of the device or of the gateway, as the connection at hand has proved it
    keys     client id → API token of a subscriber; reaches: token → what it sees, None once it sees nothing
    """

    directory: Directory
    user: str
    password: str
    create: bool = False
    rights: RightsRecords | None = None
    vendors: Vendors | None = None
    proved: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    reaches: dict[str, Reach | None] = field(default_factory=dict)
    #: One thread, so that tokens are looked up beside the connections and never in their way.
    looking: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "rights"))

    async def look(self, key: str) -> Reach | None:
        """What a token sees now; nothing where it cannot be found out."""
        if self.rights is None:
            return None
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self.looking, self.rights.reach_of, key, datetime.now(UTC))
        except Away as error:
            log.error("rights cannot be looked up, nobody new receives: %s", error)
            found = None
        self.reaches[key] = found
        return found

    async def prove(self, client: str, user: str, password: str) -> bool:
        """Whether a connection is let in; what it was before counts no more, whatever comes out."""
        self.proved.pop(client, None)
        self.keys.pop(client, None)
        if user == self.user:
            known = hmac.compare_digest(password.encode(), self.password.encode())
        elif is_key(password):
            # A token never proves a device, whatever name it comes with.
            if await self.look(password) is None:
                return False
            self.keys[client] = password
            return True
        else:
            known = self.directory.sender(f"Bearer {user}:{password}") is not None
        if known:
            self.proved[client] = user
        return known

    def may_publish(self, client: str, topic: str) -> bool:
        """Whether a device publishes under a topic of its own, of SensorThings, or of a mapping for its number."""
        return self.target(client, topic) is not None

    def target(self, client: str, topic: str) -> str | None:
        """The topic under which the gateway gets what is published, None for one that the sender may not use."""
        user = self.proved.get(client, "")
        if user not in self.directory.known:
            return None
        if self.create and is_creation(topic):
            return under_device(user, topic)
        mapped = self.vendors is not None and self.vendors.table.may_publish(user, topic)
        return topic if mapped or topic == topic_of(user) else None

    def may_subscribe(self, client: str, topic: str) -> bool:
        """The gateway reads what devices publish, under topics of mappings too; a subscriber asks for what it might
        see."""
        if self.proved.get(client) == self.user:
            return True
        return self.reaches.get(self.keys.get(client, "")) is not None and wish_of(topic) is not None


class DevicesOnly(BaseAuthPlugin, BaseTopicPlugin):
    """Who may connect, and what each may publish and read."""

    @dataclass
    class Config:
        """What the plugin is given."""

        desk: Any = None

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self.desk: Desk = context.config.desk  # type: ignore[union-attr]

    async def authenticate(self, *, session: Session) -> bool:
        """A device with its key, a subscriber with its token, or the gateway."""
        return await self.desk.prove(str(session.client_id), session.username or "", session.password or "")

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """A device publishes under its own topics; only the gateway is sent what others publish."""
        client = str(session.client_id) if session else ""
        if action == Action.PUBLISH:
            return self.desk.may_publish(client, topic or "")
        if action == Action.RECEIVE:
            return self.desk.proved.get(client) == self.desk.user
        return self.desk.may_subscribe(client, topic or "")


class _Connection(BrokerProtocolHandler):
    """A connection whose messages are acknowledged after they are committed."""

    broker: _OwnBroker

    async def _handle_qos1_message_flow(self, app_message: Any) -> None:
        if app_message.direction != INCOMING:
            await super()._handle_qos1_message_flow(app_message)
            return
        session = self.session
        if session is None:
            return
        try:
            await self.broker.hand_over(session, app_message.topic, app_message.data)
        except (AMQTTError, TimeoutError):
            # Not acknowledged: a device that keeps to MQTT sends it again after it has connected again.
            log.warning("a message under %s is not committed; its sender has to send it again", app_message.topic[:120])
            await self.handle_connection_closed()
            return
        await self._send_packet(PubackPacket.build(app_message.packet_id))


class _OwnBroker(Broker):
    """amqtt with our connections; whoever publishes is looked up, for a last will too, and nothing is retained."""

    def __init__(self, config: Mapping[str, Any], desk: Desk) -> None:
        super().__init__(dict(config))
        self.desk = desk

    async def _initialize_client_session(self, *given: Any) -> Any:
        handler, session = await super()._initialize_client_session(*given)
        # amqtt makes the handler in a class method of its own; a subclass without state may take its place.
        handler.__class__ = _Connection
        handler.broker = self
        return handler, session

    async def _delete_session(self, client_id: str) -> None:
        """Forget a session; a connection that still has it ends (MQTT 3.1.1, 3.1.4-2), which amqtt leaves open.

        It would be judged from then on as whoever connects under its client id.
        """
        held = self._sessions.get(client_id)
        await super()._delete_session(client_id)
        if held is not None:
            await held[1].handle_connection_closed()
            await held[1].stop()

    async def _handle_client_session(self, *given: Any) -> None:
        _reader, _writer, session, handler, *_rest = given
        try:
            await super()._handle_client_session(*given)
        finally:
            client = str(session.client_id)
            if self._sessions.get(client, (None, None))[1] is handler:
                self.desk.proved.pop(client, None)

    async def hand_over(self, session: Session, topic: str, data: bytes | bytearray) -> None:
        """Bring a message to the gateway; returns once that has committed it, or at once for one that nobody may send.

        Raises TimeoutError or AMQTTError when it is not taken.
        """
        if str(session.client_id) not in self.desk.proved:
            raise AMQTTError("nobody has proved this connection")
        target = self._target(session, topic)
        if target is None:
            return
        found = next((one for client, one in self._sessions.items() if self._is_gateway(client)), None)
        if found is None or found[0].transitions.state != "connected":
            raise AMQTTError("the gateway is away")
        await found[1].mqtt_publish(target, data, QOS_1, retain=False)

    def _is_gateway(self, client: str) -> bool:
        return self.desk.proved.get(client) == self.desk.user

    def _target(self, session: Session, topic: str) -> str | None:
        """The topic under which the gateway gets it, None for one that this sender may not use."""
        return self.desk.target(str(session.client_id), topic)

    async def _broadcast_message(
        self, session: Session | None, topic: str | None, data: bytes | bytearray | None, force_qos: int | None = None
    ) -> None:
        target = self._target(session, topic or "") if session is not None else None
        if target is not None:
            await super()._broadcast_message(session, target, data, force_qos)

    async def retain_message(self, *_given: Any) -> None:
        """Nothing is retained: what a device sent would go to those who subscribe later."""


@dataclass(slots=True)
class OwnBroker:
    """A broker at host and port in a thread of its own; `user` and `password` are the gateway's.

    create   devices may publish observations of SensorThings
    rights   where API tokens are looked up, for those who subscribe; None: nobody does
    """

    host: str
    port: int
    directory: Directory
    user: str
    password: str
    create: bool = False
    rights: RightsRecords | None = None
    vendors: Vendors | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None
    _broker: _OwnBroker | None = None
    _desk: Desk = field(init=False)
    _queues: dict[str, tuple[Any, asyncio.Queue[tuple[str, bytes, int]], asyncio.Task[None]]] = field(
        default_factory=dict
    )
    _looked: float = 0.0

    def __post_init__(self) -> None:
        self._desk = Desk(self.directory, self.user, self.password, self.create, self.rights, self.vendors)

    def start(self) -> None:
        """Listen; returns once devices may connect. Raises OSError or amqtt's BrokerError when the port is taken."""
        logging.getLogger("amqtt").setLevel(logging.ERROR)
        logging.getLogger("transitions").setLevel(logging.WARNING)
        self._thread = threading.Thread(target=self._loop.run_forever, name="broker", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        log.info("devices may publish at mqtt://%s:%d", self.host, self.port)

    def stop(self) -> None:
        """Close every connection and end."""
        if self._broker is not None:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(10)
        self._loop.close()
        self._desk.looking.shutdown(wait=False)

    async def _start(self) -> None:
        config = {
            "listeners": {"default": {"type": "tcp", "bind": f"{self.host}:{self.port}"}},
            "plugins": {"anlan.gateways.broker.DevicesOnly": {"desk": self._desk}},
        }
        self._broker = _OwnBroker(config, self._desk)
        await self._broker.start()

    async def _end(self) -> None:
        for _handler, _queue, task in self._queues.values():
            task.cancel()
        assert self._broker is not None
        await self._broker.shutdown()

    # -- those who receive, from the thread that tells ----------------------------------------------------------------

    def listeners(self) -> Sequence[Listener]:
        """Who is connected with a token that sees something, and what each asks for."""
        return asyncio.run_coroutine_threadsafe(self._listeners(), self._loop).result(30)

    def tell(self, messages: Sequence[Told]) -> None:
        """Put messages into the queues of their subscribers."""
        asyncio.run_coroutine_threadsafe(self._put(messages), self._loop).result(60)

    async def _listeners(self) -> Sequence[Listener]:
        broker, desk = self._broker, self._desk
        assert broker is not None
        if self._loop.time() - self._looked >= RIGHT_EVERY_S:
            self._looked = self._loop.time()
            desk.reaches = {key: reach for key, reach in desk.reaches.items() if key in desk.keys.values()}
            for key in list(desk.reaches):
                await desk.look(key)
        wishes: dict[str, dict[str, Wish]] = {}
        for topic, asking in broker.subscriptions.items():
            wish = wish_of(topic)
            for session, _qos in asking if wish is not None else ():
                mine = wishes.setdefault(str(session.client_id), {})
                if wish is not None and len(mine) < MOST_WISHES:
                    mine[topic] = wish
        found = []
        for client, key in list(desk.keys.items()):
            session, handler = broker.sessions.get(client, (None, None))
            if session is None or session.transitions.state != "connected":
                self._forget(client)
                continue
            reach = desk.reaches.get(key)
            if reach is None:
                await self._close(client, handler, "its right has ended")
            elif client in wishes:
                found.append(Listener(client, reach, wishes[client]))
        return found

    async def _put(self, messages: Sequence[Told]) -> None:
        broker = self._broker
        assert broker is not None
        full = set()
        for one in messages:
            session, handler = broker.sessions.get(one.key, (None, None))
            if session is None or handler is None or one.key in full or session.transitions.state != "connected":
                continue
            qos = next((qos for who, qos in broker.subscriptions.get(one.topic, ()) if who is session), None)
            if qos is None:
                continue
            try:
                self._queue_of(one.key, handler).put_nowait((one.topic, one.body, min(qos, QOS_1)))
            except asyncio.QueueFull:
                full.add(one.key)
        for client in full:
            await self._close(client, broker.sessions[client][1], f"more than {MOST_WAITING} messages wait for it")

    def _queue_of(self, client: str, handler: Any) -> asyncio.Queue[tuple[str, bytes, int]]:
        """The queue of the connection at hand; what waited for an earlier one is gone with that."""
        held = self._queues.get(client)
        if held is not None and held[0] is handler:
            return held[1]
        self._forget(client)
        queue: asyncio.Queue[tuple[str, bytes, int]] = asyncio.Queue(MOST_WAITING)
        self._queues[client] = (handler, queue, asyncio.ensure_future(self._send(client, handler, queue)))
        return queue

    async def _send(self, client: str, handler: Any, queue: asyncio.Queue[tuple[str, bytes, int]]) -> None:
        while True:
            topic, body, qos = await queue.get()
            try:
                await handler.mqtt_publish(topic, body, qos, retain=False)
            except (AMQTTError, TimeoutError, OSError) as error:
                await self._close(client, handler, f"it takes no message: {error}")
                return

    def _forget(self, client: str) -> None:
        held = self._queues.pop(client, None)
        if held is not None and held[2] is not asyncio.current_task():
            held[2].cancel()

    async def _close(self, client: str, handler: Any, why: str) -> None:
        """End a connection, so that its subscriber knows that something was not told."""
        log.warning("the subscriber %s is disconnected: %s", client[:60], why)
        self._desk.keys.pop(client, None)
        self._forget(client)
        if handler is not None:
            await handler.handle_connection_closed()
