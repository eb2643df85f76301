"""`python -m anlan.server serve_tcp`: the gateway for devices that speak HJ 212, SL 651 or JT/T 808 over TCP."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence

from anlan import environment
from anlan.gateways.serve import homes, more_files
from anlan.gateways.tcp.connection import Bounds
from anlan.gateways.tcp.gateway import Gateway
from anlan.gateways.tcp.records import LinkRecords
from anlan.kernel.sensing.door import links
from anlan.kernel.sensing.door.directory import Away, Directory
from anlan.kernel.sensing.store import open_store

log = logging.getLogger("anlan.tcp")

#: Where the port of each protocol is set.
PORTS = {
    links.HJ212: "ANLAN_TCP_HJ212_PORT",
    links.SL651: "ANLAN_TCP_SL651_PORT",
    links.JT808: "ANLAN_TCP_JT808_PORT",
}


def main(_arguments: Sequence[str]) -> int:
    """Take frames until SIGTERM. Exit code 2 when a setting is wrong, 1 when records or a port cannot be had."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("anlan").setLevel(logging.INFO)
    try:
        ports = {protocol: environment.open_port(name) for protocol, name in PORTS.items()}
        per_address = environment.count("ANLAN_TCP_PER_ADDRESS")
    except environment.BadSetting as error:
        log.error("%s", error)
        return 2
    ports = {protocol: port for protocol, port in ports.items() if port}
    if not ports:
        log.error("no port is set: %s", ", ".join(PORTS.values()))
        return 2
    more_files(Bounds().connections)
    readings, records = homes()
    bounds = Bounds(per_address=per_address)
    directory = Directory(LinkRecords(records))
    gateway = Gateway(open_store(readings), directory, LinkRecords(records), bounds)
    try:
        directory.refresh()
        asyncio.run(_run(gateway, environment.text("ANLAN_TCP_HOST"), ports))
    except (Away, OSError) as error:
        log.error("cannot take frames: %s", error)
        return 1
    return 0


async def _run(gateway: Gateway, host: str, ports: dict[str, int]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ending = gateway.directory.keep_fresh()
    try:
        await gateway.run(host, ports, stop)
    finally:
        ending()
