"""Layers: declared once, shown by right, cut at their limit; the circle and the search box."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
import shapely
from django.http import Http404
from django.test import RequestFactory
from django.utils.translation import override

from anlan.kernel.layers import around_views, declarations, queries, surroundings, views
from anlan.kernel.layers.declarations import Act, Card, Figure, Hit, Layer, Line, Window
from anlan.kernel.layers.surroundings import Inside, Source
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions import scope
from anlan.kernel.regions.models import Level, Region
from anlan.science.areas import circle

NOW = datetime(2026, 11, 22, 3, 25, tzinfo=UTC)
ACTOR = SimpleNamespace(pk=1, is_authenticated=True)


@pytest.fixture(autouse=True)
def english():
    with override("en"):
        yield


@pytest.fixture
def shelf(monkeypatch):
    """No layers but the test's own, and a table of rights (verb → prefixes)."""
    monkeypatch.setattr(declarations, "_registry", declarations._Registry())
    rights = {"site.see": ("/",)}
    monkeypatch.setattr(scope, "_reach", [lambda actor, verb: rights.get(verb, ())])
    return rights


def point(pk: str, lon: float, lat: float, **facts):
    facts = {"id": pk, "title": f"Tank {pk}", **facts}
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": facts}


def layer(*features, code="sites", verb="site.see", **more) -> Layer:
    def source(actor, window):
        return {"type": "FeatureCollection", "features": list(features)}

    return declarations.declare(Layer(code=code, title=code, group="Things", verb=verb, source=source, **more))


def ask(view, path="/", actor=ACTOR, **kwargs):
    request = RequestFactory().get(path)
    request.user = actor
    return view(request, **kwargs)


@pytest.mark.parametrize("code", ["", "a b", "höhe", "a/b"])
def test_an_unfit_code_stops_the_start(shelf, code):
    with pytest.raises(ValueError, match="layer code"):
        layer(code=code)


def test_a_layer_declared_twice_stops_the_start(shelf):
    layer()
    with pytest.raises(ValueError, match="twice"):
        layer()


def test_an_unknown_way_of_drawing_stops_the_start(shelf):
    with pytest.raises(ValueError, match="draw"):
        layer(draw="cloud")


def test_S1_a_layer_without_its_right_looks_like_one_that_is_not_there(shelf):
    layer(code="secret", verb="alarm.see")
    layer()
    body = json.loads(ask(views.tree).content)
    assert [one["code"] for group in body["groups"] for one in group["layers"]] == ["sites"]
    for code in ("secret", "nowhere"):
        with pytest.raises(Http404):
            ask(views.features, code=code)
        with pytest.raises(Http404):
            ask(views.card, code=code, id="1")


def test_the_tree_gives_groups_with_legends_and_counts(shelf):
    layer(point("1", 104, 31), point("2", 104, 31), legend=(declarations.LegendItem("1", "Red", 1),))
    layer(code="counted", count=lambda actor: 77)
    rows = json.loads(ask(views.tree).content)["groups"][0]["layers"]
    assert [(row["code"], row["count"]) for row in rows] == [("counted", 77), ("sites", 2)]
    assert rows[1]["legend"] == [{"value": "1", "label": "Red", "level": 1, "icon": "", "tint": ""}]


def test_a_layer_is_cut_at_its_limit_and_says_so(shelf):
    one = layer(*(point(str(i), 104, 31) for i in range(20)))
    found = queries.collection(one, ACTOR, Window(now=NOW, limit=5))
    assert found["cut"] is True
    assert len(found["features"]) == 5


def test_a_layer_without_past_is_empty_while_the_slider_looks_back(shelf):
    one = layer(point("1", 104, 31))
    assert queries.collection(one, ACTOR, Window(now=NOW, at=NOW - timedelta(hours=1)))["features"] == []
    two = layer(point("1", 104, 31), code="past", past=True)
    assert len(queries.collection(two, ACTOR, Window(now=NOW, at=NOW - timedelta(hours=1)))["features"]) == 1


@pytest.mark.parametrize(
    "query",
    ["bbox=1,2,3", "bbox=a,b,c,d", "bbox=nan,1,2,3", "zoom=99", "zoom=x", "at=1", "at=99999999999999999", "at=nan"],
)
def test_a_question_that_cannot_be_read_is_refused_in_words(shelf, query):
    layer(past=True)
    answer = ask(views.features, f"/?{query}", code="sites")
    assert answer.status_code == 400
    assert json.loads(answer.content)["why"]


def test_geojson_is_never_kept_by_the_browser(shelf):
    layer(point("1", 104, 31))
    answer = ask(views.features, "/?bbox=103,30,105,32&zoom=11", code="sites")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"].startswith("application/geo+json")


def test_a_card_shows_its_parts_and_escapes_what_people_wrote(shelf):
    card = Card(
        title="V-203 <b>",
        lines=("Firm",),
        level=2,
        state="Unacknowledged",
        clock=(NOW, NOW + timedelta(minutes=5)),
        figures=(Figure("Gas", "54.5", "%LEL"), Figure("Age", since=NOW), Figure("Level", silent=True)),
        rule="GAS-01 v4",
        rule_clause="GB/T 50493-2019 5.5.2",
        verified=False,
        table=(Line("LT-2031", "6.42 m", "normal"), Line("GT-2032", "31.4", level=3)),
        chain="AL-20261122-0007",
        chain_url="/chains/AL-20261122-0007/",
        acts=(Act("Acknowledge", "/ack/", key="a", primary=True, undo="/undo/"), Act("Open", "/duty/", method="get")),
        lon=104.5,
        lat=31.25,
    )
    layer(card=lambda actor, id: card if id == "1" else None)
    html = ask(views.card, code="sites", id="1").content.decode()
    assert "V-203 &lt;b&gt;" in html
    for part in ("Ⅱ Orange", "54.5", "No data", "GB/T 50493-2019 5.5.2", "Unverified", "Ⅲ Yellow", "AL-20261122-0007"):
        assert part in html
    assert 'data-act="/ack/" data-undo="/undo/"' in html
    assert 'href="/duty/"' in html
    assert 'data-lon="104.5"' in html


def test_a_card_that_is_not_there_is_not_found(shelf):
    layer(card=lambda actor, id: None)
    with pytest.raises(Http404):
        ask(views.card, code="sites", id="9")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("104.6, 31.9", (104.6, 31.9)),
        ("104.6 31.9", (104.6, 31.9)),
        ("104.6，31.9", (104.6, 31.9)),
        ("31.9, 104.6", (104.6, 31.9)),
        ("31.9N 104.6E", (104.6, 31.9)),
        ("31.9°N 104.6°E", (104.6, 31.9)),
        ("30S 20W", (-20.0, -30.0)),
        ("V-203", None),
        ("104.6", None),
        ("1e999, 3", None),
        ("500, 20", None),
    ],
)
def test_coordinates_are_understood_as_people_write_them(text, place):
    assert queries.coordinates(text) == place


@pytest.mark.django_db
class TestAround:
    @pytest.fixture(autouse=True)
    def villages(self):
        town = Region.objects.create(code="990123101", name="沧浦镇", level=Level.TOWN, path="/990123101/")
        for i, (lat, people) in enumerate(((31.0, 1200), (31.02, 800), (31.2, 5000))):
            Region.objects.create(
                code=f"99012310120{i}", name=f"V{i}", level=Level.VILLAGE, path=f"/990123101/{i}/", parent=town,
                lon=104.0, lat=lat, population=people,
            )  # fmt: skip

    def test_people_and_things_inside_are_counted_and_the_nearest_come_first(self, shelf):
        layer(point("near", 104.0, 31.001), point("far", 104.0, 31.02), point("out", 104.0, 31.1))
        layer(point("x", 104.0, 31.0), code="hidden", verb="alarm.see")
        found = surroundings.around(ACTOR, circle(104.0, 31.0, 3000), now=NOW)
        assert (found.people, found.residents, found.villages) == (None, 2000, 2)
        assert [(row.source.code, row.count) for group in found.groups for row in group.rows] == [("sites", 2)]
        assert [near.id for near in found.nearest] == ["near", "far"]
        assert found.nearest[0].distance_m == pytest.approx(110.86, abs=0.02), "along the ellipsoid"

    def test_areas_and_layers_that_opted_out_are_not_counted(self, shelf):
        layer(point("1", 104.0, 31.0), around=False)
        layer(point("1", 104.0, 31.0), code="areas", draw="fill")
        assert surroundings.around(ACTOR, circle(104.0, 31.0, 3000), now=NOW).groups == ()

    @pytest.mark.parametrize(
        "query",
        [
            "lon=104&lat=31", "lon=104&lat=31&r=0", "lon=x&lat=31&r=9", "lon=1&lat=2&r=99999999",
            "polygon=1,2;3,4", "polygon=a,b;1,2;3,4", "polygon=104,31;104.1,31.1;104.1,31;104,31.1",
            "polygon=100,31;104,31;104,35", "polygon=104,31;nan,31;104,32", "polygon=104,31;204,31;104,32",
        ],
    )  # fmt: skip
    def test_an_area_that_cannot_be_meant_is_refused_in_words(self, shelf, query):
        answer = ask(around_views.around, f"/?{query}")
        assert answer.status_code == 400
        assert json.loads(answer.content)["why"]

    def test_the_answer_has_what_the_panel_shows(self, shelf):
        layer(point("1", 104.0, 31.0, level=2), icon="tank")
        body = json.loads(ask(around_views.around, "/?lon=104&lat=31&r=1000").content)
        (group,) = body["groups"]
        assert (group["title"], group["count"]) == ("Things", 1)
        assert group["rows"][0] == {
            "layer": "sites", "title": "sites", "icon": "tank", "count": 1, "levels": {"2": 1}, "nearest_m": 0,
        }  # fmt: skip
        assert body["nearest"][0]["level"] == 2
        assert body["people"] == {"known": False, "residents": 1200, "villages": 1}

    def test_a_drawn_area_counts_what_lies_in_it(self, shelf):
        layer(point("in", 104.01, 31.01), point("out", 104.05, 31.01))
        body = json.loads(ask(around_views.around, "/?polygon=104,31;104.02,31;104.02,31.02;104,31.02").content)
        assert [near["id"] for near in body["nearest"]] == ["in"]
        assert body["area_km2"] == pytest.approx(1.910 * 2.217, rel=0.002)

    def test_the_things_of_one_row_come_by_distance_and_of_a_hidden_one_not_at_all(self, shelf):
        layer(point("far", 104.0, 31.02), point("near", 104.0, 31.001))
        layer(point("x", 104.0, 31.0), code="hidden", verb="alarm.see")
        rows = json.loads(ask(around_views.things, "/?lon=104&lat=31&r=3000&layer=sites").content)["rows"]
        assert [row["id"] for row in rows] == ["near", "far"]
        with pytest.raises(Http404):
            ask(around_views.things, "/?lon=104&lat=31&r=3000&layer=hidden")

    def test_a_source_that_is_no_layer_is_counted_under_its_group(self, shelf, monkeypatch):
        monkeypatch.setattr(surroundings, "_sources", {})

        def find(actor, area, now):
            rows = area.near(np.array([104.0, 105.0]), np.array([31.0, 31.0]))
            found = np.array([7, 8])[rows]
            names = {7: ("Depot", "East road"), 8: ("Other", "")}
            return Inside(found, np.array([104.0, 105.0])[rows], np.array([31.0, 31.0])[rows], np.zeros(rows.size, int),
                          lambda ids: names)  # fmt: skip

        surroundings.register_surroundings(Source("stock", "Stock", "Supplies", "box", "site.see", find))
        surroundings.register_surroundings(Source("secret", "Secret", "Supplies", "box", "stock.see", find))
        found = surroundings.around(ACTOR, circle(104.0, 31.0, 1000), now=NOW)
        assert [(group.title, group.count) for group in found.groups] == [("Supplies", 1)]
        assert (found.nearest[0].title, found.nearest[0].note) == ("Depot", "East road")

    def test_search_finds_places_in_reach_and_rows_of_layers(self, shelf):
        Region.objects.filter(level=Level.TOWN).update(lon=104.0, lat=31.0, pinyin="cangpuzhen|cpz")
        regions.forget()
        layer(search=lambda actor, text, limit: [Hit("V-203", "tank", 104.0, 31.0, id="7")])
        assert [hit.title for hit in queries.search(ACTOR, "沧浦")] == ["V-203"], "no right to see regions"
        shelf["region.see"] = ("/",)
        hits = queries.search(ACTOR, "cpz")
        assert [(hit.title, hit.layer, hit.id) for hit in hits] == [("沧浦镇", "", ""), ("V-203", "sites", "7")]
        assert queries.search(ACTOR, "104, 31")[0].title == "104.00000, 31.00000"
        assert queries.search(ACTOR, "  ") == []


@pytest.mark.django_db
def test_without_a_drawn_ground_borders_and_names_stand_in(settings, tmp_path):
    settings.DATA = tmp_path
    county = shapely.box(104, 31, 105, 32)
    town = shapely.box(104, 31, 104.5, 32)
    for code, name, level, shape in (
        ("990123", "安澜县", Level.COUNTY, county),
        ("990123101", "沧浦镇", Level.TOWN, town),
    ):
        west, south, east, north = shape.bounds
        parent = Region.objects.filter(level=Level.COUNTY).first()
        Region.objects.create(
            code=code, name=name, level=level, parent=parent, path=f"{parent.path if parent else '/'}{code}/",
            boundary=shapely.to_wkb(shape), lon=104.2, lat=31.5,
            min_lon=west, min_lat=south, max_lon=east, max_lat=north,
        )  # fmt: skip
    regions.forget()
    ground = json.loads(ask(views.ground, name="ground.json").content)
    assert ground["bounds"] == [104, 31, 105, 32]
    assert [one["properties"]["name"] for one in ground["towns"]["features"]] == ["沧浦镇"]
    assert ground["labels"]["features"][0]["geometry"]["coordinates"] == [104.2, 31.5]
    outer, hole = ground["mask"]["features"][0]["geometry"]["coordinates"]
    assert len(outer) == len(hole) == 5


@pytest.mark.django_db
def test_the_ground_is_given_from_the_data_directory_and_nothing_else(settings, tmp_path):
    settings.DATA = tmp_path
    with pytest.raises(Http404):
        ask(views.ground, name="ground.json")
    (tmp_path / "ground").mkdir()
    (tmp_path / "ground" / "ground.json").write_text('{"bounds": [104, 31, 105, 32]}')
    (tmp_path / "secret.key").write_text("x")
    answer = ask(views.ground, name="ground.json")
    assert answer.content.startswith(b"{")
    request = RequestFactory().get("/", headers={"if-modified-since": answer["Last-Modified"]})
    assert views.ground(request, name="ground.json").status_code == 304
    with pytest.raises(Http404):
        ask(views.ground, name="../secret.key")
    assert queries.ground_bounds() == (104.0, 31.0, 105.0, 32.0)
