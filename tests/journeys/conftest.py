"""The small county of `sensing_world`, for journeys through it."""

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
    point,
    raised,
    readings,
    second_officer,
    town,
    unit,
    version,
)
