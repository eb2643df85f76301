"""The broker that a demo brings along: amqtt, in the gateway's own process. It keeps nothing on disk.

Devices prove themselves with the key that they have at the HTTP door, publish under their own topic, or under the one
that a mapping gives to their number, and read nothing (S11); only the gateway subscribes.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass, field
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from anlan.gateways.topics import topic_of
from anlan.gateways.vendors.taking import Vendors
from anlan.kernel.sensing.door.directory import Directory

log = logging.getLogger("anlan.mqtt")


class DevicesOnly(BaseAuthPlugin, BaseTopicPlugin):
    """Who may connect, and what each may publish and read."""

    @dataclass
    class Config:
        """What the plugin is given: the devices, and name and password of the gateway."""

        directory: Any = None
        vendors: Vendors | None = None
        user: str = ""
        password: str = ""

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self.given: DevicesOnly.Config = context.config  # type: ignore[assignment]

    async def authenticate(self, *, session: Session) -> bool:
        """A device with its key, or the gateway."""
        user, password = session.username or "", session.password or ""
        if user == self.given.user:
            return bool(password == self.given.password)
        return self.given.directory.sender(f"Bearer {user}:{password}") is not None

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """A device publishes under a topic of its own; the gateway reads those of all."""
        user = (session.username if session else "") or ""
        if action == Action.PUBLISH:
            return user in self.given.directory.known and (
                topic == topic_of(user) or self._is_mapped(user, topic or "")
            )
        return bool(user == self.given.user)

    def _is_mapped(self, user: str, topic: str) -> bool:
        """Whether a mapping gives a topic to a device."""
        return self.given.vendors is not None and self.given.vendors.table.may_publish(user, topic)


@dataclass(slots=True)
class OwnBroker:
    """A broker at host and port in a thread of its own; `user` and `password` are the gateway's."""

    host: str
    port: int
    directory: Directory
    user: str
    password: str
    vendors: Vendors | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None
    _broker: Broker | None = None

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
            asyncio.run_coroutine_threadsafe(self._broker.shutdown(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        config = {
            "listeners": {"default": {"type": "tcp", "bind": f"{self.host}:{self.port}"}},
            "plugins": {
                "anlan.gateways.broker.DevicesOnly": {
                    "directory": self.directory, "vendors": self.vendors,
                    "user": self.user, "password": self.password,
                }
            },
        }  # fmt: skip
        self._broker = Broker(config)
        await self._broker.start()
