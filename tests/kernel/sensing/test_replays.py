"""A recording of elsewhere runs as an exercise and touches nothing real."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sensing_world import LEVELS, NOW, Transition, ms

from anlan.kernel.clocks.models import Clock
from anlan.kernel.notices.models import Notice
from anlan.kernel.sensing import consumer, queries, rules, services
from anlan.kernel.sensing.conditions import BadCondition
from anlan.kernel.sensing.models import Alarm, RuleVersion
from anlan.kernel.web.models import Event

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2014, 9, 1, 8, tzinfo=UTC)
POINTS = [{"code": "D1", "name": "位移 1", "kind": "displacement", "unit": "mm"}, {"code": "D2", "name": "位移 2"}]
RULES = [
    {
        "code": "SLIDE",
        "title": "Slope displacement",
        "title_zh": "边坡位移",
        "points": ["D1"],
        "condition": LEVELS | {"on_s": 0},
        "standard": "",
        "clause": "",
        "verified": False,
    }
]


@pytest.fixture
def replay(county, engineer, officer, entry):
    return services.open_replay(
        name="outang", title="藕塘滑坡回放", region=county, points=POINTS, rules=RULES, actor=engineer, now=NOW
    )


def test_a_replay_has_a_lane_device_points_rules_and_chain_of_its_own(replay):
    assert (replay.lane, replay.device.lane) == ("exercise:outang", "exercise:outang")
    assert list(replay.points) == ["D1", "D2"]
    (version,) = replay.rules["SLIDE"]
    assert (version.lane, version.points) == (replay.lane, [replay.points["D1"].pk])
    assert replay.chain.exercise
    assert replay.chain.kind == "replay"


def test_W9_what_it_raises_joins_its_chain_and_reaches_nobody(replay, officer):
    (version,) = replay.rules["SLIDE"]
    point = replay.points["D1"]
    consumer.take([Transition(version.pk, point.pk, ms(LONG_AGO))], NOW)
    alarm = Alarm.records.get()
    assert (alarm.exercise, alarm.lane, alarm.chain) == (True, replay.lane, replay.chain)
    assert alarm.raised_at == LONG_AGO  # before its rule was written: a replay has its own time
    assert not Notice.objects.exists()
    assert not Clock.objects.exists()
    event = Event.objects.get(kind="alarm.raised")
    assert (event.data["exercise"], event.data["sound"]) == (True, False)
    assert f"alarm:{alarm.pk}" in replay.chain.links.values_list("effect", flat=True)


def test_W9_real_lists_leave_it_out(replay, officer):
    (version,) = replay.rules["SLIDE"]
    consumer.take([Transition(version.pk, replay.points["D1"].pk, ms(LONG_AGO))], NOW)
    assert not queries.alarms_for(officer).exists()
    assert queries.alarms_for(officer, exercise=True).count() == 1
    assert not queries.points_for(officer).exists()


def test_the_rulebook_of_real_points_never_reaches_a_replay_nor_the_other_way(replay, device, town, hands):
    rules.sync(NOW + timedelta(hours=1))
    assert {version.lane for version in RuleVersion.objects.filter(to_at=None)} == {replay.lane}


def test_a_second_run_gets_a_name_of_its_own_and_leaves_the_first_to_be_read(replay, county, engineer):
    services.close_replay(replay, actor=engineer, now=NOW + timedelta(hours=1))
    again = services.open_replay(
        name="outang", title="再放", region=county, points=POINTS, rules=RULES, actor=engineer, now=NOW
    )
    assert again.lane == "exercise:outang-2"
    replay.device.refresh_from_db()
    replay.chain.refresh_from_db()
    assert not replay.device.enabled
    assert replay.chain.closed_at is not None


def test_the_page_of_its_point_still_shows_the_rules_after_its_end(replay, engineer):
    services.close_replay(replay, actor=engineer, now=NOW + timedelta(hours=1))
    assert [limit["value"] for limit in queries.limits(replay.points["D1"])] == [25.0, 50.0]


@pytest.mark.parametrize(
    ("points", "rows", "error"),
    [
        (POINTS, [RULES[0] | {"points": ["D9"]}], services.Refused),
        ([POINTS[0], POINTS[0]], RULES, services.Refused),
        ([POINTS[0] | {"kind": "weather"}], RULES, services.Refused),
        (POINTS, [RULES[0] | {"condition": {"type": "guess"}}], BadCondition),
    ],
)
def test_a_map_that_cannot_be_meant_leaves_nothing_behind(points, rows, error, county, engineer):
    with pytest.raises(error):
        services.open_replay(name="bad", title="坏", region=county, points=points, rules=rows, actor=engineer, now=NOW)
    assert not RuleVersion.objects.exists()
