"""The quality of alarms: figures by hand, figures against their rows, and the page."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sensing_world import NOW, Transition, ms, person, points_of, seconds, sign_in

from anlan.apps.monitoring import quality
from anlan.kernel.sensing import alarms, consumer, shelving
from anlan.kernel.sensing.models import Alarm, AlarmState, Point, RuleVersion

LEVELS = {"low": [4], "medium": [3], "high": [2, 1]}
#: 2024-03-05 10:00 in the bureau's zone.
THEN = datetime(2024, 3, 5, 2, tzinfo=UTC)
FLOOD = quality.Floods(begin=10, end=5, pane_s=600)


# --- arithmetic -----------------------------------------------------------------------------------------------------


def test_a_period_is_a_day_a_week_from_monday_or_a_month_of_the_bureaus_zone():
    now = datetime(2026, 11, 22, 3, 25, tzinfo=UTC)
    day, week, month = (quality.period_of(kind, date(2026, 11, 22), now) for kind in quality.PERIODS)
    assert (day.start, day.until) == (datetime(2026, 11, 21, 16, tzinfo=UTC), now)
    assert (week.first, week.last, month.first, month.last) == (
        date(2026, 11, 16), date(2026, 11, 22), date(2026, 11, 1), date(2026, 11, 30),
    )  # fmt: skip
    assert quality.period_of("month", date(2026, 12, 31), now).after == date(2027, 1, 1)
    future = quality.period_of("day", date(2027, 1, 1), now)
    assert future.until == future.start


def test_a_flood_lasts_from_above_ten_until_below_five():
    panes = np.array([0, 10, 11, 10, 5, 4, 9, 12, 5])
    assert quality.in_flood(panes, 10, 5).tolist() == [False, False, True, True, True, False, False, True, True]


@given(st.lists(st.integers(0, 20), min_size=1, max_size=40))
def test_a_flood_is_the_same_as_told_pane_by_pane(counts):
    state, told = False, []
    for n in counts:
        state = True if n > 10 else False if n < 5 else state
        told.append(state)
    assert quality.in_flood(np.array(counts), 10, 5).tolist() == told


def columns(rows, start) -> quality.Alarms:
    """rows of (seconds after start, point, level, answered after s or None, allowed s)"""
    n = len(rows)
    begin = start.timestamp()
    raised = np.array([begin + row[0] for row in rows], np.float64)
    return quality.Alarms(
        np.arange(1, n + 1),
        np.array([row[1] for row in rows], np.int64),
        np.full(n, 7, np.int64),
        np.full(n, 1, np.int64),
        raised,
        raised,
        np.array([row[2] for row in rows], np.int64),
        np.array([np.nan if row[3] is None else begin + row[0] + row[3] for row in rows], np.float64),
        raised + np.array([row[4] for row in rows], np.float64),
        np.zeros(n),
        np.zeros(n, np.bool_),
    )


def test_figures_worked_by_hand():
    period = quality.period_of("day", date(2026, 11, 21), NOW + timedelta(days=2))
    rows = [(i, 1, 4, 60, 900) for i in range(11)]  # eleven in the first pane, all answered after a minute
    rows += [(3600, 2, 3, 700, 600), (7200, 3, 2, None, 300), (86_399, 4, 1, None, 180)]
    found = quality.figures(columns(rows, period.start), period, FLOOD, 2, LEVELS)
    assert found.n == 14
    assert found.average == pytest.approx(14 / 144)
    assert (found.peak, found.stale) == (11, 2)
    # Pane 0 has 11, pane 1 has none: the flood is over there.
    assert found.flood == pytest.approx(1 / 144)
    assert found.top == 1.0
    assert (found.low, found.medium, found.high) == (11 / 14, 1 / 14, 2 / 14)
    # Eleven in time, one late, one never answered; the last still has time at midnight.
    assert (found.answerable, found.late, found.answered) == (13, 2, 11 / 13)
    assert found.median_s == 60.0


def test_an_empty_period_says_nothing_rather_than_zero_per_cent():
    period = quality.period_of("day", date(2026, 11, 21), NOW + timedelta(days=2))
    found = quality.figures(columns([], period.start), period, FLOOD, 0, LEVELS)
    assert (found.n, found.peak, found.average, found.flood) == (0, 0, 0.0, 0.0)
    assert (found.top, found.low, found.answered, found.median_s) == (None, None, None, None)


def test_time_for_which_it_was_shelved_is_no_time_to_answer():
    period = quality.period_of("day", date(2026, 11, 21), NOW + timedelta(days=2))
    rows = columns([(0, 1, 4, 3700, 4500)], period.start)
    rows.shelved_s[0] = 3600
    assert quality.figures(rows, period, FLOOD, 0, LEVELS).median_s == 100.0


# --- on the database ------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(entry, clocks, device, town, other_town, hands, officer):
    """Fourteen alarms in one pane, one of them in another town; one chatters and is answered, one is shelved."""
    points = points_of(device, town, hands, 14)
    Point.records.filter(pk=points[13].pk).update(region=other_town, site_ref="site:10", site_name="=丹崖水库")
    version = RuleVersion.objects.get(lane="live")
    now = THEN
    for i, point in enumerate(points):
        consumer.take([Transition(version.pk, point.pk, ms(now), 1 if i == 5 else 0, 2 if i == 5 else 3)], now)
    for i in range(1, 6):
        at = now + seconds(5 * i)
        consumer.take([Transition(version.pk, points[0].pk, ms(at), on=i % 2 == 0)], at)
    first, second = Alarm.records.filter(point__in=points[:2]).order_by("point_id")
    alarms.acknowledge_one(first, actor=officer, now=now + seconds(90))
    shelving.shelve(second, until=now + timedelta(hours=3), reason="检修", actor=officer, now=now + seconds(95))
    return points


pytest_db = pytest.mark.django_db


def page(client, user, **asked):
    return sign_in(client, user).get("/monitoring/quality/", {"day": "2024-03-05"} | asked)


def html_of(client, user, **asked) -> str:
    return page(client, user, **asked).content.decode()


def tile(html: str, measure: str) -> tuple[str, str]:
    """The figure of a tile and where it leads."""
    found = re.search(rf'data-measure="{measure}">.*?<a class="big" href="([^"]+)">([^<]+)</a>', html, re.S)
    assert found, measure
    return found[2], found[1].replace("&amp;", "&")


def count_of(html: str) -> int:
    return html.count("<tr data-row")


@pytest_db
def test_every_number_leads_to_exactly_its_rows(client, officer, busy):
    html = html_of(client, officer)
    for measure, rows in (
        ("average", 14), ("peak", 14), ("flood", 14), ("chattering", 1), ("stale", 0), ("top", 10), ("low", 0),
        ("medium", 13), ("high", 1), ("answered", 1), ("median", 1),
    ):  # fmt: skip
        _figure, url = tile(html, measure)
        answer = client.get(url)
        assert answer.status_code == 200
        assert count_of(answer.content.decode()) == rows, measure
    assert tile(html, "peak")[0] == "14"
    assert tile(html, "chattering")[0] == "1"
    assert tile(html, "medium")[0] == "92.9 %"


@pytest_db
def test_a_bar_of_the_chart_and_the_numbers_of_a_town_lead_to_their_rows(client, officer, busy):
    html = html_of(client, officer)
    (bar,) = re.findall(r'<a href="([^"]+)"><title>', html)
    assert count_of(client.get(bar.replace("&amp;", "&")).content.decode()) == 14
    lines = re.findall(r'<tr><th scope="row"><a class="nm" href="([^"]+)">([^<]+)</a></th><td class="n">'
                       r'<a href="([^"]+)">(\d+)</a>', html)  # fmt: skip
    assert {(name, n) for _url, name, _rows, n in lines} == {
        ("沧浦镇", "13"), ("丹崖镇", "1"), ("澜润化工", "13"), ("=丹崖水库", "1"),
    }  # fmt: skip
    for url, _name, rows, n in lines:
        assert count_of(client.get(rows.replace("&amp;", "&")).content.decode()) == int(n)
        assert f'measure=all">{n} ' in client.get(url.replace("&amp;", "&")).content.decode()


@pytest_db
def test_every_target_names_its_source_and_the_worst_alarms_can_be_acted_upon(client, officer, busy):
    html = html_of(client, officer)
    assert "EEMUA 191" in html
    assert "未核实" in html or "unverified" in html
    worst = html[html.index("qworst") : html.index("</table>", html.index("qworst"))]
    assert worst.count('<div class="qacts">') == 10
    assert worst.count("/sensing/points/GT-2031/") == 2
    assert worst.count("/rulebook/") >= 20
    assert "#shelve" in worst
    assert "/sensing/rules/of/TEST-01/" in worst


@pytest_db
def test_w5_what_was_shelved_stands_in_the_daily_figures(client, officer, busy):
    html = html_of(client, officer)
    assert "检修" in html
    assert "检修" not in html_of(client, officer, day="2024-03-04")


@pytest_db
def test_S2_an_officer_of_one_town_sees_the_figures_of_that_town(client, foreigner, busy):
    html = html_of(client, foreigner)
    assert tile(html, "peak")[0] == "1"
    assert "沧浦镇" not in html
    town = Point.records.get(pk=busy[0].pk).region.path
    narrowed = client.get(
        "/monitoring/quality/rows/", {"measure": "all", "day": "2024-03-05", "town": town}
    ).content.decode()
    assert count_of(narrowed) == 0


@pytest_db
def test_exercises_and_late_discoveries_do_not_count(client, officer, busy):
    some = list(Alarm.records.values_list("pk", flat=True)[:5])
    Alarm.records.filter(pk__in=some[:2]).update(exercise=True)
    Alarm.records.filter(pk__in=some[2:4]).update(retrospective=True)
    Alarm.records.filter(pk=some[4]).update(lane="replay-1")
    html = html_of(client, officer)
    assert tile(html, "peak")[0] == "9"


@pytest_db
def test_what_is_on_for_more_than_a_day_is_stale_until_it_clears(client, officer, busy):
    end = datetime(2024, 3, 5, 16, tzinfo=UTC)
    Alarm.records.filter(point=busy[3]).update(raised_at=end - timedelta(hours=25))
    Alarm.records.filter(point=busy[4]).update(raised_at=end - timedelta(hours=25), cleared_at=end - timedelta(hours=2))
    Alarm.records.filter(point=busy[6]).update(raised_at=end - timedelta(hours=25), cleared_at=end + timedelta(hours=2))
    Alarm.records.filter(point=busy[7]).update(raised_at=end - timedelta(hours=23))
    html = html_of(client, officer)
    figure, url = tile(html, "stale")
    assert figure == "2"
    assert count_of(client.get(url).content.decode()) == 2


@pytest_db
def test_the_table_for_a_spreadsheet_has_the_whole_each_town_and_each_site_and_no_formula(client, officer, busy):
    answer = page(client, officer, **{"as": "csv"})
    assert answer["Content-Type"].startswith("text/csv")
    text = answer.content.decode("utf-8-sig")
    head, target, *lines = csv.reader(io.StringIO(text))
    assert len(lines) == 5
    assert all(len(line) == len(head) == len(target) for line in lines)
    assert lines[0][2] == "14"
    assert {line[1] for line in lines[1:]} == {"沧浦镇", "丹崖镇", "澜润化工", "'=丹崖水库"}


@pytest_db
def test_the_number_of_queries_does_not_depend_on_how_many_alarms_there_are(
    client, officer, busy, django_assert_max_num_queries
):
    page(client, officer)
    with django_assert_max_num_queries(23):
        assert client.get("/monitoring/quality/", {"day": "2024-03-05"}).status_code == 200
    with django_assert_max_num_queries(16):
        answer = client.get("/monitoring/quality/rows/", {"measure": "all", "day": "2024-03-05"})
    assert count_of(answer.content.decode()) == 14


@pytest_db
def test_odd_addresses_are_answered_and_an_unknown_measure_is_not_there(client, officer, busy):
    sign_in(client, officer)
    for asked in (
        {"period": "century", "day": "never"}, {"day": "0001-01-01"}, {"day": "9999-12-31", "period": "month"},
        {"town": "/nowhere/", "site": "site:999"}, {"period": "week"}, {"period": "month", "as": "csv"},
    ):  # fmt: skip
        assert client.get("/monitoring/quality/", asked).status_code == 200, asked
    assert client.get("/monitoring/quality/rows/", {"measure": "secrets"}).status_code == 404
    assert client.get("/monitoring/quality/rows/", {"point": "x", "begin": "9" * 40}).status_code == 200


@pytest_db
def test_nobody_without_the_right_opens_it(client, engineer, county):

    assert (
        sign_in(client, person("none", "无名", county, ["region.see"])).get("/monitoring/quality/").status_code == 403
    )
    assert sign_in(client, engineer).get("/monitoring/quality/").status_code == 200


@pytest_db
def test_an_alarm_that_nobody_answered_counts_as_late_once_its_time_is_over(client, officer, busy):
    html = html_of(client, officer)
    # Fourteen: one answered, one shelved (its clock stands), twelve over their ten (one five) minutes.
    late = Alarm.records.filter(acknowledged_at=None, shelved_until=None, state=AlarmState.UNACKNOWLEDGED).count()
    assert late == 12
    assert set(re.findall(r"\d+", re.search(r'measure=late">([^<]*)<', html)[1])) == {"12", "13"}
