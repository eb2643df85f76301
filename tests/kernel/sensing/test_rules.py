"""From the rulebook to the engine's log."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sensing_world import LEVELS, NOW, entry_of, points_of

from anlan.engine import decode_rule
from anlan.kernel.rulebook.models import Origin
from anlan.kernel.sensing import rules, services
from anlan.kernel.sensing.models import Point, RuleVersion

pytestmark = pytest.mark.django_db

SILENCE = {"type": "silence", "after_periods": 3, "severity": 4}


def live():
    return RuleVersion.objects.filter(lane="live", to_at=None).order_by("id")


def kinds_in_log(store):
    return [(row.kind, row.lane) for row in store.read_log(0)]


def test_points_that_are_added_stand_under_the_rules_of_their_kind_at_once(entry, point):
    (version,) = live()
    assert (version.entry, version.points) == (entry, [point.pk])
    assert version.condition["steps"][1] == {"severity": 2, "limit": 50.0}


def test_doing_it_again_changes_nothing(point):
    assert rules.sync(NOW) == 0
    assert rules.sync(NOW + timedelta(days=1)) == 0


def test_a_rule_of_another_kind_does_not_touch_the_point(device, town, hands):
    entry_of("T-RAIN-01", kind="displacement")
    points_of(device, town, hands, 1)
    assert not live().exists()


def test_a_point_that_joins_gets_a_version_of_its_own_so_that_the_timers_of_others_run_on(point, device, town, hands):
    services.add_points(
        [{"code": "GT-9", "name": "九号", "kind": "other", "region": town, "device": device}], actor=hands, now=NOW
    )
    assert [version.points for version in live()] == [[point.pk], [Point.records.get(code="GT-9").pk]]


def test_a_point_that_is_switched_off_leaves_and_the_rest_goes_on(entry, device, town, hands):
    first, second = points_of(device, town, hands, 2)
    Point.records.filter(pk=first.pk).update(enabled=False)
    rules.sync(NOW)
    (version,) = live()
    assert version.points == [second.pk]
    assert RuleVersion.objects.filter(lane="live").exclude(to_at=None).count() == 1


def test_a_changed_rule_is_a_new_rule(point, entry):
    (before,) = live()
    entry.valid_to = NOW
    entry.save()
    changed = LEVELS | {"steps": [{"severity": 3, "limit": 22.0}]}
    entry_of("TEST-01", version=2, body={"kind": "other", "condition": changed}, valid_from=NOW)
    rules.sync(NOW)
    (after,) = live()
    assert after.pk != before.pk
    assert after.condition["steps"][0]["limit"] == 22.0
    before.refresh_from_db()
    assert before.to_at == NOW


def test_the_nearest_region_overrides_the_shipped_rule(point, entry, town, other_town, device, hands):
    own = entry_of(
        "TEST-01",
        version=2,
        region=town,
        origin=Origin.BUREAU,
        body={"kind": "other", "condition": LEVELS | {"steps": [{"severity": 3, "limit": 20.0}]}},
    )
    elsewhere = services.add_points(
        [{"code": "GT-E", "name": "别处", "kind": "other", "region": other_town, "device": device}],
        actor=hands,
        now=NOW,
    )
    found = {version.entry_id: version.points for version in live()}
    assert found == {own.pk: [point.pk], entry.pk: [elsewhere[0].pk]}


def test_points_of_different_periods_are_silent_after_their_own_time(device, town, hands):
    entry_of("T-SIL-01", condition=SILENCE)
    points_of(device, town, hands, 2, period_s=300)
    services.add_points(
        [{"code": "Q", "name": "快", "kind": "other", "region": town, "device": device, "period_s": 60}],
        actor=hands,
        now=NOW,
    )
    assert sorted(version.condition["after_s"] for version in live()) == [180.0, 900.0]


def test_old_data_is_judged_by_level_rules_and_not_by_silence(device, town, hands):
    entry_of("T-BOTH-01", body={"kind": "other", "conditions": [LEVELS, SILENCE]})
    points_of(device, town, hands, 1)
    lanes = sorted((version.lane, version.condition["type"]) for version in RuleVersion.objects.all())
    assert lanes == [("backfill", "level"), ("live", "level"), ("live", "silence")]


def test_the_log_learns_each_rule_once_in_its_own_lane(point, readings):
    assert rules.push(readings, NOW) == 2
    assert kinds_in_log(readings) == [("enforce", "live"), ("enforce", "backfill")]
    rule = decode_rule(readings.read_log(0)[0].payload)
    assert (rule.version, rule.points) == (live().get().pk, (point.pk,))
    assert rules.push(readings, NOW) == 0


def test_a_crash_between_the_log_and_the_mark_writes_nothing_twice(point, readings):
    rules.push(readings, NOW)
    RuleVersion.objects.update(logged=False)
    rules.push(readings, NOW)
    assert len(kinds_in_log(readings)) == 2
    assert not RuleVersion.objects.filter(logged=False).exists()


def test_push_notices_by_itself_that_a_rule_has_ended(point, entry, readings):
    rules.push(readings, NOW)
    entry.valid_to = NOW + timedelta(hours=1)
    entry.save()
    assert rules.push(readings, NOW + timedelta(minutes=59)) == 0
    assert rules.push(readings, NOW + timedelta(minutes=61)) == 2
    assert kinds_in_log(readings)[2:] == [("retire", "live"), ("retire", "backfill")]


def test_a_device_that_delivers_out_of_order_is_declared_with_its_points(entry, town, hands, readings):
    device, _key = services.register_device(code="slow", name="慢", region=town, actor=hands, now=NOW, hold_ms=30_000)
    points = points_of(device, town, hands, 2)
    rules.push(readings, NOW)
    declared = [row for row in readings.read_log(0) if row.kind == "declare"]
    assert [row.lane for row in declared] == ["live", "backfill"]
    assert declared[0].payload.split() == [b"30000", *(str(point.pk).encode() for point in points)]
    rules.forget()
    assert rules.push(readings, NOW) == 0
