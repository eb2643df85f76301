"""A phone: off by default, shared for a chosen time, nothing outside of it; queued positions come with their time."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation
from tracks_world import LAT, LON, NOW, at, ms, sign_in

from anlan.apps.tracks import cards, layers
from anlan.apps.tracks.models import Carrier, Place, Sharing
from anlan.apps.tracks.queries import drawn
from anlan.apps.tracks.queries.carriers import carrier_of
from anlan.apps.tracks.services import sharing
from anlan.kernel.audit.models import Entry
from anlan.kernel.layers.declarations import Window
from anlan.kernel.people import rights
from anlan.kernel.people.models import Grant
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.sensing.queries import points_for
from anlan.kernel.sensing.services import Refused
from anlan.kernel.sensing.store import Busy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def fix(second: float, **more) -> dict:
    return {"t": ms(at(second)), "lat": LAT, "lon": LON, "accuracy": 9.5, "speed": 1.5, "heading": None} | more


def take(world, user, rows, second=0.0):
    world.clock.now = ms(at(second))
    return sharing.take(user, rows, store=world.store, now=at(second))


def stored(world, carrier) -> list[float]:
    return [(t - ms(NOW)) / 1000 for t in world.store.readings(carrier.lat_id, 0, ms(at(1e6))).t.tolist()]


def test_nothing_is_shared_before_it_is_begun(world, walker):
    with pytest.raises(Refused, match="Begin to share"):
        take(world, walker, [fix(0)])
    assert not Carrier.records.filter(kind="person").exists()


def test_R1_a_position_is_on_disk_when_it_is_answered_with_speed_and_accuracy(world, walker):
    made = sharing.start(walker, hours=1, now=NOW)
    assert take(world, walker, [fix(20)], 21).accepted == 1
    carrier = made.carrier
    assert stored(world, carrier) == [20]
    assert world.store.readings(carrier.speed_id, 0, ms(at(99))).value.tolist() == [pytest.approx(5.4)]
    assert world.store.readings(carrier.accuracy_id, 0, ms(at(99))).value.tolist() == [9.5]
    world.follower.round(at(22))
    place = Carrier.records.get(pk=carrier.pk).place
    assert (place.t_ms, place.accuracy_m) == (ms(at(20)), 9.5)


def test_only_what_was_measured_while_it_was_shared_is_taken(world, walker):
    made = sharing.start(walker, hours=1, now=NOW)
    sharing.stop(walker, now=at(600))
    taken = take(world, walker, [fix(-120), fix(10), fix(599), fix(601), fix(3_000)], 700)
    assert (taken.accepted, taken.refused) == (2, {"not_shared": 2, "future": 1})
    assert stored(world, made.carrier) == [10, 599]


def test_it_ends_by_itself_and_what_waited_in_the_phone_still_comes(world, walker):
    made = sharing.start(walker, hours=1, now=NOW)
    assert sharing.running(walker, at(3_599)) and not sharing.running(walker, at(3_601))
    taken = take(world, walker, [fix(3_590), fix(3_610)], 40_000)
    assert (taken.accepted, taken.refused) == (1, {"not_shared": 1})
    assert stored(world, made.carrier) == [3_590]
    late = take(world, walker, [fix(100)], 4 * 86_400)
    assert late.accepted == 0


def test_what_waited_is_history_and_what_is_new_is_live(world, walker):
    sharing.start(walker, hours=1, now=NOW)
    take(world, walker, [fix(0), fix(15), fix(900)], 905)
    lanes = {row.lane: row.n for row in world.store.read_log(0) if row.sender.startswith("phone")}
    assert set(lanes) == {"live", "backfill"} and lanes["backfill"] == 2 * lanes["live"]


def test_R2_positions_that_come_twice_are_stored_once(world, walker):
    made = sharing.start(walker, hours=1, now=NOW)
    take(world, walker, [fix(0), fix(0), fix(15)], 16)
    take(world, walker, [fix(0), fix(15)], 17)
    take(world, walker, [fix(15), fix(30)], 31)
    assert stored(world, made.carrier) == [0, 15, 30]


@pytest.mark.parametrize(
    "row",
    [
        None, 7, [], {}, fix(0, t="1"), fix(0, t=True), fix(0, t=-5), fix(0, lat=None), fix(0, lat="x"),
        fix(0, lon=float("inf")), fix(0, lat=float("nan")),
    ],
)  # fmt: skip
def test_what_is_no_position_is_refused_alone(world, walker, row):
    sharing.start(walker, hours=1, now=NOW)
    taken = take(world, walker, [row, fix(15)], 16)
    assert (taken.accepted, taken.refused) == (1, {"broken": 1})


@pytest.mark.parametrize("rows", [None, {}, "x", [fix(i) for i in range(sharing.MOST + 1)]])
def test_no_list_or_too_long_a_list_is_refused_whole(world, walker, rows):
    sharing.start(walker, hours=1, now=NOW)
    with pytest.raises(Refused):
        take(world, walker, rows)


def test_another_span_than_the_rulebook_offers_is_refused(world, walker):
    for hours in (0, 3, 999, -1):
        with pytest.raises(Refused, match="Choose one"):
            sharing.start(walker, hours=hours, now=NOW)
    assert not Sharing.objects.exists()


def test_begun_again_it_ends_at_the_new_time(world, walker):
    sharing.start(walker, hours=8, now=NOW)
    sharing.start(walker, hours=1, now=at(60))
    (running,) = sharing.running(walker, at(61))
    assert running.until == at(3_660) and Carrier.records.filter(kind="person").count() == 1


def test_without_the_right_or_a_department_nobody_shares(world, officer, walker):
    officer.department = walker.department
    officer.save()
    with pytest.raises(NotAllowed):
        sharing.start(officer, hours=1, now=NOW)
    walker.department = None
    walker.save()
    with pytest.raises(Refused, match="no department"):
        sharing.start(walker, hours=1, now=NOW)


def test_the_points_of_a_phone_are_opened_by_a_right_of_their_own(world, walker, officer, seer, foreigner):
    carrier = sharing.start(walker, hours=1, now=NOW).carrier
    point = Point.records.get(pk=carrier.lat_id)
    assert point.kind == "person_position"
    assert not points_for(officer).filter(pk=point.pk).exists()
    assert not points_for(foreigner).filter(pk=point.pk).exists()
    assert points_for(seer).filter(pk=point.pk).exists()
    assert not Device.records.get(pk=carrier.device_id).enabled  # nothing comes by a key


def test_begin_and_end_are_written_down(world, walker):
    sharing.start(walker, hours=1, now=NOW)
    sharing.stop(walker, now=at(5))
    assert not sharing.stop(walker, now=at(6))
    acts = Entry.objects.filter(verb__in=("track.share", "track.unshare")).order_by("id")
    assert list(acts.values_list("verb", flat=True)) == ["track.share", "track.unshare"]


# --- the page -------------------------------------------------------------------------------------------------------


def post(client: Client, rows) -> object:
    return client.post("/tracks/share/positions/", json.dumps({"positions": rows}), content_type="application/json")


def test_the_page_says_that_it_is_off_with_whom_and_until_when(world, walker, seer):
    client = sign_in(Client(), walker)
    client.cookies["anlan_language"] = "en"
    page = client.get("/tracks/share/").content.decode()
    assert "Your place is not shared" in page and seer.name in page and "data-until" not in page
    client.post("/tracks/share/start/", {"hours": "2"})
    page = client.get("/tracks/share/").content.decode()
    assert "Your place is shared" in page and "data-until" in page
    client.post("/tracks/share/stop/")
    assert "Your place is not shared" in client.get("/tracks/share/").content.decode()


def test_positions_by_the_page(world, walker, settings, monkeypatch):
    world.clock.now = ms(timezone.now())
    client = sign_in(Client(), walker)
    client.cookies["anlan_language"] = "en"
    assert post(client, [fix(0)]).status_code == 422
    client.post("/tracks/share/start/", {"hours": "1"})
    now = ms(timezone.now())
    answer = post(client, [fix(0, t=now)])
    assert answer.status_code == 200 and answer.json()["accepted"] == 1
    assert answer.json()["until"] > now
    assert client.post("/tracks/share/positions/", "{", content_type="application/json").status_code == 422
    assert client.post("/tracks/share/positions/", "[1]", content_type="application/json").status_code == 422
    assert client.post("/tracks/share/positions/", "x" * 200_001, content_type="application/json").status_code == 413

    def busy(*_args):
        raise Busy("locked")

    monkeypatch.setattr(type(world.store), "append_batches", busy)
    assert post(client, [fix(0, t=ms(timezone.now()))]).status_code == 503  # it stays in the phone


def test_strangers_and_posts_without_a_token_are_refused(world, walker, officer):
    assert post(Client(), []).status_code in (302, 401, 403)
    assert sign_in(Client(), officer).get("/tracks/share/").status_code == 403
    assert sign_in(Client(), officer).post("/tracks/share/start/", {"hours": "1"}).status_code == 403
    strict = sign_in(Client(enforce_csrf_checks=True), walker)
    assert strict.post("/tracks/share/start/", {"hours": "1"}).status_code == 403
    assert not Sharing.objects.exists()


def test_a_person_who_moved_to_another_office_is_seen_there(world, walker):
    first = sharing.start(walker, hours=1, now=NOW)
    walker.department.region = world.danya
    walker.department.save()
    walker.refresh_from_db()
    Grant.objects.filter(user=walker).update(region=world.danya)
    rights.forget()
    second = sharing.start(walker, hours=1, now=NOW + timedelta(seconds=5))
    assert second.carrier_id == first.carrier_id
    carrier = Carrier.records.get(pk=second.carrier_id)
    assert carrier.region == world.danya and Point.records.get(pk=carrier.lat_id).region == world.danya


def test_a_phone_leaves_the_map_when_its_sharing_ends_and_the_trail_stays(world, walker, seer):
    made = sharing.start(walker, hours=1, now=NOW)
    take(world, walker, [fix(20)], 21)
    world.follower.round(at(22))
    window = Window(now=at(25))
    assert [one["properties"]["id"] for one in drawn.person_features(seer, window)["features"]] == [made.carrier.code]
    sharing.stop(walker, now=at(30))
    for later in (31, 30 * 86_400):
        assert drawn.person_features(seer, Window(now=at(later)))["features"] == []
        assert not drawn.persons(seer, at(later)).exists()
    assert drawn.count_persons(seer) == 0
    assert drawn.person_hits(seer, "王小明", 5) == []
    card = cards.carrier_card(seer, made.carrier.code)
    assert card is not None
    assert (card.lon, card.lat) == (None, None)
    assert carrier_of(seer, made.carrier.code) is not None


def test_nothing_that_many_may_read_holds_the_name_of_who_shares(world, walker):
    carrier = sharing.start(walker, hours=1, now=NOW).carrier
    names = [*Point.records.filter(device=carrier.device).values_list("name", flat=True), carrier.device.name]
    assert len(names) > 3
    assert not any("王" in name for name in names)


def test_who_is_found_by_the_search_box_was_looked_at(world, walker, seer):
    sharing.start(walker, hours=1, now=timezone.now())
    carrier = Carrier.records.get(person=walker)
    Place.objects.update_or_create(
        carrier=carrier, defaults={"t_ms": ms(timezone.now()), "lon": LON, "lat": LAT, "seen_ms": ms(timezone.now())}
    )
    for _twice in range(2):
        (hit,) = layers.PERSONS.search(seer, "王小明", 5)
        assert (hit.lon, hit.lat) == (LON, LAT)
    assert Entry.objects.filter(verb="track.watch", actor_id=seer.pk).count() == 1
