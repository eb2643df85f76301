"""Rules that speak about chosen points, about several at once, or that are held down by others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sensing_world import LEVELS, NOW, entry_of, points_of

from anlan import engine
from anlan.engine import decode_rule
from anlan.kernel.rulebook.models import Origin
from anlan.kernel.sensing import anchors, queries, rules, services
from anlan.kernel.sensing.models import Device, Point, PointKind, RuleVersion

pytestmark = pytest.mark.django_db

VOTE = {
    "type": "vote",
    "members": ["GT-2031", "GT-2032", "GT-2033"],
    "rungs": [{"count": 2, "of": 3, "severity": 2}],
}


@pytest.fixture
def points(device, town, hands):
    return points_of(device, town, hands, 3)


def standing(lane="live"):
    """Rule code → points under it, one list for each version."""
    found: dict[str, list[list[str]]] = {}
    codes = dict(Point.records.values_list("id", "code"))
    for version in RuleVersion.objects.filter(lane=lane, to_at=None).select_related("entry").order_by("id"):
        found.setdefault(version.entry.code, []).append([codes[pk] for pk in version.points])
    return found


def put(code, body, **more):
    made = entry_of(code, body=body, **more)
    rules.sync(NOW)
    return made


def test_a_rule_may_name_its_points(points):
    put("OWN", {"points": ["GT-2032"], "condition": LEVELS})
    assert standing() == {"OWN": [["GT-2032"]]}
    assert standing("backfill") == {"OWN": [["GT-2032"]]}


def test_a_rule_may_name_a_site_and_a_kind_at_once(points):
    Point.records.filter(code="GT-2031").update(kind="tank_level")
    Point.records.filter(code="GT-2032").update(kind="tank_level", site_ref="site:1")
    put("SITE", {"site": "site:9", "kind": "tank_level", "condition": LEVELS})
    assert standing()["SITE"] == [["GT-2031"]]


def test_a_rule_of_its_own_stands_instead_of_the_general_one(points):
    put("ALL", {"kind": "other", "condition": LEVELS})
    put("OWN", {"points": ["GT-2032"], "instead_of": ["ALL"], "condition": LEVELS})
    assert standing() == {"ALL": [["GT-2031", "GT-2033"]], "OWN": [["GT-2032"]]}


def test_single_points_have_limits_of_their_own_inside_one_rule(points):
    put("BULK", {"kind": "other", "condition": LEVELS, "limits": {"GT-2032": [10, 20], "GT-2033": [10, 20]}})
    found = {
        tuple(step["limit"] for step in version.condition["steps"]): len(version.points)
        for version in RuleVersion.objects.filter(lane="live")
    }
    assert found == {(25.0, 50.0): 1, (10.0, 20.0): 2}


def test_an_ended_rule_raises_nothing_and_does_not_let_the_wider_one_back_in(points, county):
    put("ALL", {"kind": "other", "condition": LEVELS})
    body = {"kind": "other", "condition": LEVELS, "ended": True}
    put("ALL", body, version=2, region=county, origin=Origin.BUREAU)
    assert standing() == {}


def test_a_rule_about_several_points_hangs_on_an_anchor_at_its_site(points, town, readings):
    put("ALL", {"kind": "other", "condition": LEVELS})
    entry = put("VOTE-01", {"condition": VOTE})
    anchor = Point.records.get(kind=PointKind.GROUP)
    assert anchor.code == anchors.code_of(entry.code)
    assert (anchor.region, anchor.site_ref, anchor.site_name) == (town, "site:9", "澜润化工")
    assert anchor.lon == pytest.approx(104.601)
    assert standing()["VOTE-01"] == [[anchor.code]]
    assert "VOTE-01" not in standing("backfill")
    rules.push(readings, NOW)
    rule = next(
        decode_rule(row.payload) for row in readings.read_log(0) if b"vote" in row.payload and row.lane == "live"
    )
    assert rule.points == (anchor.pk,)
    assert rule.condition == engine.Vote(
        members=tuple(point.pk for point in points), rungs=(engine.Rung(count=2, of=3, severity=2),)
    )


def test_nobody_can_send_in_the_name_of_an_anchor(points, hands):
    put("VOTE-01", {"condition": VOTE})
    device = Device.records.get(code=anchors.GROUPS)
    assert not device.enabled
    assert device.key_hash == ""
    assert device not in queries.devices_for(hands), "nobody can give it a key from the page"


def test_the_anchor_of_points_in_two_towns_stands_in_the_county(points, county, other_town, device, hands):
    services.add_points(
        [{"code": "E", "name": "东", "kind": "other", "region": other_town, "device": device}], actor=hands, now=NOW
    )
    put("VOTE-01", {"condition": VOTE | {"members": ["GT-2031", "E"]}})
    anchor = Point.records.get(kind=PointKind.GROUP)
    assert (anchor.region, anchor.site_ref) == (county, "")


def test_doing_it_again_makes_no_second_anchor(points):
    put("VOTE-01", {"condition": VOTE})
    assert rules.sync(NOW + timedelta(hours=1)) == 0
    assert Point.records.filter(kind=PointKind.GROUP).count() == 1


def test_a_rule_that_names_an_unknown_point_keeps_no_other_rule_out(points):
    put("VOTE-01", {"condition": VOTE | {"members": ["GT-2031", "NO-SUCH"]}})
    put("ALL", {"kind": "other", "condition": LEVELS})
    assert list(standing()) == ["ALL"]


def test_an_inhibitor_over_the_same_point_counts_at_that_point(points, readings):
    put("ALL", {"kind": "other", "condition": LEVELS | {"inhibits": [{"rule": "BAD", "severity": 4}]}})
    put("BAD", {"points": ["GT-2031", "GT-2032"], "condition": LEVELS})
    first, second, third = points
    (inhibitor,) = RuleVersion.objects.filter(lane="live", entry__code="BAD", to_at=None)
    found = {
        tuple(version.points): version.inhibits
        for version in RuleVersion.objects.filter(lane="live", entry__code="ALL", to_at=None)
    }
    assert found[(first.pk,)] == [[inhibitor.pk, first.pk, 4]]
    assert found[(second.pk,)] == [[inhibitor.pk, second.pk, 4]]
    # The third is not under BAD itself: there it counts wherever it is on, because it stands over few points.
    assert found[(third.pk,)] == [[inhibitor.pk, first.pk, 4], [inhibitor.pk, second.pk, 4]]
    rules.push(readings, NOW)
    logged = {rule.version: rule for rule in map(decode_rule, _enforced(readings, "live"))}
    ruled = next(version for version in logged.values() if version.points == (first.pk,) and version.inhibits)
    assert ruled.inhibits == (engine.Inhibit(version=inhibitor.pk, point=first.pk, severity=4),)


def _enforced(readings, lane):
    return [row.payload for row in readings.read_log(0) if row.kind == "enforce" and row.lane == lane]


def test_a_changed_inhibitor_makes_new_versions_of_those_it_holds_down(points):
    put("ALL", {"points": ["GT-2031"], "condition": LEVELS | {"inhibits": [{"rule": "BAD"}]}})
    bad = put("BAD", {"points": ["GT-2031"], "condition": LEVELS})
    (before,) = RuleVersion.objects.filter(lane="live", entry__code="ALL", to_at=None)
    later = NOW + timedelta(hours=1)
    bad.valid_to = later
    bad.save()
    entry_of("BAD", version=2, body={"points": ["GT-2031"], "condition": LEVELS | {"deadband": 1}}, valid_from=later)
    rules.sync(later)
    (after,) = RuleVersion.objects.filter(lane="live", entry__code="ALL", to_at=None)
    (inhibitor,) = RuleVersion.objects.filter(lane="live", entry__code="BAD", to_at=None)
    assert after.pk != before.pk
    assert after.inhibits == [[inhibitor.pk, points[0].pk, 4]]
    assert rules.sync(later) == 0


def test_the_twin_for_old_data_is_held_down_by_twins(points):
    put("BAD", {"points": ["GT-2031"], "condition": LEVELS})
    put("ALL", {"points": ["GT-2031"], "condition": LEVELS | {"inhibits": [{"rule": "BAD"}]}})
    (twin,) = RuleVersion.objects.filter(lane="backfill", entry__code="BAD")
    (held,) = RuleVersion.objects.filter(lane="backfill", entry__code="ALL")
    assert held.inhibits == [[twin.pk, points[0].pk, 4]]


def test_a_thousand_points_with_limits_of_their_own_stay_quick(device, town, hands, django_assert_max_num_queries):
    rows = [
        {"code": f"B-{n}", "name": f"点 {n}", "kind": "tank_level", "region": town, "device": device}
        for n in range(1000)
    ]
    services.add_points(rows, actor=hands, now=NOW)
    limits = {f"B-{n}": [10 + n / 1000, 20] for n in range(1000)}
    entry_of("BULK", body={"kind": "tank_level", "condition": LEVELS, "limits": limits})
    with django_assert_max_num_queries(2100):
        rules.sync(NOW)
    assert RuleVersion.objects.filter(lane="live", entry__code="BULK").count() == 1000
    with django_assert_max_num_queries(20):
        assert rules.sync(NOW) == 0
