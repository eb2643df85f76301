"""Pages of the monitoring desk and the answers to their scripts."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from sensing_world import NOW, Transition, ms, points_of, sign_in

from anlan.engine import encode_batch
from anlan.kernel.sensing import consumer, services
from anlan.kernel.sensing.models import Alarm, AlarmState, Device, RuleVersion
from anlan.kernel.sensing.store import Columns, NewBatch, Refused

pytestmark = pytest.mark.django_db

JSON = {"HTTP_ACCEPT": "application/json"}


def fill(store, point, values, *, until=None, step_s=15):
    """Readings up to `until` (now), in the log, and the newest as latest."""
    end = ms(until or timezone.now())
    t = np.array([end - (len(values) - 1 - i) * step_s * 1000 for i in range(len(values))], np.int64)
    value = np.array(values, np.float64)
    ids, quality = np.full(t.size, point.pk, np.int32), np.zeros(t.size, np.uint8)
    payload = encode_batch(ids, t, value, quality)
    digest = hashlib.sha256(payload).digest()
    store.append_batches([NewBatch("gw-1", digest.hex(), "live", t.size, payload, digest)])
    store.put_latest(Columns(ids[-1:], t[-1:], value[-1:], quality[-1:]), end)


def test_every_page_opens_and_says_what_it_is(client, raised, point, engineer, readings):
    raised()
    readings.put_set_aside("gw-1", "b1", "live", [Refused(0, "point", "unknown_point", "why", "GT-X", ms(NOW), 1.5)])
    sign_in(client, engineer)
    alarm = Alarm.records.get()
    for path, says in (
        ("/sensing/", "GT-2031"),
        ("/sensing/?q=krqt", "GT-2031"),
        ("/sensing/?state=silent", "GT-2031"),
        ("/sensing/?state=alarm", "GT-2031"),
        (f"/sensing/points/{point.code}/", "GB/T 50493-2019"),
        ("/sensing/alarms/", "可燃气体超限"),
        ("/sensing/alarms/?view=all&level=3&kind=other&q=GT", "可燃气体超限"),
        (f"/sensing/alarms/{alarm.pk}/", "5.5.2"),
        ("/sensing/set-aside/", "GT-X"),
        ("/sensing/devices/", "gw-1"),
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert says in answer.content.decode(), path


def test_empty_pages_say_what_to_do_next(client, county, engineer):
    sign_in(client, engineer)
    for path in (
        "/sensing/",
        "/sensing/alarms/",
        "/sensing/alarms/?view=late",
        "/sensing/set-aside/",
        "/sensing/devices/",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert 'class="state' in answer.content.decode(), path


def test_S1_foreign_and_missing_look_the_same(client, raised, point, foreigner):
    alarm = raised()
    sign_in(client, foreigner)
    assert "GT-2031" not in client.get("/sensing/").content.decode()
    for path in (
        f"/sensing/points/{point.code}/",
        "/sensing/points/nothing/",
        f"/sensing/alarms/{alarm.pk}/",
        "/sensing/alarms/999999/",
        f"/sensing/curve/{point.pk}.json",
        "/sensing/curve/999999.json",
    ):
        assert client.get(path).status_code == 404, path
    for path in (f"/sensing/alarms/{alarm.pk}/acknowledge/", "/sensing/alarms/999999/acknowledge/"):
        assert client.post(path).status_code == 404, path


def test_S1_pages_without_the_right_are_refused(client, county, officer):
    sign_in(client, officer)
    assert client.get("/sensing/devices/").status_code == 403
    assert client.post("/sensing/devices/register/", {"code": "x", "name": "x", "region": "990123"}).status_code == 422
    assert not Device.records.exists()


def test_changing_something_needs_a_post(client, raised, officer):
    alarm = raised()
    sign_in(client, officer)
    assert client.get(f"/sensing/alarms/{alarm.pk}/acknowledge/").status_code == 405
    alarm.refresh_from_db()
    assert alarm.state == AlarmState.UNACKNOWLEDGED


def test_the_curve_has_limits_alarm_bands_and_every_reading(client, raised, point, officer, readings):
    now = timezone.now()
    fill(readings, point, [3.0, 3.2, 31.0, 30.5], until=now)
    raised(Transition(RuleVersion.objects.get(lane="live").pk, point.pk, ms(now - timedelta(seconds=30))), now=now)
    body = sign_in(client, officer).get(f"/sensing/curve/{point.pk}.json?hours=1").json()
    assert [value for _t, value in body["series"]] == [3.0, 3.2, 31.0, 30.5]
    assert [(limit["level"], limit["value"]) for limit in body["limits"]] == [(3, 25.0), (2, 50.0)]
    (band,) = body["alarms"]
    assert band["level"] == 3
    assert body["silentFrom"] is None
    assert (body["unit"], body["to"] - body["from"]) == ("%LEL", 3_600_000)


def test_W2_a_hole_breaks_the_line_and_silence_has_a_beginning(client, point, officer, readings):
    old = timezone.now() - timedelta(minutes=30)
    fill(readings, point, [1.0, 2.0, 3.0], until=old - timedelta(minutes=10))
    fill(readings, point, [4.0, 5.0], until=old)
    body = sign_in(client, officer).get(f"/sensing/curve/{point.pk}.json?hours=2").json()
    assert [value for _t, value in body["series"]] == [1.0, 2.0, 3.0, None, 4.0, 5.0]
    assert body["silentFrom"] == ms(old)
    page = client.get("/sensing/").content.decode()
    assert 'class="silent"' in page


@pytest.mark.parametrize("query", ["n=1", "n=99999", "from=x&to=1", "hours=nan", "hours=-1", "from=9&to=5", "at=1e99"])
def test_a_question_that_cannot_be_meant_names_its_field(query, client, point, officer):
    answer = sign_in(client, officer).get(f"/sensing/curve/{point.pk}.json?{query}")
    assert answer.status_code == 422
    assert answer.json()["field"] in query


def test_the_second_officer_is_told_who_was_first(client, raised, officer, second_officer):
    alarm = raised()
    first = sign_in(client, officer).post(f"/sensing/alarms/{alarm.pk}/acknowledge/", **JSON)
    assert (first.status_code, first.json()["undo_s"]) == (200, 10)
    second = sign_in(client, second_officer).post(f"/sensing/alarms/{alarm.pk}/acknowledge/", **JSON)
    assert second.status_code == 409
    assert "顾怀远" in second.json()["words"]
    page = client.post(f"/sensing/alarms/{alarm.pk}/acknowledge/", {"next": "/sensing/alarms/"}, follow=True)
    assert "顾怀远" in page.content.decode()


def test_an_acknowledgement_is_taken_back_from_the_page(client, raised, officer):
    alarm = raised()
    sign_in(client, officer)
    client.post(f"/sensing/alarms/{alarm.pk}/acknowledge/", **JSON)
    assert client.post(f"/sensing/alarms/{alarm.pk}/undo/", **JSON).json()["ok"]
    alarm.refresh_from_db()
    assert alarm.state == AlarmState.UNACKNOWLEDGED


def test_an_act_leads_back_into_the_product_and_nowhere_else(client, raised, officer):
    alarm = raised()
    sign_in(client, officer)
    for came in ("https://example.com/", "//example.com/", "/\\example.com/"):
        answer = client.post(f"/sensing/alarms/{alarm.pk}/acknowledge/", {"next": came})
        assert answer.url == f"/sensing/alarms/{alarm.pk}/"


def test_S11_a_new_device_shows_its_key_once(client, town, engineer):
    sign_in(client, engineer)
    facts = {"code": "gw-9", "name": "九号网关", "region": town.code, "hold_s": "30"}
    answer = client.post("/sensing/devices/register/", facts)
    page = answer.content.decode()
    device = Device.records.get(code="gw-9")
    key = page.split('class="key">')[1].split("<")[0]
    assert hashlib.sha256(key.encode()).hexdigest() == device.key_hash
    assert device.hold_ms == 30_000
    assert "no-cache" in answer["Cache-Control"] or "no-store" in answer["Cache-Control"]
    assert key not in client.get("/sensing/devices/").content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"code": "a:b"}, {"code": "gw-1"}, {"region": ""}, {"region": "990123999"}, {"hold_s": "-1"}, {"hold_s": "601"}],
)
def test_a_device_that_cannot_be_registered_keeps_what_was_typed(wrong, client, device, town, engineer):
    sign_in(client, engineer)
    facts = {"code": "gw-9", "name": "九号网关", "region": town.code, "hold_s": "0"} | wrong
    answer = client.post("/sensing/devices/register/", facts)
    assert answer.status_code == 422
    assert "九号网关" in answer.content.decode()
    assert Device.records.count() == 1


def test_a_key_is_renewed_revoked_and_given_again_from_the_page(client, device, engineer):
    sign_in(client, engineer)
    assert 'class="key"' in client.post(f"/sensing/devices/{device.pk}/rotate/").content.decode()
    client.post(f"/sensing/devices/{device.pk}/revoke/")
    device.refresh_from_db()
    assert not device.enabled
    assert 'class="key"' in client.post(f"/sensing/devices/{device.pk}/restore/").content.decode()


def test_S2_a_device_elsewhere_is_not_there(client, device, other_town):
    from sensing_world import person

    elsewhere = person("elsewhere", "别处", other_town, ["device.manage"])
    sign_in(client, elsewhere)
    assert client.post(f"/sensing/devices/{device.pk}/rotate/").status_code == 404


def test_a_reading_set_aside_is_sent_again_or_dropped_from_the_page(client, point, engineer, readings):
    rows = [
        Refused(0, "point", "unknown_point", "why", "GT-2O31", ms(NOW), 12.5),
        Refused(1, "value", "type", "why", "GT-2031", ms(NOW), None),
    ]
    readings.put_set_aside("gw-1", "b1", "live", rows)
    sign_in(client, engineer)
    first, second = sorted(readings.set_aside(), key=lambda row: row.row)
    client.post(f"/sensing/set-aside/{first.id}/replay/", {"point": "nothing"})
    assert readings.set_aside_row(first.id).state == "open"
    client.post(f"/sensing/set-aside/{first.id}/replay/", {"point": "GT-2031"})
    assert readings.set_aside_row(first.id).state == "replayed"
    client.post("/sensing/set-aside/drop/", {"id": [str(second.id)], "note": ""})
    assert readings.set_aside_row(second.id).state == "open"
    client.post("/sensing/set-aside/drop/", {"id": [str(second.id)], "note": "调试"})
    assert readings.set_aside_row(second.id).state == "dropped"
    for state in ("replayed", "dropped"):
        assert "engineer" in client.get(f"/sensing/set-aside/?state={state}").content.decode()


def test_S1_a_row_elsewhere_is_not_there(client, device, foreigner, readings):
    readings.put_set_aside("gw-1", "b1", "live", [Refused(0, "point", "unknown_point", "why", "X", ms(NOW), 1.0)])
    row = readings.set_aside()[0]
    sign_in(client, foreigner)
    assert client.post(f"/sensing/set-aside/{row.id}/replay/").status_code == 404
    assert client.post("/sensing/set-aside/drop/", {"id": [str(row.id)], "note": "x"}).status_code == 404
    assert readings.set_aside_row(row.id).state == "open"


def test_hostile_text_stays_text(client, town, device, hands, engineer, entry, clocks):
    points_of(device, town, hands, 1, name="<script>alert(1)</script>", site_name='"><img src=x>')
    version = RuleVersion.objects.get(lane="live")
    consumer.take([Transition(version.pk, version.points[0], ms(NOW))], NOW)
    sign_in(client, engineer)
    for path in (
        "/sensing/",
        "/sensing/points/GT-2031/",
        "/sensing/alarms/",
        f"/sensing/alarms/{Alarm.records.get().pk}/",
    ):
        page = client.get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x>" not in page


def test_the_list_of_points_asks_each_database_a_fixed_number_of_times(
    client, town, device, hands, engineer, entry, clocks, django_assert_max_num_queries
):
    points_of(device, town, hands, 60)
    sign_in(client, engineer)
    client.get("/sensing/")
    with django_assert_max_num_queries(30):
        client.get("/sensing/")


def test_a_replays_point_says_that_it_is_an_exercise(client, county, engineer, entry):
    replay = services.open_replay(
        name="outang",
        title="回放",
        region=county,
        points=[{"code": "D1", "name": "位移"}],
        rules=[],
        actor=engineer,
        now=NOW,
    )
    page = sign_in(client, engineer).get(f"/sensing/points/{replay.points['D1'].code}/").content.decode()
    assert 'class="band"' in page
