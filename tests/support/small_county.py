"""A county small enough to know by heart, and people in it: for tests of any room.

    county 990123 ── town 990123101 Canglang ── village 990123101201 Shatou ── grid 990123101201001
                  └─ town 990123102 Danya    ── village 990123102201 Yuntai

Towns lie side by side: Canglang from 104.0 to 104.5 degrees east, Danya from 104.5 to 105.0; both 31.5 to 32.0 north.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import shapely

from anlan.kernel.people import services
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.services import Planting, plant

#: A moment for tests that need one: 2026-11-22 03:25:18 in the bureau's zone.
NOW = datetime(2026, 11, 21, 19, 25, 18, tzinfo=UTC)

PASSWORD = "correct-horse-battery"


def plant_county() -> SimpleNamespace:
    """Plant it; gives `county`, `canglang`, `danya`, `shatou`, `yuntai`, `grid`."""
    box = shapely.box
    rows = [
        Planting("990123", "安澜县", "county", None, box(104.0, 31.5, 105.0, 32.0), 104.5, 31.75, 420_000),
        Planting("990123101", "沧浪镇", "town", "990123", box(104.0, 31.5, 104.5, 32.0), 104.25, 31.75, 42_000),
        Planting("990123102", "丹崖镇", "town", "990123", box(104.5, 31.5, 105.0, 32.0), 104.75, 31.75, 23_000),
        Planting("990123101201", "沙头村", "village", "990123101", box(104.0, 31.5, 104.25, 31.75)),
        Planting("990123102201", "云台村", "village", "990123102", box(104.5, 31.5, 104.75, 31.75)),
        Planting("990123101201001", "沙头村一组", "grid", "990123101201", box(104.0, 31.5, 104.1, 31.6)),
    ]
    names = ("county", "canglang", "danya", "shatou", "yuntai", "grid")
    return SimpleNamespace(**dict(zip(names, plant(rows), strict=True)))


def make_user(username: str, *roles: str, region: Region | None = None, **fields: Any) -> User:
    """An account with `PASSWORD` that holds `roles` in `region`; `fields` as in people.services.add_person."""
    console = services.system_user("console")
    fields = {"name": username, "password": PASSWORD} | fields
    user = services.add_person(username=username, actor=console, now=NOW, **fields)
    for role in roles:
        assert region is not None, "a role needs a region"
        services.give_role(user=user, role=role, region=region, actor=console, now=NOW)
    return user


def sign_in(client: Any, user: User) -> Any:
    """Sign a test client in without the cost of hashing the password."""
    from django.utils import timezone

    from anlan.kernel.people import sessions

    client.force_login(user, backend="anlan.kernel.people.backend.ActiveUserBackend")
    session = client.session
    sessions.mark(session, user, timezone.now())
    session.save()
    return client
