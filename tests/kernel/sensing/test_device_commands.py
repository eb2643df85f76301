"""Commands to devices: who may ask what, what is refused, and the page that shows how far each is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from sensing_world import NOW, person, sign_in

from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing import services
from anlan.kernel.sensing.command_words import answer_words, asked_words
from anlan.kernel.sensing.models import Device, DeviceCommand, DeviceLink
from anlan.kernel.sensing.services import Refused
from anlan.kernel.sensing.services.commands import ask, elements_of, set_clocks, withdraw
from anlan.kernel.sensing.services.links import link_device

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SPAN = {"start": NOW - DAY, "end": NOW, "of": "2061"}


@pytest.fixture
def operator(county):
    return person("operator", "陆明远", county, ["device.command"])


@pytest.fixture
def link(device) -> DeviceLink:
    return DeviceLink.objects.create(device=device, protocol="hj212", number="A1", secret_hash="x")


def asked(device: Device, operator: Any, kind: str = "set_clock", **arguments: Any) -> DeviceCommand:
    return ask(device, kind=kind, arguments=arguments, actor=operator, now=NOW)


def test_a_command_waits_with_the_numbers_of_the_rulebook_and_is_in_the_audit(device, link, operator):
    made = asked(device, operator, "history", **SPAN)
    rule = Entry.objects.get(kind="device_command", code="CMD-01")
    assert (made.state, made.entry, made.expires_at) == ("waiting", rule, NOW + DAY)
    assert (made.answer_s, made.most_tries, made.result_s) == (10, 3, 600)
    ms = round(NOW.timestamp() * 1000)
    assert made.arguments == {"from_ms": ms - 86_400_000, "to_ms": ms, "of": "2061"}
    entry = AuditEntry.objects.get(verb="device.command")
    assert (entry.actor_id, entry.region_path) == (operator.pk, device.region.path)
    assert (entry.after["command"], entry.after["of"]) == (made.pk, "2061")


def test_S2_nobody_asks_without_the_right_or_elsewhere(device, link, engineer, other_town):
    stranger = person("stranger", "别处", other_town, ["device.command", "device.manage"])
    for actor in (engineer, stranger):
        with pytest.raises(NotAllowed):
            asked(device, actor)
    assert set_clocks("hj212", actor=stranger, now=NOW) == 0
    assert not DeviceCommand.objects.exists()


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("locate", {}),
        ("reboot", {}),
        ("history", SPAN | {"of": "2011"}),
        ("history", SPAN | {"start": NOW}),
        ("history", SPAN | {"end": NOW + DAY}),
        ("history", SPAN | {"start": NOW - 32 * DAY}),
        ("history", SPAN | {"start": None}),
    ],
)
def test_what_cannot_be_is_refused(device, link, operator, kind, arguments):
    with pytest.raises(Refused):
        asked(device, operator, kind, **arguments)
    assert not DeviceCommand.objects.exists()


@pytest.mark.parametrize(
    ("protocol", "kind", "arguments"),
    [
        ("sl651", "history", SPAN | {"element": "39", "step_min": 7}),
        ("sl651", "history", SPAN | {"element": "ZZ", "step_min": 60}),
        ("sl651", "read_clock", {}),
        ("jt808", "set_clock", {}),
        ("jt808", "track", {"every_s": 1, "for_s": 600}),
        ("jt808", "track", {"every_s": 10, "for_s": 90_000}),
        ("jt808", "text", {"words": "  "}),
        ("jt808", "text", {"words": "字" * 501}),
        ("jt808", "text", {"words": "a\0b"}),
        ("jt808", "text", {"words": "\ud800"}),
    ],
)
def test_what_another_protocol_cannot_say_is_refused(device, link, operator, protocol, kind, arguments):
    DeviceLink.objects.update(protocol=protocol, number="1")
    with pytest.raises(Refused):
        asked(device, operator, kind, **arguments)


def test_the_same_command_is_open_once_and_there_are_not_too_many(device, link, operator):
    asked(device, operator)
    with pytest.raises(Refused):
        asked(device, operator)
    for n in range(1, 20):
        asked(device, operator, "history", **SPAN | {"start": NOW - n * timedelta(hours=1)})
    with pytest.raises(Refused):
        asked(device, operator, "read_clock")
    DeviceCommand.objects.update(state="done")
    assert asked(device, operator).state == "waiting"


def test_a_device_that_is_revoked_or_speaks_no_tcp_is_not_asked(device, operator):
    with pytest.raises(Refused):
        asked(device, operator)
    DeviceLink.objects.create(device=device, protocol="hj212", number="A1", secret_hash="x")
    Device.records.update(enabled=False)
    with pytest.raises(Refused):
        asked(device, operator)


def test_one_is_taken_back_before_it_is_sent_and_not_after(device, link, operator, engineer):
    made = asked(device, operator)
    with pytest.raises(NotAllowed):
        withdraw(made, actor=engineer, now=NOW)
    withdraw(made, actor=operator, now=NOW)
    made.refresh_from_db()
    assert (made.state, made.closed_at) == ("withdrawn", NOW)
    with pytest.raises(Refused):
        withdraw(made, actor=operator, now=NOW)
    sent = asked(device, operator)
    DeviceCommand.objects.filter(pk=sent.pk).update(state="sent")
    with pytest.raises(Refused):
        withdraw(sent, actor=operator, now=NOW)
    assert AuditEntry.objects.filter(verb="device.command_withdrawn").count() == 1


def test_all_clocks_of_a_protocol_are_set_once(device, link, operator, hands, town):
    for n in range(2, 5):
        more, _key = services.register_device(code=f"gw-{n}", name="x", region=town, actor=hands, now=NOW)
        protocol = "hj212" if n < 4 else "sl651"
        DeviceLink.objects.create(device=more, protocol=protocol, number=f"A{n}", secret_hash="x")
    Device.records.filter(code="gw-3").update(enabled=False)
    assert set_clocks("hj212", actor=operator, now=NOW) == 2
    assert set_clocks("hj212", actor=operator, now=NOW) == 0
    assert AuditEntry.objects.filter(verb="device.command").count() == 2
    with pytest.raises(Refused):
        set_clocks("jt808", actor=operator, now=NOW)


def test_changing_the_sensors_of_a_device_leaves_the_code_it_was_given_meanwhile(device, engineer):
    given = {"protocol": "jt808", "number": "13800138000", "secret": "", "actor": engineer, "now": NOW}
    made = link_device(device, sensors={}, **given)
    save = DeviceLink.save

    def slow(self: DeviceLink, *args: Any, **more: Any) -> None:
        DeviceLink.objects.filter(pk=made.pk).update(secret_hash="given by the gateway")
        save(self, *args, **more)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(DeviceLink, "save", slow)
        link_device(device, sensors={"lat": ""}, **given)
    found = DeviceLink.objects.get()
    assert (found.secret_hash, found.sensors) == ("given by the gateway", {"lat": ""})
    assert link_device(device, sensors={}, **given | {"number": "13800138001"}).secret_hash == ""


@translation.override("en")
def test_answers_are_said_in_words(device, link, operator):
    made = asked(device, operator, "history", **SPAN)
    assert asked_words(made).startswith("Data of hours · 2026-11-21 11:25 – 2026-11-22 11:25")
    made.answer, made.readings = {"QnRtn": "1", "ExeRtn": "100"}, 3
    assert answer_words(made) == [
        "the device is ready (QnRtn=1)",
        "the device has no such data (ExeRtn=100)",
        "3 readings came",
    ]
    made.answer, made.readings = {"ahead_ms": -85_400, "ExeRtn": "7"}, 0
    assert answer_words(made) == ["ExeRtn=7", "its clock is 85 s behind"]
    made.answer = {"ahead_ms": 900, "unread": True}
    assert answer_words(made) == ["its clock is right to 2 s", "nothing in its answer could be read"]


def test_elements_that_the_points_of_a_station_take_come_first(device, link):
    link.protocol, link.sensors = "sl651", {"26": device.code}
    assert elements_of(link)[0] == "26"
    assert set(elements_of(link)) == {"20", "22", "26", "38", "39", "F4", "F5"}


@pytest.mark.parametrize(
    ("protocol", "form"),
    [
        ("hj212", {"kind": "set_clock"}),
        ("hj212", {"kind": "history", "start": "2026-07-01T08:00", "end": "2026-07-02T08:00", "of": "2061"}),
        ("sl651", {"kind": "history", "start": "2026-07-01T08:00", "end": "2026-07-02T08:00", "element": "39",
                   "step_min": "60"}),
        ("jt808", {"kind": "track", "every_s": "10", "for_min": "30"}),
        ("jt808", {"kind": "text", "words": "立即撤离", "urgent": "1"}),
    ],
)  # fmt: skip
def test_the_page_sends_and_lists(device, link, operator, client: Client, protocol, form):
    DeviceLink.objects.update(protocol=protocol)
    sign_in(client, operator)
    address = f"/sensing/links/{link.pk}/commands/"
    assert client.post(f"{address}send/", form | {"kind": "?"}).status_code == 422
    assert client.post(f"{address}send/", form).status_code == 302
    made = DeviceCommand.objects.get()
    assert (made.kind, made.number, made.asked_by) == (form["kind"], "A1", operator)
    if "start" in form:
        assert (made.arguments["to_ms"] - made.arguments["from_ms"], made.arguments["from_ms"] % 86_400_000) == (
            86_400_000, 0,
        )  # fmt: skip
    shown = client.get(address).content.decode()
    assert str(made.get_kind_display()) in shown
    assert 'hx-trigger="every 2s"' in shown
    listed = client.get("/sensing/links/").content.decode()
    assert f'href="{address}"' in listed
    assert "/sensing/links/save/" not in listed
    assert client.post(f"{address}{made.pk}/withdraw/").status_code == 302
    assert DeviceCommand.objects.get().state == "withdrawn"
    assert "every 2s" not in client.get(address).content.decode()


def test_S2_the_page_is_closed_to_others_and_to_other_places(
    device, link, engineer, operator, other_town, client: Client
):
    made = asked(device, operator)
    address = f"/sensing/links/{link.pk}/commands/"
    sign_in(client, engineer)
    assert client.get(address).status_code == 403
    assert client.post("/sensing/links/clocks/", {"protocol": "hj212"}).status_code == 403
    assert client.post(f"{address}send/", {"kind": "read_clock"}).status_code == 403
    assert client.post(f"{address}{made.pk}/withdraw/").status_code == 403
    assert address not in client.get("/sensing/links/").content.decode()
    sign_in(client, person("stranger", "别处", other_town, ["device.command"]))
    assert client.get(address).status_code == 404
    assert client.post(f"{address}send/", {"kind": "read_clock"}).status_code == 404
    assert client.post(f"{address}{made.pk}/withdraw/").status_code == 404
    assert "A1" not in client.get("/sensing/links/").content.decode()
    assert DeviceCommand.objects.count() == 1


def test_without_its_rule_nothing_is_sent_and_the_page_says_so(device, link, operator, client: Client):
    Entry.objects.filter(kind="device_command").update(valid_to=NOW - 100 * DAY)
    sign_in(client, operator)
    address = f"/sensing/links/{link.pk}/commands/"
    assert "规则库中没有设备命令规则" in client.get(address).content.decode()
    assert client.post(f"{address}send/", {"kind": "set_clock"}).status_code == 422


def test_lists_ask_the_database_no_more_for_more_rows(device, link, operator, hands, town, client: Client):
    sign_in(client, operator)
    address = f"/sensing/links/{link.pk}/commands/"

    def queries() -> tuple[int, int]:
        counts = []
        for page in ("/sensing/links/", address):
            with CaptureQueriesContext(connection) as caught:
                assert client.get(page).status_code == 200
            counts.append(len(caught))
        return counts[0], counts[1]

    asked(device, operator)
    queries()
    few = queries()
    for n in range(2, 12):
        more, _key = services.register_device(code=f"gw-{n}", name="x", region=town, actor=hands, now=NOW)
        DeviceLink.objects.create(device=more, protocol="hj212", number=f"A{n}", secret_hash="x")
        asked(more, operator)
        asked(device, operator, "history", **SPAN | {"start": NOW - n * timedelta(hours=1)})
    assert queries() == few
    assert max(few) <= 14
