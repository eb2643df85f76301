"""OGC API – Features over registers: walked by OWSLib, filtered by CQL2, within scope and masks."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import shapely
from django.utils import timezone
from owslib.ogcapi.features import Features
from small_county import make_user, sign_in

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.formats.cql2 import parse
from anlan.kernel.people import rate, tokens
from anlan.kernel.registers import cql
from anlan.kernel.registers.columns import store
from anlan.kernel.registers.cql_values import BadFilter, Pattern

ITEMS = "/api/v1/ogc/collections/enterprise/items"


@pytest.fixture(autouse=True)
def _no_rate_remembered():
    rate.SHARED.forget()


@pytest.fixture
def client(client, sites, keeper):
    return sign_in(client, keeper)


def codes(client, query=""):
    answer = client.get(f"{ITEMS}?sortby=code&{query}")
    assert answer.status_code == 200, answer.json()
    return [one["id"] for one in answer.json()["features"]]


def by_filter(client, text):
    return codes(client, f"filter={quote(text)}")


@pytest.mark.django_db(transaction=True)
def test_owslib_walks_it_from_landing_page_to_item(live_server, sites, keeper):
    key = tokens.give(
        owner=keeper, name="QGIS", verbs=[ENTERPRISES.see], region=None, days=9, now=timezone.now()
    )[1]  # fmt: skip
    service = Features(f"{live_server.url}/api/v1/ogc/", headers={"Authorization": f"Bearer {key}"})
    assert "features-1/1.0/conf/core" in str(service.conformance())
    assert "enterprise" in service.feature_collections()
    assert service.collection("enterprise")["itemType"] == "feature"
    assert service.collection("enterprise")["extent"]["spatial"]["bbox"] == [[104.1, 31.6, 104.6, 31.6]]
    assert "kind" in service.collection_queryables("enterprise")["properties"]
    assert "/collections/enterprise/items" in service.api()["paths"]
    page = service.collection_items("enterprise", limit=2, sortby=("code", "asc"))
    assert (page["numberMatched"], page["numberReturned"]) == (5, 2)
    assert [one["id"] for one in page["features"]] == ["S-1", "S-2"]
    assert any(link["rel"] == "next" for link in page["links"])
    rest = service.collection_items("enterprise", limit=9, offset=2)
    assert rest["numberReturned"] == 3
    assert service.collection_items("enterprise", bbox=[104.5, 31.5, 105, 32])["numberMatched"] == 1
    assert service.collection_items("enterprise", filter="kind = 'warehouse' AND risk < 2")["numberMatched"] == 1
    assert service.collection_item("enterprise", "S-1")["geometry"]["coordinates"] == [104.1, 31.6]


with_db = pytest.mark.django_db


@with_db
def test_next_links_lead_through_all(client):
    seen, address = [], f"{ITEMS}?limit=2"
    while address:
        page = client.get(address).json()
        seen += [one["id"] for one in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert len(seen) == len(set(seen)) == 5


@with_db
def test_bbox_datetime_search_and_queryables_as_parameters(client):
    assert codes(client, "bbox=104,31.5,104.5,32") == ["S-1"]
    assert codes(client, "bbox=104,31.5,0,104.5,32,9") == ["S-1"]
    assert codes(client, "bbox=170,31.5,-170,32") == []
    assert len(codes(client, "datetime=2026-11-22/..")) == 5
    assert codes(client, "datetime=../2026-11-21") == []
    assert codes(client, "datetime=2026-11-22") == ["S-1", "S-2", "S-3", "S-4", "S-5"]
    assert codes(client, "kind=light") == ["S-3"]
    assert codes(client, "q=cq") == ["S-4", "S-5"]


@with_db
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kind = 'warehouse'", "45"),
        ("kind <> 'warehouse'", "123"),
        ("kind IN ('light', 'filling')", "23"),
        ("risk >= 3", "24"),
        ("risk BETWEEN 2 AND 3", "14"),
        ("NOT risk >= 3", "15"),
        ("risk IS NULL", "3"),
        ("risk IS NOT NULL AND NOT (risk = 4 OR risk = 1)", "14"),
        ("name LIKE '%号库'", "45"),
        ("name LIKE '重庆路_号库'", "4"),
        ("name LIKE '丹%站'", "2"),
        ("name = '沙头小学'", "3"),
        ("CASEI(code) LIKE CASEI('s-%')", "12345"),
        ("code > 'S-3'", "45"),
        ("region LIKE '990123102%'", "245"),
        ("region = '990123101201'", "13"),
        ("S_INTERSECTS(geometry, BBOX(104, 31.5, 104.5, 32))", "1"),
        ("S_DISJOINT(geometry, BBOX(104, 31.5, 104.5, 32))", "2"),
        ("S_WITHIN(geometry, POLYGON((104.2 31.5, 105 31.5, 104.9 31.8, 104.2 31.9, 104.2 31.5)))", "2"),
        ("geometry IS NULL", "345"),
        ("T_AFTER(changed_at, DATE('2026-11-21'))", "12345"),
        ("T_BEFORE(changed_at, TIMESTAMP('2026-11-21T19:25:18Z'))", ""),
        ("changed_at = DATE('2026-11-22')", "12345"),
        ("T_DURING(changed_at, INTERVAL('..', '2026-11-23'))", "12345"),
        ("lon > lat", "12"),
        ("risk = 1 OR lon > 104.2", "25"),
    ],
)
def test_cql2_filters_find_what_they_say(client, text, found):
    assert by_filter(client, text) == [f"S-{sign}" for sign in found]


@with_db
def test_cql2_as_json(client):
    text = '{"op":"=","args":[{"property":"kind"},"light"]}'
    assert codes(client, f"filter-lang=cql2-json&filter={quote(text)}") == ["S-3"]


@with_db
@pytest.mark.parametrize(
    "query",
    [
        "filter=kind%20%3D", "filter=keeper_phone%20%3D%20'19000004855'", "filter=nothing%20%3D%201",
        "filter=risk%20%3D%20'a'", "filter-lang=cql-text&filter=risk%3D1", "bbox=1,2,3", "bbox=104,40,105,30",
        "datetime=yesterday", "crs=EPSG:4490", "f=html",
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_words(client, query):
    answer = client.get(f"{ITEMS}?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"]


@with_db
@pytest.mark.parametrize("part", ["name LIKE '%库'", "risk = 1"])
def test_a_filter_of_too_many_conditions_is_refused(client, part):
    most = {"name LIKE '%库'": 4, "risk = 1": 60}[part]
    assert client.get(ITEMS, {"filter": " OR ".join([part] * most)}).status_code == 200
    assert client.get(ITEMS, {"filter": " OR ".join([part] * (most + 1))}).status_code == 400


@with_db
def test_an_unknown_parameter_is_refused(client):
    assert client.get(f"{ITEMS}?colour=red").status_code == 400
    assert client.get(f"{ITEMS}?limit=none").status_code == 400


@with_db
def test_outlines_are_the_geometry_and_are_found_by_what_they_touch(client, sites):
    area = shapely.from_wkt("POLYGON((104.7 31.7, 104.9 31.7, 104.9 31.9, 104.7 31.7))")
    ENTERPRISES.model.records.filter(code="S-4").update(outline=shapely.to_wkb(area))
    feature = client.get(f"{ITEMS}/S-4").json()
    assert feature["geometry"]["type"] == "Polygon"
    assert codes(client, "bbox=104.88,31.71,104.95,31.72") == ["S-4"]
    assert by_filter(client, "S_CONTAINS(geometry, POINT(104.85 31.75))") == ["S-4"]
    page = client.get(ITEMS).json()
    assert shapely.box(*page["bbox"]).contains(shapely.Point(104.8, 31.75))


@with_db
def test_S2_S6_scope_and_masks_hold_on_the_map_too(sites, county, client):
    assert client.get(f"{ITEMS}/S-1").json()["properties"]["keeper_phone"] == "190****4855"
    sign_in(client, make_user("danya", "record_keeper", region=county.danya))
    assert codes(client) == ["S-2", "S-4", "S-5"]
    assert client.get(f"{ITEMS}/S-1").status_code == 404
    sign_in(client, make_user("nobody"))
    assert client.get(ITEMS).status_code == 404
    assert client.get("/api/v1/ogc/collections").json()["collections"] == []


@with_db
def test_a_filter_costs_no_more_when_its_pattern_is_hostile(sites):
    pattern = Pattern("%a" * 500 + "%b")
    assert not pattern.fits("a" * 5000)
    assert Pattern("a%a").fits("aa")
    assert not Pattern("a%a").fits("a")
    assert Pattern("%\\%%").fits("5%")
    assert not Pattern("%\\%%").fits("5")
    assert Pattern("a_c%").fits("abcd")
    with pytest.raises(BadFilter):
        cql.fitting(store.of(ENTERPRISES), parse("T_MEETS(changed_at, INTERVAL('2026-01-01', '2026-01-02'))"))
