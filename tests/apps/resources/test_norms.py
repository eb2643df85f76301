from __future__ import annotations

import pytest
import shapely
from small_county import NOW, make_user, sign_in

from anlan.apps.resources.declarations import FIRE_STATIONS, SHELTERS, TEAMS
from anlan.apps.resources.queries import norms, reach
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.queries import forget
from anlan.kernel.registers import services as registers
from anlan.science.coverage import distances_km

pytestmark = pytest.mark.django_db


def team(world, name, rank, members, region):
    raw = {"name": name, "kind": "general", "rank": rank, "members": members, "region": region}
    return registers.create(TEAMS, raw, actor=world.actor, now=NOW)


def by_rule(gaps, place):
    return {gap.entry.code: gap for gap in gaps if gap.place.code == place}


def test_teams_of_a_town_count_together_against_its_norm(world):
    team(world, "一队", "town", 12, "990123101")
    team(world, "二队", "town", 10, "990123101201")  # has its base in a village of the town
    team(world, "村队", "village", 9, "990123101201")
    towns = norms.gaps(world.actor, "town", NOW)
    here = by_rule(towns, "990123101")["TEAM-TOWN"]
    assert (here.needed, here.most, here.there, here.missing, here.standing) == (30, 50, 22, 8, "below")
    assert by_rule(towns, "990123102")["TEAM-TOWN"].missing == 30
    villages = norms.gaps(world.actor, "village", NOW, under="990123101")
    assert {gap.place.code for gap in villages} == {"990123101201"}
    assert by_rule(villages, "990123101201")["TEAM-VILLAGE"].missing == 1


def test_supplies_count_by_class_and_head_count(world):
    here = by_rule(norms.gaps(world.actor, "town", NOW), "990123101")
    tents = here["STOCK-TENT"]  # 42,000 people, one for each 1,000; 100 lie there
    assert (tents.needed, tents.there, tents.missing) == (42, 100, 0)
    assert here["STOCK-BOTTLED-WATER"].there == 50.5
    places = here["SHELTER-SHARE"]
    assert (places.needed, places.there) == (6_300, 1_200)


def test_without_a_head_count_the_need_is_not_known(world):
    Region.objects.filter(code="990123102").update(population=None)
    forget()
    gap = by_rule(norms.gaps(world.actor, "town", NOW), "990123102")["STOCK-TENT"]
    assert (gap.needed, gap.missing, gap.standing) == (None, None, None)


def test_a_team_outside_its_norm_is_told_and_kept(world):
    cleaned = registers.clean(TEAMS, {"name": "镇队", "kind": "general", "rank": "town", "members": 20,
                                      "region": "990123101"})  # fmt: skip
    assert [(fault.field, fault.code, fault.blocks) for fault in cleaned.faults] == [("members", "norm", False)]


def test_a_sign_that_promises_too_many_places_is_told(world):
    raw = {"name": "广场", "kind": "emergency", "usable_m2": 500, "stated_places": 1_001, "region": "990123101"}
    assert [fault.field for fault in registers.clean(SHELTERS, raw).faults] == ["stated_places"]
    assert registers.clean(SHELTERS, {**raw, "stated_places": 1_000}).faults == ()
    assert registers.clean(SHELTERS, {**raw, "usable_m2": 0}).blocking


def test_a_station_reaches_what_lies_within_its_minutes(world):
    raw = {"name": "沧浪站", "kind": "second", "region": "990123101", "lon": 104.1, "lat": 31.6, "area_km2": 9}
    cleaned = registers.clean(FIRE_STATIONS, raw)
    assert [fault.field for fault in cleaned.faults] == ["area_km2"]
    station = registers.create(FIRE_STATIONS, raw, actor=world.actor, now=NOW)
    Region.objects.filter(code="990123101201").update(lon=104.105, lat=31.6, population=3_000)
    Region.objects.filter(code="990123102201").update(lon=104.6, lat=31.6, population=1_000)
    forget()
    far = reach.radius(NOW)
    assert far.km == pytest.approx(4 / 60 * 30 / 1.5)
    picture = reach.county_picture(world.actor, NOW)
    assert (picture.people, picture.reached, picture.by_station) == (4_000, 3_000, {station.pk: 1})


@pytest.fixture
def reached(world):
    """A station in Canglang that reaches a village there; a village of Danya beside it, and one far away."""
    raw = {"name": "沧浪站", "kind": "second", "region": "990123101", "lon": 104.1, "lat": 31.6, "area_km2": 3}
    station = registers.create(FIRE_STATIONS, raw, actor=world.actor, now=NOW)
    Region.objects.filter(code="990123101201").update(lon=104.105, lat=31.6, population=3_000)
    Region.objects.filter(code="990123102201").update(lon=104.6, lat=31.6, population=1_000)
    forget()
    return station


def test_the_map_draws_what_a_station_reaches_and_the_villages_that_none_does(world, keeper, client, reached):
    sign_in(client, keeper)
    tree = client.get("/layers/").json()
    layer = next(one for group in tree["groups"] for one in group["layers"] if one["code"] == "fire-coverage")
    assert layer["draw"] == "fill"
    assert layer["count"] == 2
    assert [(item["value"], item["tint"]) for item in layer["legend"]] == [("reached", "accent"), ("gap", "gap")]
    drawn = client.get("/layers/fire-coverage.geojson").json()["features"]
    assert [one["properties"]["group"] for one in drawn] == ["gap", "reached"]
    circle = shapely.geometry.shape(drawn[1]["geometry"])
    assert distances_km([104.1], [31.6], [104.1], [circle.bounds[3]])[0, 0] == pytest.approx(
        reach.radius(NOW).km, rel=0.005
    )
    assert circle.contains(shapely.Point(104.105, 31.6))
    assert shapely.geometry.shape(drawn[0]["geometry"]).contains(shapely.Point(104.6, 31.6))
    assert (drawn[0]["properties"]["id"], drawn[1]["properties"]["id"]) == ("v-990123102201", f"s-{reached.pk}")
    for feature in drawn:
        assert client.get(f"/layers/fire-coverage/{feature['properties']['id']}/card/").status_code == 200
    for key in ("s-0", "v-990123101201", "x-1", "990123102201"):
        assert client.get(f"/layers/fire-coverage/{key}/card/").status_code == 404


def test_without_norms_the_map_says_that_it_does_not_know(world, keeper, client, reached, monkeypatch):
    monkeypatch.setattr(reach, "radius", lambda at: None)
    sign_in(client, keeper)
    groups = client.get("/layers/").json()["groups"]
    assert [one["count"] for group in groups for one in group["layers"] if one["code"] == "fire-coverage"] == [None]


def test_a_neighbours_station_counts_but_is_not_named(world, client, reached):
    far = make_user("far", "town_officer", region=world.county.danya)
    Region.objects.filter(code="990123102201").update(lon=104.105, lat=31.6)
    forget()
    picture = reach.county_picture(far, NOW)
    assert (list(picture.stations), picture.gaps, picture.by_station) == ([], [], {})
    assert [(one.village.code, one.station, one.by) for one in picture.villages] == [("990123102201", None, 1)]
    sign_in(client, far)
    assert client.get("/layers/fire-coverage.geojson").json()["features"] == []
    assert client.get(f"/layers/fire-coverage/s-{reached.pk}/card/").status_code == 404
    assert "沧浪站" not in client.get("/resources/coverage/").content.decode()


def test_a_village_without_a_place_is_said_to_be_left_out(world, reached):
    Region.objects.filter(code="990123102201").update(lon=None, lat=None)
    forget()
    picture = reach.county_picture(world.actor, NOW)
    assert (len(picture.villages), picture.unplaced) == (1, 1)


def test_pages_show_gaps_and_coverage_and_give_them_as_sheets(world, keeper, client):
    team(world, "一队", "town", 12, "990123101")
    raw = {"name": "沧浪站", "kind": "second", "region": "990123101", "lon": 104.1, "lat": 31.6}
    registers.create(FIRE_STATIONS, raw, actor=world.actor, now=NOW)
    sign_in(client, keeper)
    page = client.get("/resources/gaps/").content.decode()
    assert "沧浪镇" in page
    assert "平武县" in page
    for asked in ("?level=village", "?town=990123101&missing=1", "?rule=TEAM-TOWN", "?rule=none"):
        assert client.get(f"/resources/gaps/{asked}").status_code == 200
    sheet = client.get("/resources/gaps/?as=csv").content.decode("utf-8-sig")
    assert "990123101" in sheet
    assert "应急管理体系规划" in sheet
    assert client.get("/resources/coverage/").status_code == 200
    assert "990123101201" in client.get("/resources/coverage/?as=csv").content.decode()
    assert client.get("/registers/fire-station/FST-000001/?tab=reach").status_code == 200
