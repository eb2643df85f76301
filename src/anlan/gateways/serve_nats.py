"""`python -m anlan.server serve_nats`: the gateway to NATS, for exchange with other installations."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence

from anlan import environment
from anlan.gateways.exchange_records import ExchangeRecords
from anlan.gateways.serve import homes

log = logging.getLogger("anlan.nats")


def main(_arguments: Sequence[str]) -> int:
    """Publish and listen until SIGTERM. Exit code 2 when a setting is wrong or the extra `nats` is not installed."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("anlan").setLevel(logging.INFO)
    try:
        url = environment.broker("ANLAN_NATS_URL", schemes=("nats", "tls"))
    except environment.BadSetting as error:
        log.error("%s", error)
        return 2
    if url is None:
        log.error("ANLAN_NATS_URL names no server")
        return 2
    try:
        # Imported here: only an installation with the extra has the client.
        from anlan.gateways.jetstream import Address, Gateway
    except ModuleNotFoundError as error:
        log.error("%s is not installed: run ./anlan setup --full", error.name)
        return 2
    address = Address(
        f"{url.scheme}://{url.hostname}:{url.port or 4222}",
        user=environment.unquoted(url.username),
        password=environment.unquoted(url.password),
        tls=url.scheme == "tls",
        ca=environment.text("ANLAN_NATS_CA"),
        client_id=environment.text("ANLAN_NATS_CLIENT_ID"),
    )

    async def work() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await Gateway(address, ExchangeRecords(homes()[1])).run(stop)

    asyncio.run(work())
    return 0
