"""The own broker of an installation with what it tells, as `serve_mqtt --own-broker` starts them."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from contextlib import ExitStack

from anlan import environment
from anlan.gateways.broker import OwnBroker
from anlan.gateways.mqtt import Address
from anlan.gateways.sensorthings.records import EntityRecords
from anlan.gateways.sensorthings.rights import RightsRecords
from anlan.gateways.sensorthings.serve import root_address
from anlan.gateways.sensorthings.telling import Teller
from anlan.gateways.vendors.taking import Vendors
from anlan.kernel.sensing.store import open_store


def start_own(
    port: int,
    sta: Collection[str],
    readings: str,
    records: str,
    vendors: Vendors,
    ending: ExitStack,
) -> Address:
    """Start the broker, and where `sta` says so what tells subscribers; how the gateway reaches it.

    readings, records  addresses of the two databases
    vendors            devices, and the mappings that give topics to them
    ending             gets what ends them
    """
    # A name that nobody guesses: a broker ends the connection of whoever has the same one.
    address = Address("127.0.0.1", port, "anlan", secrets.token_urlsafe(24), client_id=f"anlan-{secrets.token_hex(8)}")
    rights = RightsRecords(records) if "receive" in sta else None
    broker = OwnBroker(
        environment.text("ANLAN_HOST"),
        port,
        vendors.directory,
        address.user,
        address.password,
        "create" in sta,
        rights,
        vendors,
    )
    broker.start()
    ending.callback(broker.stop)
    if rights is not None:
        teller = Teller(open_store(readings), EntityRecords(records), root_address(), audience=broker)
        teller.start()
        ending.callback(teller.stop)
    return address
