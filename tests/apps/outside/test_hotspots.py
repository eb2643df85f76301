"""Hotspots: those of the county are kept once and listed, others counted; a person sends somebody to look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from outside_world import NOW, feed_of, fire, firms
from small_county import make_user, sign_in

from anlan.apps.outside.models import Hotspot, Kind
from anlan.apps.outside.queries.hotspots import hotspots_for
from anlan.apps.outside.services import checking, forgetting, hotspots
from anlan.apps.outside.services.hotspots import NoArea
from anlan.kernel.audit.models import Entry
from anlan.kernel.cases.models import Case
from anlan.kernel.chains.models import Chain, Link
from anlan.kernel.layers import queries as layers
from anlan.kernel.layers.declarations import Window
from anlan.kernel.layers.declarations import get as layer_of
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.models import Alarm
from tests.formats.neighbours import recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def feed(world):
    return feed_of(world, Kind.FIRMS, "http://192.0.2.1/f.csv")


def keep(feed, *rows, now=NOW):
    return hotspots.keep(feed, firms(*rows), complete=True, now=now)


def test_those_of_the_county_are_kept_with_their_village_and_others_are_counted(world, feed):
    counts = keep(feed, fire(31.6, 104.1), fire(31.8, 104.6), fire(31.6, 103.9), fire(40.0, 116.0))
    assert (counts.new, counts.elsewhere) == (2, 2)
    first, second = Hotspot.records.order_by("lon")
    assert (first.region.name, second.region.name) == ("沙头村一组", "丹崖镇")
    assert (first.at, first.satellite, first.confidence, first.stated) == (
        datetime(2026, 11, 21, 18, 30, tzinfo=UTC), "Aqua", "high", "85",
    )  # fmt: skip
    assert not Alarm.records.exists()


def test_the_same_pixel_comes_once_and_a_later_version_corrects_it(world, feed):
    keep(feed, fire(), fire())
    assert Hotspot.records.count() == 1
    counts = keep(feed, fire(confidence="40", frp="15.5"))
    assert (counts.new, counts.changed, counts.same) == (0, 1, 0)
    one = Hotspot.records.get()
    assert (one.confidence, one.frp, one.seen_at) == ("nominal", 15.5, NOW)
    assert keep(feed, fire(confidence="40", frp="15.5")).same == 1
    assert keep(feed, fire(time="1831")).new == 1, "another minute is another overpass"


def test_a_box_narrows_and_a_county_without_outline_needs_one(world, feed):
    narrow = feed_of(world, Kind.FIRMS, "http://192.0.2.1/f.csv", box=(104.0, 31.5, 104.2, 31.7))
    assert hotspots.keep(narrow, firms(fire(31.6), fire(31.8)), complete=True, now=NOW).new == 1
    Region.objects.filter(pk=world.county.pk).update(boundary=None)
    with pytest.raises(NoArea):
        keep(feed, fire())
    counts = hotspots.keep(narrow, firms(fire(31.65), fire(31.8)), complete=True, now=NOW)
    assert (counts.new, counts.elsewhere) == (1, 1)


def test_the_recorded_files_are_read_and_none_of_them_burns_here(world, feed):
    data = recorded("fire/firms_Portugal_firms_2016_17_18_MODIS.csv")
    counts = hotspots.keep(feed, data, complete=True, now=NOW)
    assert (counts.elsewhere, counts.new, counts.refused) == (12_570, 0, 0)


# --- the check --------------------------------------------------------------------------------------------------------
@pytest.fixture
def fires(world, feed):
    """Two pixels of one fire and one far away."""
    keep(feed, fire(31.60, 104.10), fire(31.61, 104.11), fire(31.95, 104.95))
    return list(Hotspot.records.order_by("lon"))


def test_a_check_is_a_case_whose_causes_are_the_hotspots(world, fires):
    case = checking.order_check(fires[:2], unit=world.unit, level=3, actor=world.officer, now=NOW)
    assert (case.kind, case.unit, case.level) == ("alarm.handle", world.unit, 3)
    assert {row.case for row in Hotspot.records.filter(pk__in=[one.pk for one in fires[:2]])} == {case}
    links = set(Link.objects.filter(effect=f"case:{case.pk}").values_list("cause", flat=True))
    assert links == {f"hotspot:{one.pk}" for one in fires[:2]}
    chain = Chain.records.get()
    assert (chain.lon, chain.lat, chain.number[:2]) == (104.1, 31.6, "HS")
    assert Entry.objects.filter(verb="outside.check", actor_id=world.officer.pk).count() == 2


def test_a_hotspot_is_checked_once_and_only_by_who_may_open_cases_there(world, fires):
    for actor in (world.canglang_officer, world.engineer, world.keeper):
        with pytest.raises(NotAllowed):
            checking.order_check(fires[:1], unit=world.unit, level=3, actor=actor, now=NOW)
    danya = make_user("danya-duty", "duty_officer", region=world.danya)
    with pytest.raises(NotAllowed):
        checking.order_check(fires[:1], unit=world.unit, level=3, actor=danya, now=NOW)
    assert not Case.records.exists() and not Chain.records.exists()
    checking.order_check(fires[:1], unit=world.unit, level=3, actor=world.officer, now=NOW)
    with pytest.raises(checking.Refused, match="已在核查"):
        checking.order_check(fires[:2], unit=world.unit, level=3, actor=world.officer, now=NOW)
    assert Case.records.count() == 1
    with pytest.raises(checking.Refused):
        checking.order_check(fires[2:], unit=world.unit, level=3, actor=world.officer, now=NOW)  # another town's unit


def test_the_page_orders_the_check_with_those_that_were_ticked(world, fires, client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    sign_in(client, world.officer)
    path = f"/outside/hotspots/{fires[0].pk}/"
    page = client.get(path).content.decode()
    assert f'value="{fires[1].pk}" checked' in page and f'value="{fires[2].pk}" checked' not in page
    assert client.post(path + "check/", {"unit": "no-such"}).status_code == 302
    assert not Case.records.exists()
    # One that is far away cannot be slipped in.
    answer = client.post(path + "check/", {"unit": "CL-YJB", "level": "2", "with": [fires[1].pk, fires[2].pk]})
    assert answer.status_code == 302
    assert set(Case.records.get().hotspots.all()) == {fires[0], fires[1]}
    assert Case.records.get().number in client.get(path).content.decode()
    sign_in(client, world.canglang_officer)
    assert client.post(f"/outside/hotspots/{fires[0].pk}/check/", {"unit": "CL-YJB"}).status_code == 302
    assert Case.records.count() == 1


# --- pages ------------------------------------------------------------------------------------------------------------
def test_each_sees_what_lies_in_their_own_region(world, fires, client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    assert hotspots_for(world.officer).count() == 3
    assert hotspots_for(world.canglang_officer).count() == 2
    assert hotspots_for(world.danya_officer).count() == 1
    assert hotspots_for(world.keeper).count() == 0
    sign_in(client, world.danya_officer)
    assert client.get("/outside/hotspots/").content.decode().count("data-row") == 1
    assert client.get(f"/outside/hotspots/{fires[0].pk}/").status_code == 404
    assert client.get(f"/outside/hotspots/{fires[0].pk}/around/").status_code == 404
    assert client.post(f"/outside/hotspots/{fires[0].pk}/check/", {}).status_code == 404
    layer = layer_of("hotspots")
    assert len(layers.collection(layer, world.danya_officer, Window(now=NOW))["features"]) == 1
    assert layer.card(world.danya_officer, str(fires[0].pk)) is None
    sign_in(client, world.keeper)
    assert client.get("/outside/hotspots/").status_code == 403


def test_the_list_is_narrowed_and_says_how_fresh_it_is(world, fires, client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    sign_in(client, world.officer)

    def page(query: str) -> str:
        return client.get(f"/outside/hotspots/?{query}").content.decode()

    assert page("q=沙头").count("data-row") == 2
    assert page("confidence=low").count("data-row") == 0
    assert page("confidence=high&state=open&q=aqua").count("data-row") == 3
    assert page("state=sent").count("data-row") == 0
    assert page("days=99999&confidence=%00&page=x").count("data-row") == 3
    assert "等待首次抓取" in page("")
    Hotspot.records.all().delete()
    assert "不能证明没有火情" in page("")


def test_the_list_asks_as_often_for_two_as_for_fifty(world, fires, feed, client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    sign_in(client, world.officer)
    client.get("/outside/hotspots/")
    with CaptureQueriesContext(connection) as few:
        client.get("/outside/hotspots/")
    keep(feed, *(fire(31.55 + n / 1000) for n in range(60)))
    with CaptureQueriesContext(connection) as many:
        client.get("/outside/hotspots/")
    assert len(few) == len(many) <= 26, [one["sql"][:90] for one in many]


def test_what_lies_around_is_told_within_what_the_viewer_may_see(world, fires, client):
    sign_in(client, world.officer)
    answer = client.get(f"/outside/hotspots/{fires[0].pk}/around/")
    assert answer.status_code == 200
    assert "登记人口" in answer.content.decode()


def test_the_map_groups_them_by_age_and_forgets_the_old(world, fires, feed):
    keep(feed, "31.7,104.2,300,1,1,2026-11-20,1830,N,VIIRS,n,2.0NRT,290,3.1,D,0")
    layer = layer_of("hotspots")
    facts = [one["properties"] for one in layers.collection(layer, world.officer, Window(now=NOW))["features"]]
    assert sorted(one["group"] for one in facts) == ["6", "6", "6", "more"]
    assert all("level" not in one for one in facts)
    later = Window(now=NOW + timedelta(days=4))
    assert layers.collection(layer, world.officer, later)["features"] == []


def test_what_a_case_hangs_on_is_not_forgotten(world, fires):
    checking.order_check(fires[:1], unit=world.unit, level=3, actor=world.officer, now=NOW)
    assert forgetting.forget(now=NOW + timedelta(days=800)) >= 2
    assert list(Hotspot.records.all()) == [fires[0]]
