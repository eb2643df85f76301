"""Numbers of devices in protocols of their own: registered by a person, shown on a page."""

from __future__ import annotations

import pytest
from django.test import Client
from sensing_world import NOW, sign_in

from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing.door.links import secret_hash
from anlan.kernel.sensing.models import Caller, DeviceLink, FrameFault, Point
from anlan.kernel.sensing.services import Refused
from anlan.kernel.sensing.services.links import let_register, link_device, other_units, sensors_of

pytestmark = pytest.mark.django_db
MN = "A110000_0001"


def link(device, engineer, **more) -> DeviceLink:
    given = {"protocol": "hj212", "number": MN, "secret": "123456", "sensors": {}} | more
    return link_device(device, actor=engineer, now=NOW, **given)


@pytest.fixture
def caller(db) -> Caller:
    digest = secret_hash("hj212", MN, "987654")
    at = {"first_at": NOW, "last_at": NOW}
    return Caller.objects.create(protocol="hj212", number=MN, secret_hash=digest, address="10.0.0.7", raw="2323", **at)


def test_only_a_digest_of_the_password_is_kept_and_the_act_is_in_the_audit(device, engineer):
    made = link(device, engineer)
    assert made.secret_hash == secret_hash("hj212", MN, "123456")
    entry = AuditEntry.objects.get(verb="device.link")
    assert (entry.after["number"], entry.after["password_given"]) == (MN, True)
    assert "123456" not in str(entry.after)


def test_without_a_password_the_one_that_it_calls_with_is_taken_over_and_the_call_is_done(device, engineer, caller):
    assert link(device, engineer, secret="").secret_hash == caller.secret_hash
    assert not Caller.objects.exists()
    assert link(device, engineer, secret="", sensors={"a": ""}).secret_hash == caller.secret_hash


def test_a_number_that_never_called_needs_a_password_and_a_terminal_registers_itself(device, engineer):
    with pytest.raises(Refused):
        link(device, engineer, secret="")
    made = link(device, engineer, protocol="jt808", number="013800138000", secret="")
    assert (made.number, made.secret_hash) == ("13800138000", "")
    DeviceLink.objects.update(secret_hash="given")
    made.refresh_from_db()
    let_register(made, actor=engineer, now=NOW)
    assert DeviceLink.objects.get().secret_hash == ""


@pytest.mark.parametrize(
    "given",
    [
        {"protocol": "modbus"},
        {"number": "MN;CN"},
        {"number": "1" * 25},
        {"protocol": "sl651", "secret": "A000"},
        {"protocol": "sl651", "number": "0010010100", "secret": "12345"},
        {"secret": "a;b"},
        {"sensors": {"w01018-Rtd": "of another"}},
    ],
)
def test_what_cannot_be_is_refused(device, engineer, given):
    with pytest.raises(Refused):
        link(device, engineer, **given)
    assert not DeviceLink.objects.exists()


def test_a_sensor_whose_unit_is_not_that_of_its_point_is_told(device, point, engineer):
    Point.records.filter(pk=point.pk).update(unit="%LEL")
    made = link(device, engineer, sensors={"w01018-Rtd": point.code})
    assert other_units(made) == [("w01018-Rtd", "mg/L", point.code, "%LEL")]
    Point.records.filter(pk=point.pk).update(unit="mg/L")
    assert other_units(made) == []
    gauge = link(device, engineer, protocol="sl651", number="0010010100", secret="A000", sensors={"39": point.code})
    assert other_units(gauge) == [("39", "m", point.code, "mg/L")]


def test_S2_nobody_links_a_device_elsewhere(device, officer, foreigner):
    for person in (officer, foreigner):
        with pytest.raises(NotAllowed):
            link(device, person)


def test_sensors_are_written_one_a_line():
    assert sensors_of("39 = P-1\n\n 20 =\n") == {"39": "P-1", "20": ""}
    for text in ("39", "= P-1", "39 = a\n39 = b"):
        with pytest.raises(Refused):
            sensors_of(text)


def test_the_page_registers_and_shows_callers_and_faults_with_their_bytes(device, engineer, client: Client):
    FrameFault.objects.create(
        day=NOW.date(), protocol="hj212", sender=device.code, fault="bad_crc", count=7, raw="23233031", last_at=NOW
    )
    sign_in(client, engineer)
    point = Point.records.filter(device=device).first()
    lines = f"w01018-Rtd = {point.code}" if point else ""
    form = {"device": device.code, "protocol": "hj212", "number": MN, "secret": "123456", "sensors": lines}
    assert client.post("/sensing/links/save/", form | {"number": "?"}).status_code == 422
    assert client.post("/sensing/links/save/", form).status_code == 302
    shown = client.get("/sensing/links/").content.decode()
    assert MN in shown
    assert client.get(f"/sensing/links/?edit={device.code}").content.decode().count(MN) == 2
    assert client.post(f"/sensing/links/{DeviceLink.objects.get().pk}/again/").status_code == 302


def test_the_page_is_closed_to_those_who_manage_no_device(officer, client: Client):
    sign_in(client, officer)
    assert client.get("/sensing/links/").status_code == 403
