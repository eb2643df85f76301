"""Lists, pages, exports and layers: who sees what, at what cost, and what is written down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from sensing_world import person
from tracks_world import EAST_100, LAT, LON, NOW, SEES, at, ms, sign_in

from anlan.apps.tracks.models import Carrier, Fence, Watch
from anlan.apps.tracks.queries import drawn
from anlan.apps.tracks.services import fences
from anlan.apps.tracks.services.carriers import add_carrier, end_carrier
from anlan.formats import gpx
from anlan.kernel.audit.models import Entry
from anlan.kernel.layers.declarations import Window
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing.models import Point
from anlan.kernel.sensing.services import Refused, add_points, register_device

pytestmark = pytest.mark.django_db


def browser(user) -> Client:
    client = sign_in(Client(), user)
    client.cookies["anlan_language"] = "en"
    return client


def ago(seconds: float) -> float:
    """Seconds after NOW of a moment so long before the clock on the wall."""
    return (timezone.now() - NOW).total_seconds() - seconds


@pytest.fixture
def driven(world):
    """The car drove for five minutes up to now: a place that cannot be and a moment without a fix among them."""
    world.clock.now = ms(timezone.now())
    rows = [(ago(300 - 15 * i), LON + i * EAST_100, LAT, 0, 24.0, 90.0) for i in range(20)]
    rows[5] = (rows[5][0], 0.0, 0.0, 1)
    rows[6] = (rows[6][0], LON, LAT, 2)
    rows[7] = (rows[7][0], LON + 1, LAT, 0, 24.0, 90.0)
    world.send(world.car, rows)
    world.follower.round(timezone.now())
    return world


@pytest.fixture
def person_carrier(world) -> Carrier:
    device, _key = register_device(code="BODY-1", name="随身", region=world.canglang, actor=world.hands, now=NOW)
    made = add_carrier(
        code="P-1", name="王小明", kind="person", region=world.canglang, device=device, system="WGS-84",
        actor=world.hands, now=NOW,
    )  # fmt: skip
    world.clock.now = ms(timezone.now())
    world.send(made, [(ago(10), LON, LAT)])
    world.follower.round(timezone.now())
    return made


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_list_shows_name_age_and_speed_and_finds_by_initials(driven, officer):
    client = browser(officer)
    page = client.get("/tracks/").content.decode()
    assert "川安抢险一号" in page and "<b>24</b> km/h" in page and "place known" in page
    assert "川安抢险一号" in client.get("/tracks/?q=caqx").content.decode()
    assert "No carrier fits" in client.get("/tracks/?q=zzz").content.decode()
    assert "No carrier fits" in client.get("/tracks/?state=old").content.decode()
    assert "川安抢险一号" in client.get("/tracks/?state=live&kind=vehicle").content.decode()


def test_an_empty_list_says_what_to_do(world, officer):
    Carrier.records.update(enabled=False)
    assert "No carrier yet" in browser(officer).get("/tracks/").content.decode()


def test_the_list_costs_the_same_for_many(world, officer, django_assert_max_num_queries):
    many(world, 60)
    client = browser(officer)
    client.get("/tracks/")
    with django_assert_max_num_queries(20) as found:
        client.get("/tracks/")
    few = len(found)
    many(world, 60, "B")
    with django_assert_max_num_queries(few):
        client.get("/tracks/")


def many(world, n, letter="A"):
    rows = [
        {
            "code": f"{letter}-{i}/{sensor}", "name": sensor, "kind": "position", "unit": "deg", "digits": 6,
            "region": world.canglang, "device": world.device, "period_s": 15,
        }
        for i in range(n)
        for sensor in ("lat", "lon")
    ]  # fmt: skip
    points = add_points(rows, actor=world.hands, now=NOW)
    made = [
        Carrier(
            code=f"{letter}-{i}", name=f"车 {letter} {i}", kind="vehicle", region=world.canglang, device=world.device,
            lat=points[2 * i], lon=points[2 * i + 1], system="WGS-84",
        )
        for i in range(n)
    ]  # fmt: skip
    Carrier.records.bulk_create(made)
    for one in made:
        world.send(one, [(ago(20), LON, LAT)])
    world.follower.round(timezone.now())


def test_another_town_and_a_stranger_see_nothing(driven, foreigner, walker):
    assert "川安抢险一号" not in browser(foreigner).get("/tracks/").content.decode()
    for path in ("", "trail.json", "trail.gpx", "trail.csv"):
        assert browser(foreigner).get(f"/tracks/of/CAR-1/{path}").status_code == 404
    assert browser(walker).get("/tracks/").status_code == 403
    assert Client().get("/tracks/").status_code == 302


# --- one carrier ----------------------------------------------------------------------------------------------------


def test_the_page_has_places_and_says_which_were_not_believed(driven, officer):
    page = browser(officer).get("/tracks/of/CAR-1/").content.decode()
    for words in ("no satellite fix", "position impossible", "position doubtful", "24</b> km/h", "3 not believed"):
        assert words in page, words


def test_the_page_without_positions_says_so(world, officer):
    page = browser(officer).get("/tracks/of/CAR-1/?hours=1").content.decode()
    assert "No position in this span" in page and "has never sent a position" in page


@pytest.mark.parametrize("hours", ["", "1", "0", "-1", "9999999999999", "x", "²"])
def test_any_span_that_is_typed_is_answered(driven, officer, hours):
    assert browser(officer).get(f"/tracks/of/CAR-1/?hours={hours}&page=zzz").status_code == 200


def test_the_trail_is_drawn_without_what_was_not_believed(driven, officer):
    found = browser(officer).get("/tracks/of/CAR-1/trail.json?hours=1").json()["features"]
    kinds = [one["properties"]["kind"] for one in found]
    assert kinds.count("trail") == 1 and kinds.count("last") == 1 and kinds.count("doubt") == 2
    xs = [x for line in found[0]["geometry"]["coordinates"] for x, _y in line]
    assert min(xs) == pytest.approx(LON) and max(xs) == pytest.approx(LON + 19 * EAST_100)


def test_gpx_that_is_exported_can_be_read_and_holds_what_was_believed(driven, officer):
    answer = browser(officer).get("/tracks/of/CAR-1/trail.gpx?hours=1")
    (track,) = gpx.read(answer.content).tracks
    assert sum(len(part) for part in track.segments) == 17
    assert answer["Content-Disposition"] == 'attachment; filename="CAR-1.gpx"'


def test_csv_has_every_position_with_the_reason(driven, officer):
    lines = browser(officer).get("/tracks/of/CAR-1/trail.csv?hours=1").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 21 and sum("no satellite fix" in line for line in lines) == 1


def test_the_page_costs_few_questions(driven, officer, django_assert_max_num_queries):
    client = browser(officer)
    client.get("/tracks/of/CAR-1/")
    with django_assert_max_num_queries(24):
        client.get("/tracks/of/CAR-1/")


# --- persons --------------------------------------------------------------------------------------------------------


def test_a_person_is_seen_only_with_the_right_for_it(person_carrier, officer, seer):
    assert "P-1" not in browser(officer).get("/tracks/").content.decode()
    assert browser(officer).get("/tracks/of/P-1/").status_code == 404
    assert "王小明" in browser(seer).get("/tracks/").content.decode()


def test_each_look_at_a_person_is_written_down(person_carrier, seer):
    client = browser(seer)
    for _twice in range(2):
        client.get("/tracks/of/P-1/")
    client.get("/tracks/of/P-1/trail.gpx")
    client.get("/tracks/?as=csv")
    looks = Entry.objects.filter(ref__startswith="carrier:", actor_id=seer.pk).values_list("verb", "note")
    assert [one for one in looks if one == ("track.look", "page")] == [("track.look", "page")] * 2
    assert {("track.export", "gpx"), ("track.export", "list")} <= set(looks)


def test_two_people_who_look_leave_two_entries(person_carrier, world, seer):
    other = person("other", "林", world.county, [*SEES, "track.person"])
    for user in (seer, other):
        browser(user).get("/layers/carried-persons/P-1/card/")
        browser(user).get("/layers/carried-persons/P-1/card/")
    assert Entry.objects.filter(verb="track.look").count() == 2


def test_persons_on_the_map_are_written_down_and_never_of_the_past(person_carrier, seer, officer):
    found = browser(seer).get("/layers/carried-persons.geojson").json()["features"]
    assert [one["properties"]["title"] for one in found] == ["王小明"]
    assert Entry.objects.filter(verb="track.watch", actor_id=seer.pk).count() == 1
    then = ms(timezone.now() - timedelta(minutes=5))
    assert browser(seer).get(f"/layers/carried-persons.geojson?at={then}").json()["features"] == []
    assert browser(officer).get("/layers/carried-persons.geojson").status_code == 404
    assert "P-1" not in str(browser(seer).get("/layers/carrier-trails.geojson").json())
    assert "P-1" not in str(browser(seer).get("/layers/carriers.geojson").json())


def test_a_name_is_masked_and_not_found_by_what_is_masked(person_carrier, world):
    masked = person("masked", "林", world.county, [*SEES, "track.person"])
    client = browser(masked)
    assert "王**" in client.get("/tracks/").content.decode()
    assert "王小明" not in client.get("/tracks/of/P-1/").content.decode()
    assert "No carrier fits" in client.get("/tracks/?q=小明").content.decode()
    assert "王小明" not in client.get("/tracks/of/P-1/trail.gpx").content.decode()


def test_the_receiver_of_a_person_never_becomes_that_of_a_vehicle(person_carrier, world, engineer):
    end_carrier(person_carrier, actor=world.hands, now=NOW)
    told = {"name": "抢险车", "kind": "vehicle", "region": world.canglang, "device": person_carrier.device}
    with pytest.raises(Refused, match=r"places of a person|人员"):
        add_carrier(code="X-1", system="WGS-84", period_s=15, actor=engineer, now=NOW, **told)
    kinds = set(Point.records.filter(device=person_carrier.device).values_list("kind", flat=True))
    assert kinds == {"person_position"}


def test_a_fence_does_not_name_whom_it_holds(person_carrier, world, officer, engineer):
    fence = fences.add_fence(
        name="隔离区", kind="stay_in", region=world.county, circle=(LON, LAT, 100.0), actor=world.hands, now=NOW
    )
    fences.hold(fence, [person_carrier], actor=world.hands, now=NOW)
    (point,) = Point.records.filter(kind="person_fence")
    assert "王" not in point.name
    masked = person("masked", "林", world.county, [*SEES, "track.person", "track.manage"])
    by_name, by_nothing = (
        browser(masked).get(f"/tracks/fences/{fence.pk}/?q={typed}").content.decode().count("P-1")
        for typed in ("小明", "nobody")
    )
    assert by_name == by_nothing


def test_readings_of_a_person_are_shut_at_every_other_door(person_carrier, officer, engineer):
    point = Point.records.get(pk=person_carrier.lat_id)
    for user in (officer, engineer):
        client = browser(user)
        assert client.get(f"/sensing/points/{point.code}/").status_code == 404
        assert point.code not in client.get("/sensing/points/").content.decode()
        assert client.get("/layers/points.geojson").json()["features"] == []


# --- the map --------------------------------------------------------------------------------------------------------


def test_the_layer_gives_place_speed_and_course(driven, officer):
    (one,) = browser(officer).get("/layers/carriers.geojson").json()["features"]
    assert one["geometry"]["coordinates"] == [pytest.approx(LON + 19 * EAST_100, abs=1e-6), LAT]
    facts = one["properties"]
    assert (facts["value"], facts["course"], facts["group"], "silent" in facts) == ("24 km/h", 90.0, "vehicle", False)


def test_an_old_place_is_silent_and_has_no_speed(world, officer):
    world.clock.now = ms(timezone.now())
    world.send(world.car, [(ago(1_000), LON, LAT, 0, 24.0, 90.0)])
    world.follower.round(timezone.now())
    (one,) = browser(officer).get("/layers/carriers.geojson").json()["features"]
    assert (
        one["properties"]["silent"] is True and "value" not in one["properties"] and "course" not in one["properties"]
    )


def test_a_doubt_is_said_on_the_mark(driven, officer):
    driven.send(driven.car, [(ago(1), LON + 1, LAT)])
    driven.follower.round(timezone.now())
    (one,) = browser(officer).get("/layers/carriers.geojson").json()["features"]
    assert "position doubtful" in one["properties"]["title"]
    assert one["geometry"]["coordinates"][0] == pytest.approx(LON + 19 * EAST_100, abs=1e-6)


def test_the_slider_shows_where_it_was(driven, officer):
    then = timezone.now() - timedelta(seconds=160)
    (one,) = browser(officer).get(f"/layers/carriers.geojson?at={ms(then)}").json()["features"]
    assert one["geometry"]["coordinates"][0] == pytest.approx(LON + 9 * EAST_100, abs=1.1 * EAST_100)
    before = ms(timezone.now() - timedelta(hours=2))
    assert browser(officer).get(f"/layers/carriers.geojson?at={before}").json()["features"] == []


def test_trails_and_box(driven, officer):
    client = browser(officer)
    (trail,) = client.get("/layers/carrier-trails.geojson?zoom=14").json()["features"]
    assert trail["geometry"]["type"] == "MultiLineString"
    assert client.get("/layers/carriers.geojson?bbox=100,20,101,21").json()["features"] == []
    assert client.get("/layers/carrier-trails.geojson?bbox=100,20,101,21").json()["features"] == []


def test_the_layer_costs_the_same_for_many(world, officer, django_assert_max_num_queries):
    many(world, 100)
    window = Window(now=timezone.now())
    drawn.thing_features(officer, window)
    with django_assert_max_num_queries(3):
        assert len(drawn.thing_features(officer, window)["features"]) == 100


def test_the_search_box_finds_it(driven, officer):
    first, *_points = browser(officer).get("/layers/search/?q=caqx").json()["hits"]
    assert (first["layer"], first["id"]) == ("carriers", "CAR-1")


def test_the_card_says_where_it_is_and_which_fences_hold_it(driven, officer):
    made = fences.add_fence(
        name="县城", kind="stay_in", region=driven.canglang, circle=(LON, LAT, 900.0), actor=driven.hands, now=NOW
    )
    fences.hold(made, [driven.car], actor=driven.hands, now=NOW)
    card = browser(officer).get("/layers/carriers/CAR-1/card/").content.decode()
    assert "川安抢险一号" in card and "24" in card and "县城" in card
    found = browser(officer).get("/layers/fences.geojson").json()["features"]
    assert [one["properties"]["title"] for one in found] == ["县城"]
    assert "县城" in browser(officer).get(f"/layers/fences/{made.pk}/card/").content.decode()
    assert browser(officer).get("/layers/fences/x/card/").status_code == 404


# --- entering and changing ------------------------------------------------------------------------------------------

NEW = {
    "code": "BOAT-1", "name": "冲锋舟", "kind": "boat", "region": "990123101", "device": "BOAT-1", "system": "GCJ-02",
    "period_s": "10", "unit": "", "uid": "",
}  # fmt: skip


def test_a_carrier_is_entered_with_its_points(world, engineer):
    register_device(code="BOAT-1", name="艇", region=world.canglang, actor=world.hands, now=NOW)
    answer = browser(engineer).post("/tracks/new/", NEW)
    assert answer.status_code == 302, answer.content.decode()
    made = Carrier.records.get(code="BOAT-1")
    assert (made.lat.code, made.course.code, made.system) == ("BOAT-1/lat", "BOAT-1/direction", "GCJ-02")
    assert {made.lat.kind, made.speed.kind} == {"position"}
    assert Entry.objects.filter(verb="track.add", actor_id=engineer.pk).exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("system", ""), ("system", "auto"), ("device", "nobody"), ("region", "000000"), ("kind", "ship"),
        ("code", "CAR-1"), ("code", "a b"), ("name", " "), ("period_s", "0"), ("unit", "TEM-99999"),
    ],
)  # fmt: skip
def test_what_cannot_be_entered_is_refused_in_words(world, engineer, field, value):
    register_device(code="BOAT-1", name="艇", region=world.canglang, actor=world.hands, now=NOW)
    answer = browser(engineer).post("/tracks/new/", NEW | {field: value})
    assert answer.status_code == 422 and 'role="alert"' in answer.content.decode()
    assert not Carrier.records.filter(device__code="BOAT-1").exists()
    assert not Point.records.filter(code__startswith="BOAT-1").exists()


def test_points_that_a_terminal_has_already_are_taken_over(world):
    device, _key = register_device(code="CAR-2", name="x", region=world.canglang, actor=world.hands, now=NOW)
    add_points(
        [
            {"code": f"CAR-2/{s}", "name": s, "kind": "other", "region": world.canglang, "device": device}
            for s in ("lat", "lon")
        ],
        actor=world.hands, now=NOW,
    )  # fmt: skip
    made = add_carrier(
        code="CAR-2", name="二号", kind="vehicle", region=world.canglang, device=device, system="WGS-84",
        actor=world.hands, now=NOW,
    )  # fmt: skip
    assert {point.kind for point in Point.records.filter(pk__in=(made.lat_id, made.lon_id, made.speed_id))} == {
        "position"
    }
    with pytest.raises(Refused, match=r"CAR-2"):
        add_carrier(
            code="CAR-3", name="三号", kind="vehicle", region=world.canglang, device=device, system="WGS-84",
            actor=world.hands, now=NOW,
        )  # fmt: skip


def test_whoever_may_not_enters_changes_and_ends_nothing(world, officer, foreigner):
    facts = {"name": "x", "kind": "vehicle", "region": world.canglang, "device": world.device, "system": "WGS-84"}
    for nobody in (officer, foreigner):
        with pytest.raises(NotAllowed):
            add_carrier(code="X", actor=nobody, now=NOW, **facts)
    assert browser(officer).get("/tracks/new/").status_code == 403
    assert browser(officer).post("/tracks/of/CAR-1/end/").status_code == 403
    assert browser(foreigner).post("/tracks/of/CAR-1/end/").status_code == 404
    assert browser(officer).post("/tracks/of/CAR-1/change/", {"name": "y", "system": "WGS-84"}).status_code == 403
    assert Carrier.records.get(code="CAR-1").enabled


def test_a_carrier_is_changed_and_taken_out_of_use(world, engineer):
    client = browser(engineer)
    client.post("/tracks/of/CAR-1/change/", {"name": "新名", "system": "BD-09", "unit": ""})
    found = Carrier.records.get(code="CAR-1")
    assert (found.name, found.system) == ("新名", "BD-09")
    client.post("/tracks/of/CAR-1/end/")
    assert client.get("/tracks/of/CAR-1/").status_code == 404


# --- fences ---------------------------------------------------------------------------------------------------------

FENCE = {"name": "库区", "kind": "keep_out", "region": "990123101", "begins": "", "ends": ""}


@pytest.mark.parametrize(
    "ground",
    [
        {"how": "draw", "corners": "104.2, 31.7\n104.3 31.7\n\n104.3，31.8"},
        {"how": "circle", "lon": "104.25", "lat": "31.75", "radius_m": "500"},
        {"how": "region"},
    ],
)
def test_a_fence_is_put_up_by_each_way(world, engineer, ground):
    client = browser(engineer)
    answer = client.post("/tracks/fences/new/", FENCE | ground)
    assert answer.status_code == 302, answer.content.decode()
    made = Fence.records.get()
    assert client.get(f"/tracks/fences/{made.pk}/").status_code == 200
    (ground_, *_rest) = client.get(f"/tracks/fences/{made.pk}/ground.json").json()["features"]
    assert ground_["geometry"]["type"] in ("Polygon", "MultiPolygon")


def test_a_fence_comes_from_a_map_file(world, engineer, tmp_path):
    path = tmp_path / "fence.geojson"
    path.write_text('{"type":"Polygon","coordinates":[[[104.2,31.7],[104.3,31.7],[104.3,31.8],[104.2,31.7]]]}')
    with path.open("rb") as file:
        assert browser(engineer).post("/tracks/fences/new/", FENCE | {"how": "file", "file": file}).status_code == 302
    broken = tmp_path / "fence.kml"
    broken.write_text("<kml")
    with broken.open("rb") as file:
        assert browser(engineer).post("/tracks/fences/new/", FENCE | {"how": "file", "file": file}).status_code == 422
    assert Fence.records.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"how": "draw", "corners": ""}, {"how": "draw", "corners": "1,2\n3,4"}, {"how": "draw", "corners": "a,b"},
        {"how": "circle", "lon": "x", "lat": "31", "radius_m": "5"}, {"how": "file"},
        {"how": "circle", "lon": "104", "lat": "31", "radius_m": "50", "begins": "08:00"},
        {"how": "circle", "lon": "104", "lat": "31", "radius_m": "50", "begins": "25:00", "ends": "26:00"},
        {"how": "circle", "lon": "104", "lat": "31", "radius_m": "50", "region": "990123"},
    ],
)  # fmt: skip
def test_a_fence_that_cannot_be_is_refused_and_the_form_keeps_what_was_typed(world, engineer, wrong):
    if wrong.get("region"):
        engineer = person("townsman", "镇", world.canglang, [*SEES, "track.manage"])
    answer = browser(engineer).post("/tracks/fences/new/", FENCE | wrong)
    assert answer.status_code == 422 and "库区" in answer.content.decode()
    assert not Fence.records.exists()


def test_carriers_are_chosen_on_the_page_and_others_stay(world, engineer, officer):
    made = fences.add_fence(
        name="x", kind="stay_in", region=world.canglang, circle=(LON, LAT, 900.0), actor=world.hands, now=NOW
    )
    client = browser(engineer)
    client.post(f"/tracks/fences/{made.pk}/hold/", {"shown": ["CAR-1"], "carrier": ["CAR-1"]})
    assert Watch.objects.filter(ended_at=None).count() == 1
    client.post(f"/tracks/fences/{made.pk}/hold/", {"shown": [], "carrier": []})
    assert Watch.objects.filter(ended_at=None).count() == 1
    assert "CAR-1" in client.get(f"/tracks/fences/{made.pk}/").content.decode()
    assert browser(officer).post(f"/tracks/fences/{made.pk}/hold/", {"shown": ["CAR-1"]}).status_code == 403
    client.post(f"/tracks/fences/{made.pk}/hold/", {"shown": ["CAR-1"]})
    assert not Watch.objects.filter(ended_at=None).exists()
    client.post(f"/tracks/fences/{made.pk}/end/")
    assert client.get(f"/tracks/fences/{made.pk}/").status_code == 404
    assert "No fence yet" in client.get("/tracks/fences/").content.decode()


def test_the_list_of_fences_costs_the_same_for_many(world, officer, django_assert_max_num_queries):
    def put(n):
        for i in range(n):
            fences.add_fence(
                name=f"x{i}",
                kind="stay_in",
                region=world.canglang,
                circle=(LON, LAT, 900.0),
                actor=world.hands,
                now=at(i),
            )

    put(2)
    client = browser(officer)
    client.get("/tracks/fences/")
    with django_assert_max_num_queries(20) as found:
        client.get("/tracks/fences/")
    put(20)
    with django_assert_max_num_queries(len(found)):
        client.get("/tracks/fences/")
