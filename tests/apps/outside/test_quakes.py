"""Earthquakes: every revision is kept, the newest is shown, and the duty desk hears of what the rule names, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from outside_world import NOW, catalogue, fdsn_row, fdsn_text, feed_of, quake
from small_county import make_user, sign_in

from anlan.apps.outside.models import Kind, Quake, Revision
from anlan.apps.outside.queries.quakes import quakes_for
from anlan.apps.outside.services import forgetting, quakes
from anlan.kernel.audit.models import Entry
from anlan.kernel.layers import queries as layers
from anlan.kernel.layers.declarations import Window
from anlan.kernel.layers.declarations import get as layer_of
from anlan.kernel.notices.models import Notice
from anlan.kernel.sensing.models import Alarm
from tests.formats.neighbours import recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def feed(world):
    return feed_of(world, Kind.QUAKEML, "http://192.0.2.1/q.xml")


def keep(feed, *events, now=NOW, complete=True):
    return quakes.keep(feed, catalogue(*events), complete=complete, now=now)


def told() -> list[str]:
    return list(Notice.objects.filter(ref__startswith="quake:").order_by("id").values_list("title", flat=True))


def test_an_event_is_kept_with_its_distances(world, feed):
    keep(feed, quake("inside"), quake("outside", latitude=30.5, longitude=104.75))
    inside, outside = Quake.objects.order_by("public_id")
    assert (inside.county_km, inside.town, inside.town_km) == (0.0, "沧浪镇", 0.0)
    assert outside.county_km == pytest.approx(111.2, abs=0.3), "one degree of latitude south of the border"
    assert outside.town == "丹崖镇"


def test_the_recorded_catalogues_are_kept_and_doubtful_depths_say_so(world, feed):
    counts = quakes.keep(feed, recorded("seismic/iris_events_quakeml.xml"), complete=True, now=NOW)
    assert (counts.new, counts.refused) == (Quake.objects.count(), 0)
    tohoku = Quake.objects.get(magnitude=9.1)
    assert tohoku.depth_doubt and tohoku.county_km > 3_000
    again = quakes.keep(feed, recorded("seismic/iris_events_quakeml.xml"), complete=True, now=NOW)
    assert (again.new, again.changed, again.same) == (0, 0, counts.new)
    neries = quakes.keep(feed, recorded("seismic/neries_events_quakeml.xml"), complete=True, now=NOW)
    assert neries.new == 3
    assert told() == [], "what is old is history"


def test_a_revision_changes_what_is_shown_and_both_are_kept(world, feed):
    first = quake(magnitude=4.6, updated=NOW - timedelta(minutes=50))
    keep(feed, first)
    later = replace(first, magnitude=4.9, status="manual", evaluation="reviewed", updated=NOW - timedelta(minutes=30))
    counts = keep(feed, later)
    assert (counts.new, counts.changed) == (0, 1)
    one = Quake.objects.get()
    assert (one.magnitude, one.mode, one.status, one.revision) == (4.9, "manual", "reviewed", 2)
    assert [row.body["magnitude"] for row in one.revisions.all()] == [4.6, 4.9]


def test_a_revision_that_comes_late_is_kept_and_does_not_win(world, feed):
    new = quake(magnitude=4.9, updated=NOW - timedelta(minutes=30))
    old = replace(new, magnitude=4.6, updated=NOW - timedelta(minutes=50))
    keep(feed, new)
    for _twice in range(2):
        keep(feed, old)
    one = Quake.objects.get()
    assert (one.magnitude, one.updated) == (4.9, new.updated)
    assert [(row.body["magnitude"], row.late) for row in one.revisions.all()] == [(4.9, False), (4.6, True)]


def test_revisions_of_one_file_count_by_their_making_and_not_by_their_place(world, feed):
    old = quake(magnitude=4.6, updated=NOW - timedelta(minutes=50))
    keep(feed, replace(old, magnitude=5.1, updated=NOW - timedelta(minutes=10)), old)
    one = Quake.objects.get()
    assert one.magnitude == 5.1
    assert one.revisions.count() == 2


def test_without_times_of_making_the_last_word_counts(world, feed):
    for magnitude in (4.6, 4.9, 4.6):
        keep(feed, quake(magnitude=magnitude))
    one = Quake.objects.get()
    assert (one.magnitude, one.revision, one.revisions.count()) == (4.6, 3, 3)


def test_a_new_stamp_alone_is_no_revision(world, feed):
    keep(feed, quake(updated=NOW - timedelta(minutes=50)))
    counts = keep(feed, quake(updated=NOW - timedelta(minutes=5)))
    assert (counts.same, counts.changed, Revision.objects.count()) == (1, 0, 1)
    # … but what was made before it is late from now on.
    keep(feed, quake(magnitude=3.0, updated=NOW - timedelta(minutes=20)))
    assert Quake.objects.get().magnitude == 5.0


def test_the_text_of_fdsn_services_is_read_and_bad_rows_are_told(world):
    feed = feed_of(world, Kind.FDSN, "http://192.0.2.1/q.txt")
    rows = [
        fdsn_row("good"), fdsn_row("no-time", at="yesterday"), fdsn_row("no-place", lat=91),
        fdsn_row("no-size", mag=""), fdsn_row("huge", mag=12), fdsn_row("", mag=3), fdsn_row("short")[:9],
    ]  # fmt: skip
    counts = quakes.keep(feed, fdsn_text(*rows), complete=True, now=NOW)
    assert (counts.new, counts.refused) == (2, 5)
    assert [row.code for row in counts.rows] == ["time", "place", "magnitude", "id", "width"]
    good = Quake.objects.get(public_id="good")
    assert (good.depth_m, good.magnitude, good.at) == (12_200.0, 5.0, datetime(2026, 11, 21, 18, 25, tzinfo=UTC))
    assert Quake.objects.get(public_id="no-size").magnitude is None


def test_an_event_that_contradicts_itself_does_not_spoil_the_others(world, feed):
    data = catalogue(quake("good"), quake("bad")).replace(b"104.25", b"204.25", 2)
    # The first of the two places is mended again.
    data = data.replace(b"204.25", b"104.25", 1)
    counts = quakes.keep(feed, data, complete=True, now=NOW)
    assert (counts.new, counts.refused, counts.rows[0].code) == (1, 1, "event")


def test_events_outside_the_box_are_counted(world):
    feed = feed_of(world, Kind.QUAKEML, "http://192.0.2.1/q.xml", box=(104.0, 31.0, 105.0, 32.5))
    counts = keep(feed, quake("in"), quake("out", longitude=110.0))
    assert (counts.new, counts.elsewhere) == (1, 1)


# --- telling ----------------------------------------------------------------------------------------------------------
def test_the_duty_desk_is_told_once_by_the_rule_and_no_alarm_is_raised(world, feed):
    keep(feed, quake("strong", 5.2), quake("weak", 2.0), quake("far", 5.2, latitude=20.0), quake("unknown", None))
    assert told() == ["地震 M 5.2 沧浪镇附近"]
    keep(feed, quake("strong", 5.2))
    assert len(told()) == 1
    notice = Notice.objects.get(to=world.officer)
    assert "自动" in notice.body and notice.level is None and notice.sound
    assert not Alarm.records.exists()
    entry = Entry.objects.get(verb="outside.tell")
    assert entry.after["rule"] == "OUT-02"


def test_what_is_old_in_the_future_or_no_earthquake_is_not_told(world, feed):
    keep(
        feed, quake("old", 7.0, at=NOW - timedelta(hours=7)), quake("future", 7.0, at=NOW + timedelta(hours=1)),
        quake("blast", 5.0, type="quarry blast"), quake("gone", 5.0, evaluation="rejected"),
    )  # fmt: skip
    assert told() == []


def test_a_correction_and_a_rejection_are_told_too(world, feed):
    keep(feed, quake(magnitude=4.0))
    keep(feed, quake(magnitude=4.3))
    assert len(told()) == 1, "three tenths are no news"
    keep(feed, quake(magnitude=4.6))
    assert told()[-1].startswith("地震震级更正")
    for _twice in range(2):
        keep(feed, quake(magnitude=4.6, evaluation="rejected"))
    assert len(told()) == 3 and told()[-1].startswith("地震目录已撤销")
    assert Quake.objects.get().is_rejected


def test_a_small_one_that_grows_is_told_when_it_does(world, feed):
    keep(feed, quake(magnitude=2.1))
    assert told() == []
    keep(feed, quake(magnitude=3.1))
    assert told() == ["地震 M 3.1 沧浪镇附近"]


def test_two_catalogues_of_one_event_ring_once_unless_the_second_is_much_stronger(world, feed):
    other = feed_of(world, Kind.QUAKEML, "http://192.0.2.2/q.xml", name="另一目录")
    keep(feed, quake("one", 4.5))
    keep(other, quake("two", 4.7, at=NOW - timedelta(hours=1, seconds=-9), latitude=31.8))
    assert len(told()) == 1
    keep(other, quake("two", 5.4, at=NOW - timedelta(hours=1, seconds=-9), latitude=31.8))
    assert len(told()) == 2
    # Another one a minute later is another one.
    keep(other, quake("three", 4.5, at=NOW - timedelta(minutes=58)))
    assert len(told()) == 3


def test_a_swarm_rings_ten_times_an_hour_and_once_more_for_the_rest(world, feed):
    keep(feed, *(quake(f"{n:02d}", 4.0, at=NOW - timedelta(minutes=2 * n + 2)) for n in range(30)))
    assert len(told()) == 11
    assert told()[-1] == "地震仍在增加"
    assert Quake.objects.filter(told_at__isnull=False).count() == 30


# --- pages ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def listed(world, feed, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    keep(feed, quake("a", 5.2), quake("b", 2.2, description="丹崖镇附近", at=NOW - timedelta(days=5)))
    keep(feed, quake("c", None, description="无震级"))


def test_everybody_of_the_county_sees_them_and_nobody_of_another(world, listed, client):
    for user in (world.officer, world.canglang_officer, world.danya_officer, world.engineer):
        assert quakes_for(user).count() == 3
        assert client_page(client, user, "/outside/quakes/").count("data-row") == 3
    pk = Quake.objects.first().pk
    for nobody in (world.keeper, make_user("nobody")):
        assert quakes_for(nobody).count() == 0
        sign_in(client, nobody)
        assert client.get("/outside/quakes/").status_code == 403
        assert client.get(f"/outside/quakes/{pk}/").status_code == 403
    assert layer_of("quakes") not in layers.visible(world.keeper)


def test_a_town_of_its_own_source_is_not_the_other_towns(world, client):
    mine = feed_of(world, Kind.QUAKEML, "http://192.0.2.1/q.xml", region=world.canglang)
    keep(mine, quake())
    assert quakes_for(world.canglang_officer).count() == quakes_for(world.officer).count() == 1
    assert quakes_for(world.danya_officer).count() == 0
    sign_in(client, world.danya_officer)
    assert client.get(f"/outside/quakes/{Quake.objects.get().pk}/").status_code == 404


def client_page(client, user, path: str) -> str:
    sign_in(client, user)
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_the_list_is_narrowed_by_text_magnitude_distance_and_age(world, listed, client):
    def rows(query: str) -> int:
        return client_page(client, world.officer, f"/outside/quakes/?{query}").count("data-row")

    assert rows("q=丹崖") == 1
    assert rows("least=5") == 1
    assert rows("least=3&q=丹崖") == 0
    assert rows("within=50") == 3
    assert rows("days=1") == 2
    assert rows("days=0") == 3
    assert rows("least=x&within=nan&days=99999999999&page=99&q=%00") in (0, 3)


def test_the_list_asks_as_often_for_two_as_for_fifty(world, listed, client):
    feed = Quake.objects.first().feed
    client_page(client, world.officer, "/outside/quakes/")
    with CaptureQueriesContext(connection) as few:
        client_page(client, world.officer, "/outside/quakes/?days=0")
    keep(feed, *(quake(f"x{n}", 1.0) for n in range(60)))
    with CaptureQueriesContext(connection) as many:
        client_page(client, world.officer, "/outside/quakes/?days=0")
    assert len(few) == len(many) <= 26, [one["sql"][:90] for one in many]


def test_one_shows_its_revisions_attribution_and_doubts(world, listed, client):
    feed = Quake.objects.first().feed
    keep(feed, quake("a", 5.4, depth_m=29.0, evaluation="preliminary"))
    page = client_page(client, world.officer, f"/outside/quakes/{Quake.objects.get(public_id='smi:test/a').pk}/")
    assert "测试数据，仅供测试" in page and "M 5.4" in page and "5.2 ML" in page
    assert "29 m" in page and "存疑" in page


def test_the_map_shows_them_by_magnitude_without_a_level_and_the_past_as_it_was(world, listed):
    layer = layer_of("quakes")
    features = layers.collection(layer, world.officer, Window(now=NOW))["features"]
    facts = {one["properties"]["title"]: one["properties"] for one in features}
    assert all("level" not in one for one in facts.values())
    strong, weak = facts["M 5.2 沧浪镇附近"], facts["M 2.2 丹崖镇附近"]
    assert strong["size"] > weak["size"] and strong["group"] == "4" and weak["group"] == "0"
    assert facts["M ? 无震级"]["group"] == "none"
    before = Window(now=NOW, at=NOW - timedelta(days=1))
    assert [one["properties"]["value"] for one in layers.collection(layer, world.officer, before)["features"]] == [
        "M 2.2"
    ]
    card = layer.card(world.officer, str(Quake.objects.get(magnitude=5.2).pk))
    assert card.level is None and any("测试数据" in str(line) for line in card.lines)
    assert layer.card(world.keeper, str(Quake.objects.first().pk)) is None
    assert layer.card(world.officer, "x") is None


def test_what_is_kept_no_longer_goes_with_its_revisions(world, feed):
    keep(feed, quake("old", at=NOW - timedelta(days=4000)), quake("new"), now=NOW)
    assert forgetting.forget(now=NOW + timedelta(days=1)) == 0, "it came only yesterday"
    assert forgetting.forget(now=NOW + timedelta(days=40)) == 2
    assert Quake.objects.get().public_id == "smi:test/new"
