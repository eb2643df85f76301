"""`python -m anlan.server serve_sensorthings`: tells a broker of others what is new, in a process of its own, so that
whoever takes readings is never held up by it.

Who may read a topic is decided by that broker; what it must be told is in docs/how-to/use-sensorthings.md.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from anlan import environment
from anlan.gateways.mqtt import FIRST_CALL_S, KEEPALIVE_S, LONGEST_CALL_S, Address
from anlan.gateways.sensorthings.records import EntityRecords
from anlan.gateways.sensorthings.telling import Teller, Told
from anlan.gateways.serve import given_address, homes
from anlan.kernel.sensing.store import open_store

log = logging.getLogger("anlan.sensorthings")

#: Messages on their way to the broker; while there are more, the log is not read on.
MOST_WAITING = 2_000
#: How far this process stands back behind the others, of 19.
NICE = 10


@dataclass(slots=True)
class Publisher:
    """A client of the broker that only publishes, with quality of service 0: what is not told can be asked for."""

    address: Address
    most: int = MOST_WAITING
    _client: paho.Client = field(init=False)
    _here: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        where = self.address
        client = paho.Client(CallbackAPIVersion.VERSION2, f"{where.client_id}-sta", protocol=paho.MQTTv311)
        client.reconnect_delay_set(FIRST_CALL_S, LONGEST_CALL_S)
        if where.user:
            client.username_pw_set(where.user, where.password)
        if where.tls:
            client.tls_set(ca_certs=where.ca or None)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        self._client = client

    def start(self) -> None:
        """Begin to connect, again and again until it succeeds."""
        self._client.connect_async(self.address.host, self.address.port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Leave."""
        self._stopping.set()
        self._here.set()
        self._client.disconnect()
        self._client.loop_stop()

    def tell(self, messages: Sequence[Told]) -> None:
        """Publish; waits while the broker is away or slow."""
        infos: list[paho.MQTTMessageInfo] = []
        for one in messages:
            self._here.wait()
            if self._stopping.is_set():
                return
            infos.append(self._client.publish(one.topic, one.body, qos=0))
            if len(infos) >= self.most:
                self._sent(infos)
                infos = []
        self._sent(infos)

    def _sent(self, infos: Sequence[paho.MQTTMessageInfo]) -> None:
        """Wait until the last one has gone out, or the connection is lost with what was on its way."""
        while infos and self._here.is_set() and not self._stopping.is_set():
            try:
                infos[-1].wait_for_publish(1.0)
            except (ValueError, RuntimeError):
                return
            if infos[-1].is_published():
                return

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _props: Any) -> None:
        if reason.is_failure:
            log.error("%s:%d refuses us: %s", self.address.host, self.address.port, reason)
            return
        log.info("telling %s:%d", self.address.host, self.address.port)
        self._here.set()

    def _disconnected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _props: Any) -> None:
        if not self._stopping.is_set():
            self._here.clear()
            log.warning("%s:%d is away (%s); connecting again", self.address.host, self.address.port, reason)


def root_address() -> str:
    """Address of the service for links, without a slash at its end."""
    host, port = environment.text("ANLAN_HOST"), environment.port("ANLAN_PORT")
    return f"{environment.origin() or f'http://{host}:{port}'}/sta/v1.1"


def main(arguments: Sequence[str]) -> int:
    """Tell until SIGTERM. Exit code 2 when a setting is wrong or nothing is to be told."""
    argparse.ArgumentParser(prog="serve_sensorthings", description=__doc__).parse_args(list(arguments))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("anlan").setLevel(logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        address, wanted, root = given_address(), "receive" in environment.sta_mqtt(), root_address()
    except environment.BadSetting as error:
        log.error("%s", error)
        return 2
    if address is None or not wanted:
        log.error("ANLAN_MQTT_URL names no broker, or ANLAN_STA_MQTT does not say receive")
        return 2
    readings, records = homes()
    if hasattr(os, "nice"):
        # Whoever takes readings comes first where both want the processor.
        os.nice(NICE)
    with ExitStack() as ending:
        publisher = Publisher(replace(address))
        publisher.start()
        ending.callback(publisher.stop)
        teller = Teller(open_store(readings), EntityRecords(records), root, public=publisher)
        teller.start()
        ending.callback(teller.stop)
        # The publisher first: while the broker is away the teller waits for it.
        ending.callback(publisher.stop)
        stop.wait()
    return 0
