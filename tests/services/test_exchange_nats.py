"""The exchange through a real nats-server: every message once, through kills of the server and of a gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nats
import pytest
from brokers import Broker, free_port, program
from gateway_world import eventually
from two_installations import Installation, two

from anlan.gateways.jetstream import SOURCES_S

pytestmark = pytest.mark.services
SUBJECT = "anlan.exchange.city"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if program("nats-server") is None:
        pytest.skip("nats-server is not installed")
    folder = tmp_path / "broker"
    folder.mkdir()
    found = Broker("nats", folder)
    found.nats = free_port()
    (folder / "broker.conf").write_text(
        f'server_name: test\nlisten: "127.0.0.1:{found.nats}"\njetstream {{ store_dir: "{folder}" }}\n'
        f'mqtt {{ listen: "127.0.0.1:{found.port}" }}\n',
        "utf-8",
    )
    found.start()
    yield found
    found.kill()


@pytest.fixture
def pair(tmp_path: Path, broker: Broker) -> Iterator[tuple[Installation, Installation]]:
    one, other = two(tmp_path, ANLAN_NATS_URL=f"nats://127.0.0.1:{broker.nats}")
    one.more["ANLAN_NATS_CLIENT_ID"], other.more["ANLAN_NATS_CLIENT_ID"] = "one", "other"
    yield one, other
    one.end()
    other.end()


def stream(broker: Broker, act: str, **given: Any) -> Any:
    """Ask the stream itself."""

    async def asked() -> Any:
        client = await nats.connect(f"nats://127.0.0.1:{broker.nats}")
        try:
            return await getattr(client.jetstream(), act)("ANLAN_EXCHANGE", **given)
        finally:
            await client.close()

    return asyncio.run(asked())


def test_what_is_published_is_taken_in_once_through_kills_and_a_lost_message(pair, broker):
    city, county = pair
    key = city.do("key")
    city.do("plant", sites=6)
    county.do("plant")
    city.start("serve_nats")
    code = city.do("subscribe", mode="nats", place=SUBJECT)
    sent = city.do("work")
    county.do("source", key=key, sub=code, door="nats", subject=SUBJECT)
    county.start("serve_nats")
    eventually(lambda: city.do("state")["sent"] == [[2, 2, ""]], "the stream stored both messages")
    eventually(lambda: county.do("work")["sites"] == sent["sites"], "the county has what the city has")
    assert city.do("state")["taken"] == ["arrived"]

    # The server is away while changes are made, and both gateways are killed in the middle.
    broker.kill()
    city.kill("serve_nats")
    county.kill("serve_nats")
    city.do("change")
    changed = city.do("work")
    city.start("serve_nats")
    county.start("serve_nats")
    broker.start()
    wanted = changed["sites"] | {"S-1": "企业1"}
    eventually(lambda: county.do("work")["sites"] == wanted, "the county has the changes")
    assert county.do("state")["heard"] == [[3, 0, 0]]
    assert stream(broker, "stream_info").state.messages == 3

    # A message is lost in the stream: the gap is seen, asked for until somebody hears, and filled.
    county.kill("serve_nats")
    for seq in (4, 5):
        city.do("change_again")
        city.do("work")
        eventually(lambda seq=seq: city.do("state")["sent"] == [[seq, seq, ""]], f"message {seq} is stored")
    stream(broker, "delete_msg", seq=4)
    city.kill("serve_nats")
    county.start("serve_nats")
    eventually(lambda: county.do("work")["open"], "the gap is seen")
    time.sleep(SOURCES_S + 1)  # it has been asked for by now, and nobody heard
    assert county.do("work")["heard"][0][0] == 3
    city.start("serve_nats")
    eventually(lambda: county.do("work")["heard"][0][0] == 5, "the missing message was asked for again", 60)
    state = county.do("work")
    assert state["sites"]["S-2"] == "再改 2"
    assert state["open"] == []
    assert state["heard"][0][2] >= 1
