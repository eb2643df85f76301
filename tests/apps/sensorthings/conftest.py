from __future__ import annotations

from sensorthings_world import (  # noqa: F401
    clocks,
    county,
    device,
    engineer,
    entry,
    foreigner,
    fresh_rights,
    get,
    hands,
    other_town,
    readings,
    sender,
    town,
    world,
)
