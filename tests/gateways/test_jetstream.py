"""A gap in an exchange is asked for until it is closed, ever more rarely; and a reader outlives what goes wrong."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from nats.errors import TimeoutError as NatsTimeout

from anlan.gateways import jetstream
from anlan.gateways.exchange_records import Listened
from anlan.gateways.jetstream import REPEAT_MOST_S, REPEAT_S, Address, Asked, Gateway


def test_a_gap_is_asked_for_again_when_nobody_heard():
    asked = Asked("monday", 0.0)
    assert asked.again("monday", REPEAT_S - 1) is None
    second = asked.again("monday", REPEAT_S)
    assert second is not None
    assert second.again("monday", 2 * REPEAT_S) is None
    assert second.again("monday", 3 * REPEAT_S) == Asked("monday", 3 * REPEAT_S, 4 * REPEAT_S)


def test_it_is_never_asked_for_more_rarely_than_every_ten_minutes():
    asked, now = Asked("monday", 0.0), 0.0
    for _time in range(20):
        now += asked.wait
        asked = asked.again("monday", now)
    assert asked.wait == REPEAT_MOST_S


def test_what_the_product_asks_anew_goes_out_at_once():
    assert Asked("monday", 0.0, 600.0).again("tuesday", 1.0) == Asked("tuesday", 1.0)


@pytest.mark.parametrize("wrong", [TimeoutError(), NatsTimeout(), OSError("gone"), ValueError("a surprise"), None])
def test_a_reader_goes_on_after_whatever_went_wrong(monkeypatch, wrong):
    """The library raises a plain TimeoutError where an answer is lost, or never answers (None): nothing may end it."""
    monkeypatch.setattr(jetstream, "CALL_S", 0.01)
    monkeypatch.setattr(jetstream, "FETCH_S", 0.05)
    laid: list[str] = []
    stop = asyncio.Event()

    async def acknowledged() -> None:
        stop.set()

    class Reader:
        asked = 0

        async def fetch(self, _most: int, timeout: float) -> list[Any]:
            Reader.asked += 1
            if Reader.asked > 1:
                return [SimpleNamespace(data=b"line", ack=acknowledged)]
            if wrong is None:
                await asyncio.sleep(60)
            raise wrong

    class Stream:
        async def pull_subscribe(self, *_arguments: Any, **_more: Any) -> Reader:
            return Reader()

    records = SimpleNamespace(lay_down=lambda _source, lines, _now: laid.extend(lines))
    gateway = Gateway(Address("nats://127.0.0.1:1"), records)  # type: ignore[arg-type]
    source = Listened(1, "EXC-1", "anlan.exchange.x")
    asyncio.run(asyncio.wait_for(gateway._read(Stream(), source, stop), 10))  # type: ignore[arg-type]
    assert laid == ["line"]
    gateway._hands.shutdown()
