"""Layers: declared once, shown by right, cut at their limit; the circle and the search box."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import shapely
from django.http import Http404
from django.test import RequestFactory
from django.utils.translation import override

from anlan.kernel.layers import declarations, queries, views
from anlan.kernel.layers.declarations import Act, Card, Figure, Hit, Layer, Line, Window
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions import scope
from anlan.kernel.regions.models import Level, Region

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
    assert rows[1]["legend"] == [{"value": "1", "label": "Red", "level": 1, "icon": ""}]


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


def test_a_degree_of_latitude_is_111_km():
    assert queries.distance_m(104, 31, 104, 32) == pytest.approx(111_195, abs=1)
    assert queries.distance_m(104, 60, 105, 60) == pytest.approx(55_597, rel=0.001)


def test_the_box_holds_its_circle():
    west, south, east, north = queries.box_around(104.0, 31.0, 3000)
    for lon, lat in ((west, 31.0), (east, 31.0), (104.0, south), (104.0, north)):
        assert queries.distance_m(104.0, 31.0, lon, lat) == pytest.approx(3000, rel=0.001)


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
        found = queries.around(ACTOR, 104.0, 31.0, 3000, now=NOW)
        assert (found.people, found.villages) == (2000, 2)
        assert [(one.code, n) for one, n in found.counts] == [("sites", 2)]
        assert [near.id for near in found.nearest] == ["near", "far"]
        assert found.nearest[0].distance_m == pytest.approx(111.2, abs=0.1)

    def test_areas_and_layers_that_opted_out_are_not_counted(self, shelf):
        layer(point("1", 104.0, 31.0), around=False)
        layer(point("1", 104.0, 31.0), code="areas", draw="fill")
        assert queries.around(ACTOR, 104.0, 31.0, 3000, now=NOW).counts == ()

    @pytest.mark.parametrize(
        "query", ["lon=104&lat=31", "lon=104&lat=31&r=0", "lon=x&lat=31&r=9", "lon=1&lat=2&r=99999999"]
    )
    def test_a_circle_that_cannot_be_meant_is_refused(self, shelf, query):
        assert ask(views.around, f"/?{query}").status_code == 400

    def test_the_answer_has_what_the_panel_shows(self, shelf):
        layer(point("1", 104.0, 31.0, level=2), icon="tank")
        body = json.loads(ask(views.around, "/?lon=104&lat=31&r=1000").content)
        assert body["counts"] == [{"layer": "sites", "title": "sites", "icon": "tank", "count": 1}]
        assert body["nearest"][0]["level"] == 2

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
