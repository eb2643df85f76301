"""A gateway over a real store; devices come from a directory that needs no database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_world import Nowhere
from tcp_world import records, start  # noqa: F401

from anlan.kernel.sensing.door.bodies import Sender
from anlan.kernel.sensing.door.directory import Directory, Known
from anlan.kernel.sensing.store import Store
from anlan.kernel.sensing.store.backend import SNAPSHOTS, Sqlite


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(Sqlite(tmp_path / "r.sqlite3"), Sqlite(tmp_path / "s.sqlite3", SNAPSHOTS), lambda: 1_795_320_000_000)
    yield found
    found.close()


@pytest.fixture
def directory() -> Directory:
    found = Directory(Nowhere())
    for number, code in enumerate(("gw-1", "gw-2")):
        points = {f"P-{number}": 7 + number, 7 + number: 7 + number}
        found.known[code] = Known(hashlib.sha256(b"secret").hexdigest(), Sender(code, "live", points))
    return found
