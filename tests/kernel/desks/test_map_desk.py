"""The map desk: who may open it, the colour of towns, the bars of the slider, and pages that failed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import shapely
from django.test import Client
from django.utils import timezone
from sensing_world import (  # noqa: F401
    DUTY,
    NOW,
    Transition,
    clocks,
    county,
    device,
    entry,
    foreigner,
    fresh_rights,
    hands,
    ms,
    officer,
    other_town,
    person,
    point,
    raised,
    readings,
    sign_in,
    town,
    version,
)

from anlan.kernel.desks import map as desk
from anlan.kernel.layers.declarations import Window
from anlan.kernel.sensing import consumer
from anlan.kernel.sensing.models import Alarm

pytestmark = pytest.mark.django_db


def draw(region, *box):
    region.boundary = shapely.to_wkb(shapely.box(*box))
    region.save()


def test_the_page_opens_for_who_may_see_a_layer_and_names_its_ground(client, officer, town):  # noqa: F811
    html = sign_in(client, officer).get("/map/").content.decode()
    assert 'data-ground="/layers/ground.json"' in html
    assert "map.js" in html


def test_S1_the_page_is_denied_without_any_right(client, county):  # noqa: F811
    nobody = person("nobody", "无权", county, ["setaside.see"])
    assert sign_in(client, nobody).get("/map/").status_code == 403


def test_S1_every_address_of_the_map_needs_a_session(county):  # noqa: F811
    for path in ("/map/", "/map/timeline.json", "/layers/", "/layers/alarms.geojson", "/layers/ground.json"):
        assert Client().get(path).status_code in (302, 401), path


def test_a_town_takes_the_gravest_level_of_its_open_alarms(officer, town, other_town, raised, version, point):  # noqa: F811
    draw(town, 104.5, 31.8, 104.7, 32.0)
    raised()
    assert desk.town_levels(officer, None) == {town.path: 3}
    consumer.take([Transition(version.pk, point.pk, ms(NOW) + 9000, step=1, severity=2)], NOW)
    assert desk.town_levels(officer, None) == {town.path: 2}
    features = desk.towns(officer, Window(now=NOW))["features"]
    assert [(one["properties"]["level"], one["geometry"]["type"]) for one in features] == [(2, "Polygon")]


def test_a_cleared_alarm_colours_nothing_now_and_its_town_then(officer, town, raised):  # noqa: F811
    alarm = raised()
    Alarm.records.filter(pk=alarm.pk).update(cleared_at=NOW + timedelta(minutes=10))
    assert desk.town_levels(officer, None) == {}
    assert desk.town_levels(officer, NOW + timedelta(minutes=5)) == {town.path: 3}
    assert desk.town_levels(officer, NOW + timedelta(minutes=15)) == {}
    assert desk.town_levels(officer, NOW - timedelta(minutes=1)) == {}


def test_S2_an_officer_of_another_town_sees_no_colour_and_no_bar(client, foreigner, town, raised):  # noqa: F811
    draw(town, 104.5, 31.8, 104.7, 32.0)
    raised(now=timezone.now())
    assert desk.towns(foreigner, Window(now=NOW))["features"] == []
    body = json.loads(sign_in(client, foreigner).get("/map/timeline.json").content)
    assert sum(body["bars"]) == 0


def test_an_exercise_and_a_late_discovery_colour_nothing(officer, raised):  # noqa: F811
    alarm = raised()
    Alarm.records.filter(pk=alarm.pk).update(exercise=True)
    assert desk.town_levels(officer, None) == {}
    Alarm.records.filter(pk=alarm.pk).update(exercise=False, retrospective=True)
    assert desk.town_levels(officer, None) == {}


def test_the_slider_counts_alarms_by_quarter_hours():
    start = NOW - timedelta(hours=24)
    rows = [
        (start, 4, "a", 1),
        (start + timedelta(minutes=14, seconds=59), 3, "b", 2),
        (start + timedelta(minutes=15), 1, "c", 3),
        (NOW, 2, "d", 4),
    ]
    body = desk.bars(rows, start, NOW)
    assert len(body["bars"]) == 96
    assert (body["bars"][0], body["bars"][1], body["bars"][95]) == (2, 1, 1)
    assert [tick["level"] for tick in body["ticks"]] == [1, 2, 3, 4], "the gravest are lettered first"


def test_the_slider_letters_only_what_fits():
    start = NOW - timedelta(hours=24)
    rows = [(start + timedelta(minutes=i), 3, "a", i) for i in range(200)]
    body = desk.bars(rows, start, NOW)
    assert len(body["ticks"]) == desk.TICKS
    assert body["ticks"][0]["id"] == "199", "the newest of one level first"


def test_the_timeline_gives_the_alarms_of_the_last_day(client, officer, raised):  # noqa: F811
    raised(now=timezone.now())
    body = json.loads(sign_in(client, officer).get("/map/timeline.json").content)
    assert sum(body["bars"]) == 1
    assert body["to"] - body["from"] == 24 * 3600 * 1000


def test_S7_a_missing_page_names_no_path_and_looks_like_a_foreign_one(client, officer, settings):  # noqa: F811
    settings.DEBUG = False
    sign_in(client, officer)
    one, two = client.get("/layers/secret/1/card/"), client.get("/nowhere/at/all/")
    assert one.status_code == two.status_code == 404
    assert one.content == two.content
    assert "Traceback" not in one.content.decode()


def test_a_form_from_elsewhere_is_refused_in_words(officer):  # noqa: F811
    client = sign_in(Client(enforce_csrf_checks=True), officer)
    answer = client.post("/sign-out/")
    assert answer.status_code == 403
    assert "CSRF" not in answer.content.decode()
