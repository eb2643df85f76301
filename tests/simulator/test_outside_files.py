"""The demo's outside data: read by the product's own readers, the same on two machines, and telling nobody at night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from anlan.demo import outside_files
from anlan.formats import quakeml
from anlan.formats.feeds import hotspots, stations
from anlan.formats.feeds.stations import Layout, Quantity

NOW = datetime(2026, 11, 21, 19, 30, tzinfo=UTC)


def test_the_files_are_read_whole_and_follow_from_the_moment():
    assert outside_files.quakes(NOW) == outside_files.quakes(NOW)
    quakes, findings = quakeml.read(outside_files.quakes(NOW))
    assert len(quakes) > 15 and findings == ()
    assert all(one.at <= NOW and (one.magnitude or 0) < 3.0 for one in quakes)
    spots, _elsewhere, refusals = hotspots.read(outside_files.hotspots(NOW))
    assert spots and refusals.count == 0
    assert all(NOW - timedelta(days=3) < one.at <= NOW for one in spots)
    layout = Layout("Station_Id", ("Datetime",), {"TEM": Quantity("℃", 0.1), "PRE": Quantity("mm")}, form="%Y%m%d%H%M")
    table = stations.read(outside_files.weather(NOW), layout)
    assert table.refusals.count == 0 and {one.station for one in table.values} == set(outside_files.STATIONS)
    assert max(one.at_ms for one in table.values) == NOW.timestamp() * 1000


def test_what_was_said_an_hour_ago_is_said_again():
    before, _findings = quakeml.read(outside_files.quakes(NOW - timedelta(hours=1)))
    now, _findings = quakeml.read(outside_files.quakes(NOW))
    assert set(before[1:]) <= set(now)
