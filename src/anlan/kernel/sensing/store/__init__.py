"""The reading store: readings have a home of their own beside the records, so that the stream blocks no form.

`open_store()` gives the store of this installation. See `readings.Store` for what it does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from anlan.kernel.sensing.store.backend import HISTORY, LOG, SNAPSHOTS, Busy, Full, Postgres, Sqlite
from anlan.kernel.sensing.store.cold import ColdMissing
from anlan.kernel.sensing.store.readings import Store, clock_ms
from anlan.kernel.sensing.store.rows import (
    BACKFILL,
    LIVE,
    Appended,
    Columns,
    Curve,
    Lag,
    Latest,
    LogRow,
    NewBatch,
    Refused,
    SetAside,
    StoredTransition,
)

__all__ = [
    "BACKFILL",
    "LIVE",
    "Appended",
    "Busy",
    "ColdMissing",
    "Columns",
    "Curve",
    "Full",
    "Lag",
    "Latest",
    "LogRow",
    "NewBatch",
    "Refused",
    "SetAside",
    "Store",
    "StoredTransition",
    "clock_ms",
    "open_store",
]

_open: dict[str, Store] = {}


def open_store(url: str | None = None, *, clock: Callable[[], int] | None = None) -> Store:
    """The store at `url`, or of this installation; asked twice in one process it is the same one.

    `sqlite:////path/readings.sqlite3` or `postgresql://…`. Without `url`: the setting READINGS_URL where a test or a
    benchmark gave one, else PostgreSQL when ANLAN_DATABASE_URL names it, else `readings.sqlite3` in the data directory.
    Raises ValueError for any other kind of address.
    """
    url = url or _home()
    if clock is None and url in _open:
        return _open[url]
    scheme = urlsplit(url).scheme
    if scheme in ("postgres", "postgresql"):
        both = Postgres(url)
        own = Postgres(url, lock=Postgres.HISTORY_LOCK)
        store = Store(both, both, clock or clock_ms, history=own, cold=Path(settings.DATA) / "cold")
    elif scheme == "sqlite":
        path = Path(url.removeprefix("sqlite://"))
        beside = Sqlite(path.with_name(f"{path.stem}-history{path.suffix}"), HISTORY, adopts=path)
        snapshots = Sqlite(path.with_name(f"{path.stem}-snapshots{path.suffix}"), SNAPSHOTS)
        store = Store(Sqlite(path, LOG), snapshots, clock or clock_ms, history=beside, cold=path.parent / "cold")
    else:
        raise ValueError(f"readings cannot be kept at {scheme}://…; use sqlite:// or postgresql://")
    if clock is None:
        _open[url] = store
    return store


def _home() -> str:
    given = getattr(settings, "READINGS_URL", "") or os.environ.get("ANLAN_DATABASE_URL", "")
    if given.startswith(("postgres://", "postgresql://")) or getattr(settings, "READINGS_URL", ""):
        return str(given)
    return f"sqlite://{settings.DATA / 'readings.sqlite3'}"
