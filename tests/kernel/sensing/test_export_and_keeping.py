"""Readings taken away as files, and how long each kind of point keeps them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone
from sensing_world import NOW, ms, sign_in

from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing import export_views, keeping_start
from anlan.kernel.sensing.models import Point
from anlan.kernel.sensing.services import keeping as service
from anlan.kernel.sensing.store import Columns, keeping
from anlan.kernel.sensing.store import cold as cold_files
from anlan.kernel.sensing.store import readings as store_readings
from anlan.kernel.sensing.store.history import HOUR_MS

pytestmark = pytest.mark.django_db

DAY_MS = 24 * HOUR_MS


def keep(store, point, t, value=None, quality=None):
    """Readings in merged history."""
    t = np.asarray(t, np.int64)
    value = np.arange(t.size, dtype=float) if value is None else np.asarray(value, float)
    quality = np.zeros(t.size, np.uint8) if quality is None else np.asarray(quality, np.uint8)
    store.flush_history(Columns(np.full(t.size, point.pk, np.int32), t, value, quality), upto=1)
    plan = store.plan_merge(point.pk >> 8, 1 << 42)
    while plan.places:
        store.merge_some(plan, 500)
    store.finish_merge(plan)


def asked(client, **query):
    answer = client.get("/sensing/readings/", query)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer, body


def test_an_export_holds_every_reading_of_the_span_in_the_bureaus_time(client, engineer, point, readings):
    sign_in(client, engineer)
    begin = ms(datetime(2026, 11, 22, 4, 0, tzinfo=UTC))
    keep(readings, point, [begin, begin + 1500, begin + DAY_MS], [-1.25, float("nan"), 3.0], [0, 2, 1])
    answer, body = asked(client, point=point.code, **{"from": begin, "to": begin + 2 * DAY_MS})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="{point.code}-20261122-20261124.csv"' in answer["Content-Disposition"]
    assert body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert rows[0][1].endswith("(Asia/Shanghai)")
    assert rows[1:] == [
        [point.code, "2026-11-22 12:00:00.000", "-1.25", "0"],
        [point.code, "2026-11-22 12:00:01.500", "", "2"],
        [point.code, "2026-11-23 12:00:00.000", "3.0", "1"],
    ]


def test_several_points_follow_one_another_and_a_foreign_one_refuses_the_whole(client, engineer, point, readings):
    sign_in(client, engineer)
    other = Point.records.create(code="=GT,9", name="x", kind=point.kind, region=point.region, device=point.device)
    begin = ms(NOW)
    keep(readings, point, [begin])
    keep(readings, other, [begin + 1])
    span = {"from": begin - 1, "to": begin + 10}
    _answer, body = asked(client, point=f"{point.code} ", **span)
    assert len(body.splitlines()) == 2
    answer, body = asked(client, point=[point.code, "GT-9999"], **span)
    assert answer.status_code == 422
    assert "GT-9999" in body.decode()
    assert asked(client, point="", **span)[0].status_code == 404
    assert asked(client, point=point.code, hours="x")[0].status_code == 422
    assert asked(client, point=" ".join(f"P{i}" for i in range(60)))[0].status_code == 422


@pytest.mark.parametrize("code", ["=1+1", "+A", "-A", "@A", "\tA", "＝A", "＠A"])
def test_S10_no_point_becomes_a_formula(code):
    cell = export_views.quoted(code)
    assert next(csv.reader([cell]))[0] == f"'{code}"


def test_S10_a_comma_and_a_quote_stay_in_their_cell():
    assert next(csv.reader([export_views.quoted('a,"b"')])) == ['a,"b"']


def test_local_times_follow_the_zone_over_its_changes():
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Berlin")
    t = np.array([1_774_745_999_999, 1_774_746_000_000])  # 2026-03-29 01:00 UTC: clocks go forward
    assert export_views.local_times(t, zone) == ["2026-03-29 01:59:59.999", "2026-03-29 03:00:00.000"]


def test_a_parquet_export_holds_the_same(client, engineer, point, readings):
    pa = pytest.importorskip("pyarrow.parquet")
    sign_in(client, engineer)
    begin = ms(NOW)
    keep(readings, point, [begin, begin + DAY_MS + 1])
    answer, body = asked(client, point=point.code, format="parquet", **{"from": begin, "to": begin + 2 * DAY_MS})
    assert answer.status_code == 200
    table = pa.read_table(io.BytesIO(body))
    assert table.column("point").to_pylist() == [point.code] * 2
    assert table.column("value").to_pylist() == [0.0, 1.0]
    assert str(table.schema.field("time").type) == "timestamp[ms, tz=Asia/Shanghai]"


def test_without_the_extra_an_export_of_moved_readings_says_what_is_missing(
    client, engineer, point, readings, monkeypatch
):
    pytest.importorskip("pyarrow")
    sign_in(client, engineer)
    begin = ms(datetime(2026, 3, 2, tzinfo=UTC))
    keep(readings, point, [begin])
    keeping.move(readings, cold_files.month_of(begin), point.pk >> 8, [point.pk])
    for module in (cold_files, store_readings, export_views):
        monkeypatch.setattr(module, "arrow", lambda: None)
    span = {"from": begin, "to": begin + 1000}
    answer, body = asked(client, point=point.code, **span)
    assert answer.status_code == 409
    assert "analytics" in body.decode()
    assert (
        asked(client, point=point.code, format="parquet", **{"from": begin + DAY_MS, "to": begin + 2 * DAY_MS})[
            0
        ].status_code
        == 409
    )


def test_a_point_of_another_town_and_one_that_does_not_exist_look_the_same(client, foreigner, point, readings):
    sign_in(client, foreigner)
    foreign, missing = (asked(client, point=code) for code in (point.code, "GT-9999"))
    assert foreign[0].status_code == missing[0].status_code == 422
    assert "GB/T" not in foreign[1].decode()


def test_the_point_page_offers_a_year_and_the_export(client, engineer, point, readings):
    sign_in(client, engineer)
    page = client.get(f"/sensing/points/{point.code}/").content.decode()
    assert f'data-hours="{24 * 365}"' in page
    assert 'action="/sensing/readings/"' in page


def test_a_year_at_one_a_minute_is_drawn_from_hours_with_its_peak(client, engineer, point, readings):
    sign_in(client, engineer)
    end = ms(timezone.now()) // HOUR_MS * HOUR_MS
    t = np.arange(end - 365 * DAY_MS, end, 60_000)
    value = np.sin(t / 1e9).round(3)
    value[123_456] = 99.0
    keep(readings, point, t, value)
    body = client.get(f"/sensing/curve/{point.pk}.json?hours={24 * 365}&n=1600").json()
    assert max(v for _t, v in body["high"] if v is not None) == 99.0
    assert 1000 < len(body["series"]) <= 1700
    month = client.get(f"/sensing/curve/{point.pk}.json?hours={24 * 30}&n=1600").json()
    assert len(month["series"]) <= 1700


# -- keeping ----------------------------------------------------------------------------------------------------------


def rule(code, kinds, readings_days, figures_days, cold=10_000):
    body = {
        "kinds": kinds,
        "readings_days": readings_days,
        "figures_days": figures_days,
        "cold_after_days": cold,
    }
    return Entry.objects.create(
        kind="history", code=code, version=1, title=code, body=body, valid_from=NOW - timedelta(days=9999), digest=code
    )


@pytest.fixture
def two_kinds(point, readings):
    """A gas point and a rain point with a reading a day for 400 days up to NOW."""
    Entry.objects.filter(kind="history").delete()
    rain = Point.records.create(code="R-1", name="r", kind="rain", region=point.region, device=point.device)
    t = ms(NOW) - np.arange(400)[::-1] * DAY_MS
    keep(readings, point, t)
    keep(readings, rain, t)
    return point, rain


def count(store, point):
    return store.readings(point.pk, 0, ms(NOW)).t.size


def test_each_kind_keeps_its_readings_as_long_as_its_rule_says(two_kinds, readings):
    gas, rain = two_kinds
    rule("H1", ["*"], 100, 200)
    rule("H2", ["rain"], 300, 5000)
    done = service.keep_history(readings, now=NOW, enough=lambda: False)
    assert done.finished
    assert (count(readings, gas), count(readings, rain)) == (101, 301)
    assert readings.curve(gas.pk, 0, ms(NOW), 1000).t.size == 201
    assert readings.curve(rain.pk, 0, ms(NOW), 1000).t.size == 400
    again = service.keep_history(readings, now=NOW, enough=lambda: False)
    assert (again.thinned, again.gone) == (0, 0)


def test_what_was_not_finished_in_time_waits_for_the_next_round(two_kinds, readings):
    gas, _rain = two_kinds
    rule("H1", ["*"], 100, 200)
    assert not service.keep_history(readings, now=NOW, enough=lambda: True).finished
    assert count(readings, gas) == 400


def test_whole_months_move_after_their_days_and_read_the_same(two_kinds, readings):
    pytest.importorskip("pyarrow")
    gas, _rain = two_kinds
    rule("H1", ["*"], 9000, 9000, cold=90)
    before = readings.readings(gas.pk, 0, ms(NOW))
    done = service.keep_history(readings, now=NOW, enough=lambda: False)
    assert done.moved > 500
    assert np.array_equal(readings.readings(gas.pk, 0, ms(NOW)).value, before.value)
    assert list(keeping.faults(readings, ms(NOW))) == []


def test_a_point_of_an_exercise_keeps_the_time_of_its_recording(two_kinds, readings):
    gas, _rain = two_kinds
    Point.records.filter(pk=gas.pk).update(exercise=True)
    rule("H1", ["*"], 1, 1)
    service.keep_history(readings, now=NOW, enough=lambda: False)
    assert count(readings, gas) == 400


@pytest.mark.parametrize(
    "bad", [{"kinds": ["gas"]}, {"kinds": []}, {"readings_days": 0}, {"figures_days": 1}, {"cold_after_days": "9"}]
)
def test_a_rule_of_keeping_that_cannot_be_meant_is_refused(bad):
    good = {"kinds": ["rain"], "readings_days": 10, "figures_days": 20, "cold_after_days": 5}
    assert service.faults_of(good) == []
    assert len(service.faults_of(good | bad)) == 1


def test_the_shipped_rules_cover_every_kind_and_say_so_in_words():
    from anlan.kernel.rulebook.services import load_shipped

    load_shipped(NOW)
    found = service.rules(NOW)
    assert service.OTHERS in found
    lines = keeping_start.lines(found["rain"].body)
    assert len(lines) == 4
    assert "3653" in lines[1].value or "3,653" in lines[1].value
