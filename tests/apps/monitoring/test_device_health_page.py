"""The page of device health: order, filters, reach, the curve at the gap, CSV, and how often it asks the database."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from sensing_world import NOW, ms, points_of, sign_in

from anlan.kernel.sensing.models import Device, Point, PointHealth
from anlan.kernel.sensing.store import Refused

PAGE = "/monitoring/health/"


def healthy(point: Point, **more) -> PointHealth:
    facts = {"rate_today": 1.0, "rate_week": 0.99, "rate_month": 0.98, "last_at": NOW, "at": NOW}
    return PointHealth.objects.create(point=point, **facts | more)


@pytest.fixture
def points(device, town, hands) -> list[Point]:
    made = points_of(device, town, hands, 3)
    healthy(made[0])
    healthy(made[1], rate_week=0.4, gaps=3, longest_s=7200, longest_from=NOW - timedelta(hours=5), offset_worst_ms=900)
    healthy(made[2], rate_week=None, offset_ms=-100, offset_worst_ms=-90_000)
    return made


@pytest.fixture
def desk(client: Client, officer, points) -> Client:
    return sign_in(client, officer)


def codes(answer) -> list[str]:
    return [row.code for row in answer.context["rows"]]


def test_the_worst_comes_first_and_what_is_not_known_last(desk: Client):
    assert codes(desk.get(PAGE)) == ["GT-2032", "GT-2031", "GT-2033"]


@pytest.mark.parametrize(
    ("order", "first"), [("gaps", "GT-2032"), ("longest", "GT-2032"), ("offset", "GT-2033"), ("nonsense", "GT-2032")]
)
def test_each_column_sorts_worst_first(desk: Client, order: str, first: str):
    assert codes(desk.get(PAGE, {"order": order}))[0] == first
    assert desk.get(PAGE, {"order": order, "by": "device"}).status_code == 200


@pytest.mark.parametrize("order", ["today", "week", "month", "gaps", "longest", "offset", "battery", "seen"])
@pytest.mark.parametrize("by", ["", "device"])
def test_every_order_works_for_points_and_devices(desk: Client, order: str, by: str):
    assert len(codes(desk.get(PAGE, {"order": order, "by": by}))) == (1 if by else 3)


def test_a_row_leads_to_the_curve_at_its_longest_gap(desk: Client):
    text = desk.get(PAGE).content.decode()
    middle = ms(NOW - timedelta(hours=4))
    assert f"/points/GT-2032/?at={middle}&amp;hours=24" in text


def test_filters_by_kind_town_and_text(desk: Client, town, other_town):
    assert codes(desk.get(PAGE, {"q": "GT-2033"})) == ["GT-2033"]
    assert codes(desk.get(PAGE, {"kind": "rain"})) == []
    assert len(codes(desk.get(PAGE, {"town": town.code}))) == 3
    assert codes(desk.get(PAGE, {"town": other_town.code})) == []
    desk.cookies["anlan_language"] = "en"
    assert "Nothing fits" in desk.get(PAGE, {"kind": "rain"}).content.decode()


def test_S2_points_of_another_town_are_not_on_it(client: Client, foreigner, points):
    assert codes(sign_in(client, foreigner).get(PAGE)) == []
    assert codes(client.get(PAGE, {"by": "device"})) == []


def test_a_device_has_the_mean_of_its_points_its_battery_and_what_waits(desk: Client, device, readings):
    Device.records.filter(pk=device.pk).update(battery=23.0, battery_at=NOW)
    readings.put_set_aside("gw-1", "b", "live", [Refused(0, "t", "time", "no time")])
    (row,) = desk.get(PAGE, {"by": "device"}).context["rows"]
    assert (row.code, row.points, row.gaps, row.longest_s, row.worst_ms) == ("gw-1", 3, 3, 7200, -90_000)
    assert row.rate_week == pytest.approx((0.99 + 0.4) / 2)
    assert (row.battery, row.aside, row.point) == (23.0, 1, "GT-2032")


def test_the_table_holds_every_row_and_no_formula(desk: Client, points):
    Point.records.filter(pk=points[0].pk).update(name="=1+1")
    answer = desk.get(PAGE, {"as": "csv"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer["Content-Disposition"].startswith("attachment")
    assert [row[0] for row in rows[1:]] == ["GT-2032", "GT-2031", "GT-2033"]
    assert rows[2][1] == "'=1+1"
    assert rows[1][7] == "0.4"


def test_before_the_first_count_it_says_so(client: Client, officer, device):
    client.cookies["anlan_language"] = "en"
    assert "Nothing counted yet" in sign_in(client, officer).get(PAGE).content.decode()


def test_the_page_asks_the_database_as_often_for_many_points_as_for_few(
    desk: Client, device, town, django_assert_max_num_queries
):
    desk.get(PAGE)
    rows = [{"code": f"X-{i}", "name": "x", "kind": "other", "region": town, "device": device} for i in range(120)]
    for point in Point.records.bulk_create(Point(**row) for row in rows):
        healthy(point)
    for more in ({}, {"by": "device"}, {"as": "csv"}):
        with django_assert_max_num_queries(16):
            desk.get(PAGE, more)
