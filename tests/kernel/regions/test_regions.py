"""The tree of places: planting, looking up, searching, and scope that fails closed."""

from __future__ import annotations

import pytest
import shapely
from django.contrib.auth.models import AnonymousUser
from small_county import make_user, plant_county

from anlan.kernel.people import services as people
from anlan.kernel.regions import queries
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.pinyin import matching, pinyin_key, sort_key
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.regions.services import BadRegions, Planting, plant

pytestmark = pytest.mark.django_db


def test_a_planted_region_knows_its_path_its_bounds_and_its_pinyin():
    shatou = plant_county().shatou
    shatou.refresh_from_db()
    assert shatou.path == "/990123/990123101/990123101201/"
    assert (shatou.min_lon, shatou.min_lat, shatou.max_lon, shatou.max_lat) == (104.0, 31.5, 104.25, 31.75)
    assert (shatou.lon, shatou.lat) == (104.125, 31.625), "a place without a seat gets a point inside its boundary"
    assert shatou.pinyin == "shatoucun|stc"


def test_rows_may_come_in_any_order_and_planting_again_refreshes_them():
    box = shapely.box(104, 31, 105, 32)
    rows = [("9901", "南平市", "city", None, box, None, None, None), ("990123", "安澜县", "county", "9901")]
    plant(reversed(rows))
    (county,) = plant([("990123", "新安澜县", "county", "9901", None, 104.5, 31.5, 9)])
    assert Region.objects.count() == 2
    assert (county.name, county.path, county.population) == ("新安澜县", "/9901/990123/", 9)


def test_all_faults_are_named_at_once_and_nothing_is_planted():
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(BadRegions) as refused:
        plant(
            [
                Planting("99", "省", "province"),
                Planting("99", "省", "province"),
                Planting("991", "镇", "town", "77"),
                Planting("992", "县", "county", "99", bow_tie),
                Planting("993", "省", "province", "99"),
                Planting("99/4", "县", "county", "99"),
                Planting("995", "县", "shire", "99"),
                Planting("996", "县", "county", "99", shapely.box(500_000, 3_000_000, 500_100, 3_000_100)),
            ]
        )
    assert len(refused.value.faults) == 7
    assert not Region.objects.exists()


def test_a_region_does_not_move_under_another_parent():
    plant_county()
    with pytest.raises(BadRegions, match="990123101201"):
        plant([Planting("990123101201", "沙头村", "village", "990123102")])


@pytest.mark.parametrize(
    ("lon", "lat", "level", "code"),
    [
        (104.05, 31.55, None, "990123101201001"),
        (104.05, 31.55, "town", "990123101"),
        (104.20, 31.70, None, "990123101201"),
        (104.90, 31.95, None, "990123102"),
        (104.90, 31.95, "village", None),
        (110.00, 31.95, None, None),
        (104.50, 31.90, "town", "990123101"),  # on the border of two towns
    ],
)
def test_a_place_lies_in_the_narrowest_region_or_in_the_one_of_the_level_asked_for(lon, lat, level, code):
    plant_county()
    found = queries.region_at(lon, lat, level)
    assert (found.code if found else None) == code


def test_the_root_is_the_county_though_province_and_city_stand_above_it():
    assert queries.root() is None
    plant([("99", "省", "province"), ("9901", "市", "city", "99"), ("990123", "县", "county", "9901")])
    assert queries.root().code == "990123"
    plant([("990123101", "镇", "town", "990123")])
    assert queries.root().code == "990123", "a county with one town is still the county"


def test_ancestors_and_descendants():
    county = plant_county()
    assert [r.code for r in queries.ancestors(county.grid)] == ["990123", "990123101", "990123101201"]
    assert [r.code for r in queries.descendants(county.danya)] == ["990123102201"]


def test_a_boundary_reads_back_as_geojson_with_its_hole():
    shape = shapely.Polygon(
        [(104, 31), (105, 31), (105, 32), (104, 32)], [[(104.4, 31.4), (104.6, 31.4), (104.5, 31.6)]]
    )
    (region,) = plant([Planting("99", "省", "province", None, shape)])
    found = queries.boundary_geojson(region)
    assert found["type"] == "Polygon"
    assert len(found["coordinates"]) == 2
    assert shapely.geometry.shape(found).equals(shape)
    assert queries.boundary_geojson(Region(code="1")) is None


@pytest.mark.parametrize("typed", ["沙", "沙头", "沙头村", "st", "STC", "shatou", "sha tou", "990123101201"])
def test_a_region_is_found_by_one_to_three_characters_pinyin_initials_or_code(typed):
    plant_county()
    assert "沙头村" in [r.name for r in queries.search(typed)]


def test_what_is_not_there_is_not_found():
    plant_county()
    assert not queries.search("云沙").exists()


def test_pinyin_of_mixed_names_and_of_long_ones():
    assert pinyin_key("3号罐V-203") == "3haoguanv203|3hgv203"
    assert pinyin_key("") == pinyin_key("——") == ""
    long = pinyin_key("沧" * 500, 160)
    assert len(long) == 160
    assert long.endswith("|" + "c" * 80)


def test_nothing_typed_matches_everything():
    plant_county()
    assert Region.objects.filter(matching("  ")).count() == 6


def test_S2_a_person_without_grant_reaches_nothing():
    plant_county()
    nobody = make_user("nobody")
    assert reach(nobody, "region.see") == ()
    assert reach(AnonymousUser(), "region.see") == ()
    assert reach(None, "region.see") == ()
    assert not Region.objects.filter(within((), "path")).exists()


def test_S2_a_grant_in_a_town_reaches_its_villages_and_no_neighbour():
    county = plant_county()
    officer = make_user("officer", "town_officer", region=county.canglang)
    inside = Region.objects.filter(within(reach(officer, "region.see"), "path"))
    assert {r.code for r in inside} == {"990123101", "990123101201", "990123101201001"}


def test_S2_a_grant_at_the_root_or_above_it_reaches_everything_without_a_join():
    county = plant_county()
    assert reach(make_user("leader", "leader", region=county.county), "alarm.see") == ("/",)
    assert reach(people.system_user("engine"), "alarm.see") == ("/",)


@pytest.mark.parametrize(
    ("name", "typed"), [("重庆路", "cql"), ("重庆路", "zql"), ("曾家堡", "cjb"), ("单县", "shanxian")]
)
def test_a_polyphone_is_found_by_each_of_its_readings(name, typed):
    assert typed in pinyin_key(name, 240)


def test_names_sort_as_a_chinese_dictionary_does():
    names = ["3号罐", "12号罐", "abc", "安澜县", "昂山", "丹崖", "离石", "连城", "V203", "西安", "先锋"]
    assert sorted(names, key=sort_key) == names
