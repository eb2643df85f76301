"""What `/readyz` says of the engine and the reading store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from sensing_world import ms

from anlan.kernel.sensing import start
from anlan.kernel.sensing.store import Store
from anlan.kernel.sensing.store.readings import ALIVE, ENGINE
from anlan.kernel.web.health import run_checks

pytestmark = pytest.mark.django_db


def alive(store: Store, ago: timedelta) -> None:
    store.set_position(ALIVE, ms(timezone.now() - ago))


def test_K9_an_engine_that_never_ran_is_not_ready(readings):
    assert not start.engine_health().ok


def test_K9_an_engine_that_stopped_shows_within_its_time(readings):
    alive(readings, timedelta(seconds=2))
    assert start.engine_health().ok
    alive(readings, start.ENGINE_SILENT + timedelta(seconds=1))
    assert not start.engine_health().ok


def test_K9_an_engine_that_falls_behind_says_by_how_much(readings):
    alive(readings, timedelta(0))
    readings.append_tick(arrival=ms(timezone.now() - timedelta(seconds=90)))
    behind = start.engine_health()
    assert not behind.ok
    assert behind.value == pytest.approx(90, abs=5)
    readings.set_position(ENGINE, readings.last_seq())
    assert start.engine_health().ok


def test_both_checks_are_asked_by_readyz(readings):
    alive(readings, timedelta(0))
    answers = run_checks()
    assert answers["readings"]["ok"]
    assert answers["engine"]["ok"]
