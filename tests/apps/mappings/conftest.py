"""The small county of `sensing_world` with a mapping of `mappings_world`."""

from mappings_world import draft, in_force, level, neighbour, ready  # noqa: F401
from sensing_world import (  # noqa: F401
    clocks,
    county,
    device,
    engineer,
    entry,
    foreigner,
    fresh_rights,
    hands,
    officer,
    other_town,
    readings,
    second_officer,
    town,
    unit,
)
