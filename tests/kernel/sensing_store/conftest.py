"""A reading store of its own for every test, on both databases; its clock stands still until a test moves it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import POSTGRES
from standing_clock import Clock

from anlan.kernel.sensing.store.backend import HISTORY, LOG, SNAPSHOTS, Postgres, Sqlite
from anlan.kernel.sensing.store.readings import Store


@pytest.fixture
def clock() -> Clock:
    # 2026-11-22 04:00 UTC
    return Clock(1_795_320_000_000)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    if request.param == "sqlite":
        found = Store(
            Sqlite(tmp_path / "r.sqlite3", LOG),
            Sqlite(tmp_path / "s.sqlite3", SNAPSHOTS),
            clock,
            history=Sqlite(tmp_path / "h.sqlite3", HISTORY),
            cold=tmp_path / "cold",
        )
        yield found
        found.close()
        return
    psycopg = pytest.importorskip("psycopg")
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL at ANLAN_TEST_POSTGRES: {error}")
    schema = f"readings_{secrets.token_hex(4)}"
    both = Postgres(POSTGRES, schema)
    history = Postgres(POSTGRES, schema, Postgres.HISTORY_LOCK)
    found = Store(both, both, clock, history=history, cold=tmp_path / "cold")
    yield found
    with both.write() as session:
        session.run(f'DROP SCHEMA "{schema}" CASCADE')
    found.close()
