"""Outside stations: values become readings of points by the door's rules, once, and old ones as old data."""

from __future__ import annotations

from datetime import timedelta

import pytest
from outside_world import NOW, feed_of
from small_county import sign_in

from anlan.apps.outside.models import Feed, Fetch, Kind
from anlan.apps.outside.services import fetching, layouts, stations
from anlan.engine import decode_batch
from anlan.kernel.people.services import system_user
from anlan.kernel.sensing import services as sensing
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.sensing.store import BACKFILL, LIVE, open_store

pytestmark = pytest.mark.django_db

NOW_MS = round(NOW.timestamp() * 1000)
HOUR = 3_600_000


@pytest.fixture
def store(settings, tmp_path):
    settings.READINGS_URL = f"sqlite://{tmp_path}/readings.sqlite3"
    return open_store()


@pytest.fixture
def device(world) -> Device:
    made, _key = sensing.register_device(
        code="out-weather", name="外部气象站", region=world.county, actor=world.engineer, now=NOW
    )
    return made


def point(world, device: Device, code: str, unit: str) -> Point:
    row = {"code": code, "name": code, "kind": "other", "unit": unit, "region": world.canglang, "device": device}
    return sensing.add_points([row], actor=system_user("tests"), now=NOW)[0]


@pytest.fixture
def points(world, device) -> dict[str, Point]:
    return {"T": point(world, device, "W1-T", "℃"), "R": point(world, device, "W1-R", "mm")}


def layout(**more):
    said = {
        "station": "Station_Id", "only": "", "time": "Datetime", "form": "%Y%m%d%H%M", "zone": "Asia/Shanghai",
        "missing": "999017", "delimiter": ",", "columns": "TEM | ℃ | 0.1\nPRE | mm",
        "points": "57447 | TEM | W1-T\n57447 | PRE | W1-R",
    }  # fmt: skip
    return layouts.kept(**said | more)


@pytest.fixture
def feed(world, device, points, store) -> Feed:
    return feed_of(world, Kind.STATIONS, "http://192.0.2.1/w.csv", device=device, layout=layout())


def table(*rows: str, heading: str = "Station_Id,Datetime,TEM,PRE") -> bytes:
    return "\n".join([heading, *rows, ""]).encode()


def at(minutes_ago: int) -> str:
    """A time as the file has it, in Beijing."""
    return f"{NOW + timedelta(hours=8) - timedelta(minutes=minutes_ago):%Y%m%d%H%M}"


def logged(store):
    """Everything in the log: lane, point, minutes before now, value."""
    found = []
    for row in store.read_log(0):
        if row.n:
            columns = [column.tolist() for column in decode_batch(row.payload)[:3]]
            for number, t, value in zip(*columns, strict=True):
                found.append((row.lane, number, round((NOW_MS - t) / 60_000), value))
    return found


def keep(feed, *rows, **more):
    return stations.keep(feed, table(*rows, **more), complete=True, now=NOW)


def test_values_become_readings_of_their_points_in_the_points_unit(world, feed, points, store):
    counts = keep(feed, f"57447,{at(10)},231,0.4", f"57447,{at(5)},229,0.0")
    assert (counts.new, counts.refused, counts.elsewhere) == (4, 0, 0)
    t, r = points["T"].pk, points["R"].pk
    assert sorted(logged(store)) == [(LIVE, t, 5, 22.9), (LIVE, t, 10, 23.1), (LIVE, r, 5, 0.0), (LIVE, r, 10, 0.4)]
    assert Device.records.get().last_seen == NOW


def test_the_same_file_again_stores_nothing_and_a_longer_one_only_its_hour(feed, store):
    rows = [f"57447,{at(130)},200,0", f"57447,{at(70)},210,0", f"57447,{at(5)},220,0"]
    assert keep(feed, *rows).new == 6
    before = store.last_batch_seq()
    again = keep(feed, *rows)
    assert (again.new, again.same, store.last_batch_seq()) == (0, 6, before)
    counts = keep(feed, *rows, f"57447,{at(2)},221,0")
    assert (counts.new, counts.same) == (4, 4), "the hours before lie in the log already"


def test_what_is_old_when_it_comes_is_old_data(feed, points, store):
    keep(feed, f"57447,{at(60 * 30)},150,0", f"57447,{at(3)},160,0")
    lanes = {(lane, value) for lane, number, _ago, value in logged(store) if number == points["T"].pk}
    assert lanes == {(BACKFILL, 15.0), (LIVE, 16.0)}


def test_missing_values_are_no_values_however_they_are_written(feed, store):
    counts = keep(feed, f"57447,{at(5)},999999,999017", f"57447,{at(4)},999999.0,NA", f"57447,{at(3)},,-9999")
    assert (counts.missing, counts.new, counts.refused) == (6, 0, 0)
    assert logged(store) == []


def test_stations_that_nobody_asked_for_are_counted_and_named(feed, store):
    counts = keep(feed, f"57447,{at(5)},200,0", f"57448,{at(5)},210,0", f"57449,{at(5)},999999,1")
    assert (counts.new, counts.elsewhere) == (2, 3)
    assert counts.others == ["57448 (PRE, TEM)", "57449 (PRE)"]
    assert store.count_set_aside() == 0


def test_a_point_that_cannot_take_a_value_sets_it_aside_with_the_reason(world, device, points, store):
    other, _key = sensing.register_device(code="gw-2", name="别的", region=world.county, actor=world.engineer, now=NOW)
    point(world, other, "W2-T", "℃")
    Point.records.filter(code="W1-R").update(unit="cm")
    wrong = layout(points="57447 | TEM | W1-T\n57447 | PRE | W1-R\n57448 | TEM | W2-T\n57449 | TEM | NO-SUCH")
    feed = feed_of(world, Kind.STATIONS, "http://192.0.2.1/w.csv", device=device, layout=wrong)
    counts = keep(feed, *(f"{station},{at(5)},200,0" for station in (57447, 57448, 57449)))
    assert (counts.new, counts.refused) == (1, 3)
    aside = {(row.point, row.reason, row.value) for row in store.set_aside()}
    assert aside == {("W1-R", "unit", 0.0), ("W2-T", "foreign_point", 20.0), ("NO-SUCH", "unknown_point", 20.0)}
    keep(feed, *(f"{station},{at(5)},200,0" for station in (57447, 57448, 57449)))
    assert store.count_set_aside() == 3, "the same file sets nothing aside twice"


def test_the_future_is_set_aside(feed, store):
    counts = keep(feed, f"57447,{at(-120)},200,0", f"57447,{at(1)},210,0")
    assert counts.refused == 2
    assert {row.reason for row in store.set_aside()} == {"future"}


def test_bad_rows_are_told_and_the_others_taken(feed, store):
    counts = keep(
        feed, f"57447,{at(5)},200,0", "57447,yesterday,200,0", f",{at(5)},200,0", f"57447,{at(4)},warm,0",
        f"57447,{at(3)}", f"57447,{at(2)},inf,1e999",
    )  # fmt: skip
    assert [row.code for row in counts.rows] == ["time", "station", "number", "width", "number", "number"]
    assert counts.new == 3


def test_GB18030_and_a_byte_order_mark_are_read(world, device, points, store):
    said = layout(station="站号", time="时间", columns="气温 | ℃", points="沧浪 | 气温 | W1-T")
    feed = feed_of(world, Kind.STATIONS, "http://192.0.2.1/w.csv", device=device, layout=said)
    text = f"站号,时间,气温\n沧浪,{at(5)},21.5\n"
    for data in (text.encode("gb18030"), text.encode("utf-8-sig"), text.replace("21.5", "22").encode("utf-16")):
        stations.keep(feed, data, complete=True, now=NOW)
    assert {value for _lane, _point, _ago, value in logged(store)} == {21.5, 22.0}


def test_a_file_without_a_column_says_which_and_stores_nothing(world, host, device, points, store):
    url = host.file("/w.csv", table(f"57447,{at(5)},200", heading="Station_Id,Datetime,TEM"))
    feed = feed_of(world, Kind.STATIONS, url, device=device, layout=layout())
    fetching.fetch(feed, now=NOW)
    feed.refresh_from_db()
    assert (feed.fault, feed.fault_said) == ("heading", "PRE")
    assert logged(store) == []


def test_a_revoked_device_sends_nothing(world, feed, store, device):
    sensing.revoke(device, actor=world.engineer, now=NOW)
    feed.refresh_from_db()
    with pytest.raises(stations.NoSender):
        keep(Feed.records.select_related("device").get(pk=feed.pk), f"57447,{at(5)},200,0")
    assert logged(store) == []


def test_R2_readings_logged_before_a_kill_are_not_logged_twice(world, host, device, points, store, monkeypatch):
    url = host.file("/w.csv", table(f"57447,{at(5)},200,0"))
    feed = feed_of(world, Kind.STATIONS, url, device=device, layout=layout())
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_mark", _killed)
        with pytest.raises(KeyboardInterrupt):
            fetching.fetch(feed, now=NOW)
    assert len(logged(store)) == 2
    assert fetching.fetch(feed, now=NOW)
    assert len(logged(store)) == 2
    assert Fetch.objects.get(feed=feed).same == 2


def _killed(*_given, **_more):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "more",
    [
        {"station": ""},
        {"only": "57447"},
        {"time": " "},
        {"form": "hour"},
        {"zone": "Mars/Base"},
        {"columns": ""},
        {"columns": "TEM | ℃ | x"},
        {"columns": "TEM | ℃ | 0"},
        {"columns": "TEM | ℃ | nan"},
        {"columns": "TEM | ℃ | 1 | 2 | 3"},
        {"points": "57447 | WIN | W1-T"},
        {"points": "57447 | TEM"},
        {"points": "57447 | TEM | A\n57447 | TEM | B"},
        {"points": "57447 | TEM | A\n57448 | TEM | A"},
    ],
)
def test_a_layout_that_cannot_be_meant_is_refused(more):
    with pytest.raises(layouts.Refused) as refused:
        layout(**more)
    assert str(refused.value)


def test_a_layout_comes_back_as_it_was_typed():
    kept = layout(time="year | month | day | hour", form="%Y %m %d %H", delimiter="tab")
    assert layouts.kept(**layouts.typed(kept)) == kept


# --- the pages of sources ---------------------------------------------------------------------------------------------
FORM = {
    "name": "市气象局", "kind": "stations", "url": "https://weather.example.org/w.csv", "region": "990123",
    "period_s": "600", "attribution": "市气象局，限内部使用", "device": "out-weather", "station": "Station_Id",
    "time": "Datetime", "form": "%Y%m%d%H%M", "zone": "UTC", "delimiter": ",", "columns": "TEM | ℃ | 0.1",
    "points": "57447 | TEM | W1-T",
}  # fmt: skip


def test_a_person_enters_a_source_changes_it_and_switches_it_on(world, device, points, client):
    sign_in(client, world.engineer)
    answer = client.post("/outside/sources/new/", FORM)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    feed = Feed.records.get()
    assert (feed.enabled, feed.device, feed.layout["zone"]) == (False, device, "UTC")
    path = answer["Location"]
    assert "停用" in client.get(path).content.decode()
    edited = client.get(f"{path}edit/").content.decode()
    assert "TEM | ℃ | 0.1" in edited
    assert client.post(f"{path}edit/", {**FORM, "period_s": "900"}).status_code == 302
    assert client.post(f"{path}do/on/").status_code == 302
    feed.refresh_from_db()
    assert (feed.enabled, feed.period_s) == (True, 900)
    assert client.post(f"{path}do/fetch/").status_code == 302
    assert client.get(f"{path}do/off/").status_code == 405
    assert client.post(f"{path}do/nonsense/").status_code == 404
    assert "市气象局" in client.get("/outside/sources/").content.decode()


def test_a_form_that_cannot_be_taken_says_why_and_keeps_nothing(world, device, points, client):
    sign_in(client, world.engineer)
    for wrong in ({"columns": "TEM"}, {"url": "ftp://x/y"}, {"device": ""}, {"west": "104"}, {"period_s": "1"}):
        answer = client.post("/outside/sources/new/", {**FORM, **wrong})
        if wrong == {"columns": "TEM"}:
            assert answer.status_code == 302, "a quantity may have no unit"
            Feed.records.all().delete()
            continue
        assert answer.status_code == 422, wrong
        assert 'class="error' in answer.content.decode()
    assert not Feed.records.exists()


def test_the_key_is_not_shown_and_stays_when_nothing_is_typed(world, client):
    sign_in(client, world.engineer)
    form = {"name": "热点", "kind": "firms", "url": "https://fire.example.org/{key}/f.csv", "key": "s3cret",
            "region": "990123", "period_s": "600", "attribution": "x"}  # fmt: skip
    path = client.post("/outside/sources/new/", form)["Location"]
    for page in (path, f"{path}edit/", "/outside/sources/"):
        assert "s3cret" not in client.get(page).content.decode()
    assert client.post(f"{path}edit/", {**form, "key": "", "name": "卫星热点"}).status_code == 302
    assert Feed.records.get().key == "s3cret"
    assert client.post(f"{path}edit/", {**form, "key": "", "url": "https://fire.example.org/f.csv"}).status_code == 302
    assert Feed.records.get().key == ""


def test_sources_are_for_those_who_keep_them(world, feed, client):
    paths = (
        "/outside/sources/",
        "/outside/sources/new/",
        f"/outside/sources/{feed.pk}/",
        f"/outside/sources/{feed.pk}/edit/",
    )
    for user in (world.officer, world.canglang_officer, world.keeper):
        sign_in(client, user)
        assert {client.get(path).status_code for path in paths} == {403}
        assert client.post(f"/outside/sources/{feed.pk}/do/off/").status_code == 403
    client.logout()
    assert {client.get(path).status_code for path in paths} == {302}
