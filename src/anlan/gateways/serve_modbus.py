"""`python -m anlan.server serve_modbus`: the gateway that asks devices by Modbus TCP."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence

from anlan import environment
from anlan.gateways.modbus.gateway import Gateway
from anlan.gateways.modbus.records import ModbusRecords
from anlan.gateways.serve import homes, more_files
from anlan.kernel.sensing.door.directory import Away, Directory
from anlan.kernel.sensing.store import open_store

log = logging.getLogger("anlan.modbus")

#: Hosts for which the system is asked for room.
HOSTS = 2_000


def main(_arguments: Sequence[str]) -> int:
    """Ask until SIGTERM. Exit code 2 when no host may be asked, 1 when the records cannot be read."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("anlan").setLevel(logging.INFO)
    allowed = environment.words("ANLAN_MODBUS_HOSTS")
    if not allowed:
        log.error("ANLAN_MODBUS_HOSTS names no host that may be asked")
        return 2
    more_files(HOSTS)
    readings, records = homes()
    directory = Directory(ModbusRecords(records))
    gateway = Gateway(open_store(readings), directory, ModbusRecords(records), allowed)
    try:
        directory.refresh()
        asyncio.run(_run(gateway))
    except Away as error:
        log.error("maps cannot be read: %s", error)
        return 1
    return 0


async def _run(gateway: Gateway) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ending = gateway.directory.keep_fresh()
    try:
        await gateway.run(stop)
    finally:
        ending()
