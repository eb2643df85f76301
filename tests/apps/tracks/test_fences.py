"""Fences: the whole way from a position to an alarm, and what neither raises nor clears one."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
import shapely
from django.utils import translation
from tracks_world import EAST_100, LAT, LON, NOW, World, at, ms

from anlan.apps.tracks.models import Watch
from anlan.apps.tracks.queries.fences import holds, kept
from anlan.apps.tracks.services import fences
from anlan.apps.tracks.services.carriers import add_carrier, change_carrier, end_carrier
from anlan.formats.coordinates import wgs84_to_gcj02
from anlan.kernel.audit.models import Entry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing import consumer, rules
from anlan.kernel.sensing.derived import run
from anlan.kernel.sensing.models import Alarm, AlarmState, DerivedPoint, Point
from anlan.kernel.sensing.runner import Runner
from anlan.kernel.sensing.services import Refused, register_device
from anlan.kernel.sensing.store import BACKFILL

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def circle(world: World, *, kind: str = "stay_in", hold: bool = True, **more) -> Watch:
    """A fence of 1 km round the place of the car."""
    made = fences.add_fence(
        name="围栏", kind=kind, region=world.canglang, circle=(LON, LAT, 1_000.0), actor=world.hands, now=NOW, **more
    )
    if hold:
        fences.hold(made, [world.car], actor=world.hands, now=NOW)
    return Watch.objects.filter(fence=made).select_related("derived__point").first() if hold else made


class Machine:
    """Derived points, engine and consumer, as the processes run them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.computer = run.Computer(world.store)
        rules.push(world.store, NOW)
        self.runner = Runner(world.store, consumer.take)
        self.runner.start()

    def until(self, second: float) -> None:
        self.world.clock.now = ms(at(second))
        self.computer.round(at(second))
        self.runner.round(ms(at(second)))
        self.runner.round(ms(at(second)))

    def drive(self, rows) -> None:
        """(second, hundreds of metres east[, quality])."""
        for second, hundreds, *quality in rows:
            self.world.clock.now = ms(at(second))
            self.world.send(self.world.car, [(second, LON + hundreds * EAST_100, LAT, *quality)])
            self.until(second + 2)


@pytest.fixture
def machine(world: World):
    return lambda: Machine(world)


def values(world: World, watch: Watch) -> list[float | None]:
    found = world.store.readings(watch.derived.point_id, ms(NOW), ms(at(86_400)))
    return [
        None if quality >= 2 else value
        for value, quality in zip(found.value.tolist(), found.quality.tolist(), strict=True)
    ]


# --- the alarm ------------------------------------------------------------------------------------------------------


def test_a_car_that_leaves_raises_one_alarm_that_clears_when_it_is_back(world, machine):
    watch = circle(world)
    going = machine()
    going.drive([(15, 0), (30, 5), (45, 9)])
    assert not Alarm.records.exists()
    going.drive([(60, 12), (75, 15), (90, 16)])
    alarm = Alarm.records.get()
    assert (alarm.point_id, alarm.level, alarm.raised_at) == (watch.derived.point_id, 3, at(80))
    assert alarm.entry.code == "TRK-01" and alarm.chain_id is None
    going.drive([(105, 12), (120, 9), (135, 5), (150, 4), (165, 4), (180, 4), (195, 4)])
    alarm.refresh_from_db()
    assert alarm.state == AlarmState.CLEARED and Alarm.records.count() == 1
    assert values(world, watch)[:6] == pytest.approx([-1000, -500, -100, 200, 500, 600], abs=8)


def test_a_car_that_keeps_out_raises_inside(world, machine):
    circle(world, kind="keep_out")
    going = machine()
    going.drive([(15, 25), (30, 18), (45, 12)])
    assert not Alarm.records.exists()
    going.drive([(60, 6), (75, 0), (90, 0)])
    assert Alarm.records.get().cleared_at is None


def test_R2_no_fix_neither_raises_nor_clears(world, machine):
    watch = circle(world)
    going = machine()
    going.drive([(15, 0), *((30 + 15 * i, 20, 2) for i in range(8))])
    going.until(400)
    assert not Alarm.records.exists()
    assert values(world, watch) == [pytest.approx(-1000, abs=1), *[None] * (len(values(world, watch)) - 1)]
    going.drive([(450, 20), (465, 20), (480, 20)])
    assert Alarm.records.get().cleared_at is None
    going.drive([(495 + 15 * i, 0, 2) for i in range(8)])
    going.until(1_200)
    assert Alarm.records.get().cleared_at is None  # "back inside" without a fix is not back


def test_a_jump_and_a_place_that_cannot_be_raise_nothing(world, machine):
    watch = circle(world)
    going = machine()
    going.drive([(15, 0), (30, 900), (45, 0), (60, 900), (75, 0)])
    world.send(world.car, [(90, 0.0, 0.0, 1)])
    going.until(120)
    assert not Alarm.records.exists()
    assert [value is None for value in values(world, watch)] == [False, True, False, True, False, True]


def test_a_single_place_outside_is_shorter_than_the_delay(world, machine):
    circle(world)
    going = machine()
    going.drive([(15, 9), (30, 11), (45, 9), (60, 11), (75, 9)])
    going.until(200)
    assert not Alarm.records.exists()


def test_old_positions_raise_nothing_now(world, machine):
    circle(world)
    going = machine()
    world.send(world.car, [(-900 + 15 * i, LON + 30 * EAST_100, LAT) for i in range(10)], lane=BACKFILL)
    going.until(60)
    assert not Alarm.records.filter(retrospective=False).exists()


def test_outside_of_its_hours_a_fence_asks_nothing(world, machine):
    # NOW is 03:25 in the bureau's zone.
    zone = ZoneInfo("Asia/Shanghai")
    night = (time(22, 0), time(3, 26, 30))
    assert NOW.astimezone(zone).time() == time(3, 25, 18)
    watch = circle(world, hours=night)
    going = machine()
    going.drive([(15, 20), (30, 20), (60, 20), (75, 20)])
    assert Alarm.records.get().cleared_at is None
    going.drive([(90 + 15 * i, 20) for i in range(8)])
    assert Alarm.records.get().cleared_at is not None
    assert values(world, watch)[-1] == -10_000


def test_gcj_02_of_the_receiver_is_converted_for_the_fence(world, machine):
    change_carrier(world.car, name="一号", system="GCJ-02", unit_ref="", actor=world.hands, now=NOW)
    watch = circle(world)
    going = machine()
    lon, lat = (float(one) for one in wgs84_to_gcj02(LON + 9 * EAST_100, LAT))
    world.send(world.car, [(15, lon, lat)])
    going.until(20)
    assert values(world, watch) == [pytest.approx(-100, abs=8)]


def test_another_system_of_coordinates_watches_anew(world):
    watch = circle(world)
    change_carrier(world.car, name="一号", system="GCJ-02", unit_ref="", actor=world.hands, now=at(5))
    old, new = Watch.objects.order_by("pk")
    assert old.pk == watch.pk and old.ended_at is not None and new.ended_at is None
    assert new.derived.parameters["system"] == 1
    assert DerivedPoint.objects.get(pk=old.derived_id).ended_at is not None


def test_the_alarm_stands_on_the_map_at_the_fence(world):
    point = circle(world).derived.point
    point = Point.records.get(pk=point.pk)
    assert (point.lon, point.lat, point.site_name, point.kind) == (LON, LAT, "围栏", "fence_distance")


def test_a_person_s_distance_is_of_a_kind_that_a_right_opens(world):
    device, _key = register_device(code="BODY-1", name="随身终端", region=world.canglang, actor=world.hands, now=NOW)
    made = add_carrier(
        code="P-1", name="王小明", kind="person", region=world.canglang, device=device, system="WGS-84",
        actor=world.hands, now=NOW,
    )  # fmt: skip
    fence = circle(world, hold=False)
    fences.hold(fence, [made], actor=world.hands, now=NOW)
    assert Watch.objects.get(carrier=made).derived.point.kind == "person_fence"


# --- the verbs ------------------------------------------------------------------------------------------------------


def test_choosing_carriers_is_exact_and_doing_it_twice_changes_nothing(world, engineer):
    fence = circle(world, hold=False)
    fences.hold(fence, [world.car], actor=engineer, now=NOW)
    fences.hold(fence, [world.car], actor=engineer, now=at(1))
    assert Watch.objects.filter(fence=fence, ended_at=None).count() == 1
    assert Entry.objects.filter(verb="fence.hold").count() == 1
    fences.hold(fence, [], actor=engineer, now=at(2))
    fences.hold(fence, [world.car], actor=engineer, now=at(3))
    codes = list(Watch.objects.filter(fence=fence).order_by("pk").values_list("derived__point__code", flat=True))
    assert codes == [f"F{fence.pk}-CAR-1", f"F{fence.pk}-CAR-1-2"]


def test_an_ended_fence_or_carrier_watches_nobody(world, engineer):
    watch = circle(world)
    fences.end_fence(watch.fence, actor=engineer, now=at(1))
    assert DerivedPoint.objects.get(pk=watch.derived_id).ended_at == at(1)
    again = circle(world)
    end_carrier(world.car, actor=engineer, now=at(2))
    assert Watch.objects.get(pk=again.pk).ended_at == at(2)


def test_who_may_not_is_refused(world, officer, foreigner):
    for nobody in (officer, foreigner):
        with pytest.raises(NotAllowed):
            fences.add_fence(
                name="x", kind="stay_in", region=world.canglang, circle=(LON, LAT, 50.0), actor=nobody, now=NOW
            )
    fence = circle(world, hold=False)
    with pytest.raises(NotAllowed):
        fences.hold(fence, [world.car], actor=foreigner, now=NOW)
    with pytest.raises(NotAllowed):
        fences.end_fence(fence, actor=foreigner, now=NOW)


BOX = shapely.box(LON, LAT, LON + 0.01, LAT + 0.01)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, "exactly one"),
        ({"shape": BOX, "circle": (LON, LAT, 100.0)}, "exactly one"),
        ({"circle": (LON, LAT, 1.0)}, "10 m to 100 km"),
        ({"circle": (LON, 95.0, 100.0)}, "no area"),
        ({"circle": (LON, LAT, float("nan"))}, "no area"),
        ({"shape": shapely.LineString([(0, 0), (1, 1)])}, "no area"),
        ({"shape": shapely.Polygon([(LON, LAT), (LON + 1, LAT + 1), (LON + 1, LAT), (LON, LAT + 1)])}, "broken"),
        ({"shape": shapely.box(LAT, LON, LAT + 0.01, LON + 0.01)}, "longitude comes before"),
        ({"shape": shapely.box(LON, LAT, LON + 1e-7, LAT + 1e-7)}, "100 m²"),
        ({"shape": shapely.box(60, 10, 100, 40)}, "50,000 km²"),
        ({"shape": shapely.Point(LON, LAT).buffer(0.1, quad_segs=3_000)}, "5000 corners"),
        ({"circle": (LON, LAT, 100.0), "name": " "}, "name"),
        ({"circle": (LON, LAT, 100.0), "kind": "maybe"}, "stay inside or keep out"),
        ({"circle": (LON, LAT, 100.0), "hours": (time(8), time(8))}, "different times"),
    ],
)
def test_what_is_no_fence_is_refused_in_words(world, more, says):
    facts = {"name": "x", "kind": "stay_in", "region": world.canglang, "actor": world.hands, "now": NOW}
    with pytest.raises(Refused, match=says):
        fences.add_fence(**facts | more)


@pytest.mark.parametrize(
    ("begins", "ends", "hour", "holding"),
    [
        (None, None, 3, True), (time(8), time(18), 8, True), (time(8), time(18), 18, False),
        (time(22), time(6), 23, True), (time(22), time(6), 5, True), (time(22), time(6), 6, False),
    ],
)  # fmt: skip
def test_hours_are_those_of_the_bureau_and_may_run_over_midnight(begins, ends, hour, holding):
    moment = datetime(2026, 11, 22, hour, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)
    assert holds(begins, ends, moment, ZoneInfo("Asia/Shanghai")) is holding


def test_a_fence_that_is_not_there_is_refused(world):
    watch = circle(world)
    with pytest.raises(ValueError, match="no fence"):
        kept.get(watch.fence_id + 1)
