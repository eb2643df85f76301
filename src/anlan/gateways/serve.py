"""`python -m anlan.server serve_mqtt`: the MQTT gateway, and where there is none the broker that it takes from."""

from __future__ import annotations

import argparse
import logging
import resource
import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from anlan import environment
from anlan.gateways.mqtt import Address, Gateway
from anlan.gateways.records import PlainRecords
from anlan.gateways.vendors.records import VendorRecords
from anlan.gateways.vendors.taking import Vendors
from anlan.kernel.sensing.door.directory import Away, Directory
from anlan.kernel.sensing.store import open_store

log = logging.getLogger("anlan.mqtt")

ROOT = Path(__file__).resolve().parents[3]


def main(arguments: Sequence[str]) -> int:
    """Take messages until SIGTERM. Exit code 2 when a setting is wrong, 1 when the records cannot be read."""
    parser = argparse.ArgumentParser(prog="serve_mqtt", description=__doc__)
    parser.add_argument("--own-broker", action="store_true", help="be the broker too, at ANLAN_MQTT_PORT")
    known = parser.parse_args(list(arguments))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("anlan").setLevel(logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        address = given_address()
        own = environment.port("ANLAN_MQTT_PORT")
        sta = environment.sta_mqtt()
    except environment.BadSetting as error:
        log.error("%s", error)
        return 2
    readings, records = homes()
    directory = Directory(PlainRecords(records))
    vendors = Vendors(VendorRecords(records), directory)
    try:
        directory.refresh()
        vendors.refresh()
    except Away as error:
        log.error("devices and mappings cannot be read: %s", error)
        return 1
    with ExitStack() as ending:
        ending.callback(directory.keep_fresh())
        if known.own_broker:
            # Imported here: only who has no broker has use for it, and it is as large as the gateway itself.
            from anlan.gateways.own import start_own

            address = start_own(own, sta, readings, records, vendors, ending)
        elif address is None:
            log.error("ANLAN_MQTT_URL names no broker")
            return 2
        gateway = Gateway(address, open_store(readings), directory, observations="create" in sta, vendors=vendors)
        # Ended after the gateway, so that what it counted last is written.
        ending.callback(vendors.keep_fresh(gateway.follow))
        gateway.start()
        ending.callback(gateway.stop)
        stop.wait()
    return 0


def given_address() -> Address | None:
    """The broker of ANLAN_MQTT_URL, None when it is empty. Raises BadSetting."""
    url = environment.broker()
    if url is None:
        return None
    tls = url.scheme == "mqtts"
    address = Address(url.hostname or "", url.port or (8883 if tls else 1883), tls=tls)
    return replace(
        address,
        user=environment.unquoted(url.username),
        password=environment.unquoted(url.password),
        ca=environment.text("ANLAN_MQTT_CA"),
        client_id=environment.text("ANLAN_MQTT_CLIENT_ID"),
    )


def homes() -> tuple[str, str]:
    """Addresses of the reading store and of the records, as the settings of the server have them too."""
    given = environment.text("ANLAN_DATABASE_URL")
    if given.startswith(("postgres://", "postgresql://")):
        return given, given
    data = environment.data_directory(ROOT)
    return f"sqlite://{data / 'readings.sqlite3'}", f"sqlite://{data / 'records.sqlite3'}"


def more_files(connections: int) -> None:
    """Every connection is a file to the system, which gives 1,024 unless it is asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 512
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
