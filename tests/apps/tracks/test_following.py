"""The last place: believed, doubted, old; after a crash, twice and out of order the same."""

from __future__ import annotations

import numpy as np
import pytest
from tracks_world import EAST_100, LAT, LON, NOW, at, ms

from anlan.apps.tracks.follow import Follower
from anlan.apps.tracks.models import Followed, Place
from anlan.apps.tracks.queries.carriers import carriers_for, seen
from anlan.apps.tracks.rules import rules
from anlan.formats.coordinates import wgs84_to_gcj02
from anlan.kernel.sensing.store import BACKFILL
from anlan.kernel.web.models import Event

pytestmark = pytest.mark.django_db


def place(world, seconds=0.0) -> Place:
    return world.follow(seconds).place


def said(world, actor, seconds):
    (one,) = seen(list(carriers_for(actor)), actor, rules(NOW), at(seconds))
    return one


def test_the_last_place_is_the_newest_that_can_be_believed(world, officer):
    world.send(world.car, [(10, LON, LAT, 0, 40.0, 90.0), (25, LON + EAST_100, LAT, 0, 42.5, 88.0)])
    found = place(world, 30)
    assert (found.t_ms, found.lon, found.speed_kmh, found.course_deg) == (ms(at(25)), LON + EAST_100, 42.5, 88.0)
    one = said(world, officer, 30)
    assert (one.state, one.doubt, one.old) == ("live", "", False)


def test_a_carrier_that_never_sent_says_so(world, officer):
    one = said(world, officer, 0)
    assert (one.state, one.lon) == ("never", None)


def test_a_place_grows_old_and_is_not_now(world, officer):
    world.send(world.car, [(0, LON, LAT)])
    place(world)
    assert not said(world, officer, 299).old
    assert said(world, officer, 301).old


@pytest.mark.parametrize(
    ("row", "mark"),
    [
        ((25, 0.0, 0.0, 1), 2),
        ((25, LON, 95.0, 1), 2),
        ((25, LON + 1, LAT, 0), 3),
        ((25, LON, LAT, 2), 1),
        ((25, np.nan, np.nan, 2), 1),
    ],
)
def test_what_cannot_be_believed_is_told_and_never_drawn(world, officer, row, mark):
    world.send(world.car, [(10, LON, LAT), row])
    found = place(world, 30)
    assert (found.t_ms, found.lon, found.seen_ms, found.seen_mark) == (ms(at(10)), LON, ms(at(25)), mark)
    one = said(world, officer, 30)
    assert one.state == "doubt" and one.doubt and one.lon == LON


def test_a_carrier_that_was_carried_is_believed_after_three(world):
    world.send(world.car, [(0, LON, LAT), *((15 * i, LON + 1, LAT) for i in range(1, 3))])
    assert place(world, 40).lon == LON
    world.send(world.car, [(45, LON + 1, LAT)])
    assert place(world, 50).lon == LON + 1  # what spoke for it before was kept between the looks


def test_R3_positions_that_come_again_or_out_of_order_change_nothing(world):
    world.send(world.car, [(30, LON, LAT)])
    place(world, 31)
    world.send(world.car, [(15, LON + EAST_100, LAT), (30, LON + EAST_100, LAT)])
    assert place(world, 32).lon == LON


def test_old_positions_fill_history_and_move_nothing(world):
    world.send(world.car, [(0, LON, LAT)])
    place(world)
    world.send(world.car, [(-3600, LON + EAST_100, LAT)], lane=BACKFILL)
    assert place(world, 5).lon == LON
    assert world.store.readings(world.car.lon_id, ms(at(-4000)), ms(at(10))).t.size == 2


def test_a_clock_that_is_ahead_does_not_hold_the_place(world):
    world.send(world.car, [(0, LON, LAT), (4_000, LON + EAST_100, LAT)])
    assert place(world).t_ms == ms(NOW)
    world.send(world.car, [(15, LON, LAT)])
    assert place(world, 16).t_ms == ms(at(15))


def test_gcj_02_is_converted_and_never_guessed(world):
    world.car.system = "GCJ-02"
    world.car.save()
    lon, lat = wgs84_to_gcj02(LON, LAT)
    world.send(world.car, [(0, float(lon), float(lat)), (15, 0.0, 0.0)])
    found = place(world, 16)
    assert (found.lon, found.lat) == (pytest.approx(LON, abs=1e-7), pytest.approx(LAT, abs=1e-7))
    assert abs(float(lon) - LON) > 0.001  # half a kilometre that a guess would have cost
    assert found.seen_mark == 2


def test_R3_a_crash_between_two_looks_loses_no_position(world, monkeypatch):
    world.send(world.car, [(0, LON, LAT)])
    place(world)
    before = Followed.objects.get().seq
    world.send(world.car, [(15, LON + EAST_100, LAT)])

    def dies(*_args, **_more):
        raise SystemExit

    monkeypatch.setattr(Follower, "_tell", dies)
    with pytest.raises(SystemExit):
        world.follow(16)
    monkeypatch.undo()
    assert Followed.objects.get().seq == before
    assert Place.objects.get().lon == LON
    assert Follower(world.store).round(at(17)) == 1
    assert Place.objects.get().lon == LON + EAST_100


def test_two_processes_that_follow_at_once_move_a_place_once(world):
    world.send(world.car, [(0, LON, LAT)])
    other = Follower(world.store)
    assert sorted((world.follower.round(at(1)), other.round(at(1)))) == [0, 1]


def test_open_maps_are_told_once_in_five_seconds(world):
    for second in range(1, 12):
        world.send(world.car, [(second, LON, LAT)])
        place(world, second)
    told = Event.objects.filter(kind="track.moved")
    assert [event.verb for event in told] == ["track.see"] * 3
    assert told[0].region_path == world.canglang.path


def test_a_quiet_log_costs_no_question_about_carriers(world, django_assert_num_queries):
    world.follow()
    with django_assert_num_queries(1):
        world.follower.round(at(5))


def test_following_many_costs_the_same_few_questions(world, django_assert_max_num_queries):
    world.send(world.car, [(0, LON, LAT)])
    place(world)
    world.send(world.car, [(15 * i, LON, LAT) for i in range(1, 200)])
    with django_assert_max_num_queries(12):
        world.follower.round(at(3_000))
