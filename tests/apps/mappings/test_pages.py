"""Pages of mappings over HTTP: tried without storing, edited, put in force, devices registered, files out and in."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from mappings_world import BODY, MESSAGE
from sensing_world import NOW, sign_in

from anlan.apps.mappings import forms, services, words
from anlan.apps.mappings.models import Caller, Example, Fault, Link, Mapping, State
from anlan.formats.vendor_json import FAULTS, PROBLEMS, Problem, read_mapping
from anlan.gateways.vendors.taking import WHY
from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.sensing.models import Device
from anlan.kernel.sensing.store import LIVE, NewBatch, Refused, Store
from anlan.kernel.sensing.words import MESSAGE_FAULTS

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client, engineer) -> Client:
    return sign_in(client, engineer)


def form_of(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What the browser would post for a body."""
    fields = forms.with_spare(forms.fields_of(body))
    posted = {name: fields[name] for name in forms.FIELDS}
    for prefix in ("s", "g"):
        for column in forms.COLUMNS:
            posted[f"{prefix}_{column}"] = [row[column] for row in fields[f"{prefix}_rows"]]
    return posted | {"name": "山川水务"} | more


WHOLE = {
    "topic": "v/{gw}/#",
    "shape": "paths",
    "text": "gb18030",
    "numbers": "text",
    "items": "a[*]",
    "device": {"from": "path", "path": "sn", "within": "gw"},
    "time": {"form": "iso", "path": "$.t", "zone": "Asia/Shanghai"},
    "sensors": [{"name": "x", "sensor": "x", "scale": 0.1, "offset": -2.5, "unit": "℃", "required": True,
                 "words": {"开": 1, "-9999": None}}],
    "group": {"form": "pairs", "path": "p[*]", "key": "k", "value": "v", "unit": "u", "quality": "q", "others": "skip",
              "known": [{"name": "T", "sensor": "t"}]},
    "quality": {"path": "q", "words": {"0": "good", "坏": "bad"}},
}  # fmt: skip


@pytest.mark.parametrize("body", [BODY, WHOLE])
def test_a_mapping_is_the_same_after_its_form(body: dict[str, Any]):
    assert forms.rules_of(forms.fields_of(body)) == read_mapping(body)


def test_trying_shows_device_point_time_value_and_faults_and_stores_nothing(
    desk: Client, draft: Mapping, device, level, engineer, readings: Store
):
    services.link_device(draft, device, number="A1", sensors={}, actor=engineer, now=NOW)
    entries = AuditEntry.objects.count()
    message = '{"time": "2026-11-22 11:25:00", "水位": 123}'
    page = desk.post(f"/mappings/{draft.pk}/", form_of(BODY, do="try", try_topic="vendor/A1/up", message=message))
    shown = page.content.decode()
    assert page.status_code == 200
    for text in ("gw-1/level", "2026-11-22 11:25:00", "1.23 m"):
        assert text in shown
    page = desk.post(
        f"/mappings/{draft.pk}/",
        form_of(BODY, do="try", try_topic="vendor/B9/up", message='{"time": "2026-11-22 11:25:00", "水位": true}'),
    )
    shown = page.content.decode()
    assert "$.水位" in shown
    assert words.path_words("$.水位") in shown
    assert (readings.last_seq(), readings.count_set_aside(), Example.objects.count()) == (0, 0, 0)
    assert AuditEntry.objects.count() == entries


def test_trying_uses_what_is_typed_and_not_what_is_saved(desk: Client, draft: Mapping):
    body = BODY | {"sensors": [BODY["sensors"][0] | {"scale": 10}]}
    page = desk.post(f"/mappings/{draft.pk}/", form_of(body, do="try", try_topic="vendor/A1/up", message=MESSAGE))
    assert "1230 m" in page.content.decode()
    draft.refresh_from_db()
    assert draft.body["sensors"][0]["scale"] == 0.01


def test_a_point_in_another_unit_is_told(desk: Client, draft: Mapping, device, level, engineer):
    services.link_device(draft, device, number="A1", sensors={}, actor=engineer, now=NOW)
    type(level).records.update(unit="cm")
    page = desk.post(f"/mappings/{draft.pk}/", form_of(BODY, do="try", try_topic="vendor/A1/up", message=MESSAGE))
    told = page.content.decode().split("gw-1/level</a>")[1].split("</td>")[0]
    assert "tag warn" in told
    assert "cm" in told


@pytest.mark.parametrize(
    ("topic", "message"),
    [("vendor/A1/up", "[" * 20_000), ("vendor/A1/up", '{"a":1,"a":2}'), ("elsewhere", "{}"), ("", "x"),
     ("vendor/A1/up", "hex:zz"), ("vendor/A1/up", "\ud800".encode("utf-8", "replace").decode()),
     ("vendor/A1/up", '{"<script>alert(1)</script>": NaN}')],
)  # fmt: skip
def test_hostile_messages_are_borne_by_the_tester(desk: Client, draft: Mapping, topic: str, message: str):
    page = desk.post(f"/mappings/{draft.pk}/", form_of(BODY, do="try", try_topic=topic, message=message))
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()


def test_from_a_new_mapping_to_one_in_force_by_the_page(desk: Client, county, readings):
    posted = form_of(BODY, code="hill", region=county.code)
    assert desk.get("/mappings/new/").status_code == 200
    assert desk.post("/mappings/new/", posted | {"do": "try", "message": MESSAGE}).status_code == 200
    assert not Mapping.records.exists()
    assert desk.post("/mappings/new/", posted | {"do": "save", "code": "Not A Code"}).status_code == 422
    assert desk.post("/mappings/new/", posted | {"do": "save"}).status_code == 302
    pk = Mapping.records.get().pk
    for level in (123, 124):
        message = f'{{"time": "2026-11-22 11:25:00", "水位": {level}}}'
        kept = form_of(BODY, do="keep", try_topic="vendor/A1/up", message=message)
        assert desk.post(f"/mappings/{pk}/", kept).status_code == 302
    assert desk.post(f"/mappings/{pk}/put/").status_code == 302
    assert Mapping.records.get().state == State.IN_FORCE
    # What is in force is tried, and not changed, whatever is posted.
    other = form_of(BODY | {"topic": "other/{device}"}, do="save", try_topic="vendor/A1/up", message=MESSAGE)
    assert desk.post(f"/mappings/{pk}/", other).status_code == 422
    assert Mapping.records.get().topic == "vendor/{device}/up"
    assert desk.post(f"/mappings/{pk}/version/").status_code == 302
    assert Mapping.records.count() == 2


def test_a_form_that_is_wrong_is_shown_again_with_every_fault_and_changes_nothing(desk: Client, draft: Mapping):
    wrong = form_of(BODY, do="save", time_zone="Mars/Base", items="a[?]") | {"s_scale": ["0,1", "", "", ""]}
    page = desk.post(f"/mappings/{draft.pk}/", wrong)
    shown = page.content.decode()
    assert page.status_code == 422
    for text in ("Mars/Base", "a[?]", "0,1"):
        assert text in shown
    draft.refresh_from_db()
    assert draft.body["time"]["zone"] == "Asia/Shanghai"


def test_two_mappings_of_one_topic_are_refused_on_the_page_with_the_reason(desk: Client, draft: Mapping, county):
    posted = form_of(BODY | {"topic": "vendor/+/up", "device": {"from": "path", "path": "sn"}}, code="b")
    page = desk.post("/mappings/new/", posted | {"region": county.code, "do": "save"})
    assert page.status_code == 422
    assert "hill" in page.content.decode()


def test_S2_another_town_sees_nothing_of_it_and_who_manages_no_device_nothing_at_all(
    client: Client, in_force: Mapping, neighbour, officer
):
    sign_in(client, neighbour)
    assert "山川水务" not in client.get("/mappings/").content.decode()
    for address in ("", "devices/", "export/"):
        assert client.get(f"/mappings/{in_force.pk}/{address}").status_code == 404
    assert client.post(f"/mappings/{in_force.pk}/end/").status_code == 404
    sign_in(client, officer)
    for address in ("/mappings/", "/mappings/new/", "/mappings/import/", f"/mappings/{in_force.pk}/"):
        assert client.get(address).status_code == 403
    assert client.post(f"/mappings/{in_force.pk}/end/").status_code == 403
    assert Mapping.records.get().state == State.IN_FORCE


def test_a_number_that_waits_is_registered_with_a_new_device_whose_key_is_shown_once(
    desk: Client, in_force: Mapping, town
):
    Caller.objects.create(code="hill", number="B9", topic="vendor/B9/up", raw=MESSAGE, first_at=NOW, last_at=NOW)
    assert "B9" in desk.get(f"/mappings/{in_force.pk}/devices/?number=B9").content.decode()
    address = f"/mappings/{in_force.pk}/devices/"
    form = {"number": "B9", "device": "hill-9", "name": "九号", "region": "", "sensors": ""}
    assert desk.post(address, form).status_code == 422
    assert not Device.records.filter(code="hill-9").exists()
    page = desk.post(address, form | {"region": town.code})
    assert page.status_code == 200
    assert 'class="key"' in page.content.decode()
    link = Link.objects.get()
    assert (link.number, link.device.code, link.device.region) == ("B9", "hill-9", town)
    assert not Caller.objects.exists()
    assert desk.get(f"{address}?edit=hill-9").content.decode().count("B9") >= 2
    assert desk.post(f"{address}{link.pk}/unlink/").status_code == 302
    assert not Link.objects.exists()


def test_the_last_messages_that_were_set_aside_are_offered_and_taken_over(
    desk: Client, draft: Mapping, readings: Store
):
    row = Refused(-1, "topic", "draft_mapping", "x", "vendor/A1/up", raw=MESSAGE)
    other = Refused(-1, "topic", "draft_mapping", "x", "elsewhere", raw="{}")
    readings.append_batches(
        [
            NewBatch("mqtt", "map:hill:0:a", LIVE, 0, b"", b"a" * 16, refused=(row,)),
            NewBatch("mqtt", "map:hills:0:b", LIVE, 0, b"", b"b" * 16, refused=(other,)),
        ]
    )
    shown = desk.get(f"/mappings/{draft.pk}/").content.decode()
    assert "vendor/A1/up" in shown
    assert "elsewhere" not in shown
    pk = readings.set_aside(sender="mqtt")[-1].id
    taken = desk.get(f"/mappings/{draft.pk}/?take=aside-{pk}").content.decode()
    assert "2026-11-22 11:25:00" in taken


def test_a_file_goes_out_and_comes_in(desk: Client, ready: Mapping, county):
    answer = desk.get(f"/mappings/{ready.pk}/export/?as=json")
    assert answer["Content-Disposition"] == 'attachment; filename="mapping-hill-v1.json"'
    file = SimpleUploadedFile("m.json", answer.content)
    given = {"file": file, "region": county.code, "code": "hill-2"}
    page = desk.post("/mappings/import/", given)
    assert page.status_code == 422  # the topic is taken by the one that was exported
    assert "hill" in page.content.decode()
    services.drop_draft(ready, actor=ready.made_by, now=NOW)
    file.seek(0)
    assert (
        desk.post("/mappings/import/", given | {"file": SimpleUploadedFile("m.json", answer.content)}).status_code
        == 302
    )
    assert Mapping.records.get().code == "hill-2"
    assert desk.post("/mappings/import/", {"region": county.code}).status_code == 422


def test_the_list_asks_no_more_questions_with_more_mappings(
    desk: Client, county, engineer, device, django_assert_max_num_queries
):
    assert desk.get("/mappings/").status_code == 200
    for n in range(12):
        rules = read_mapping(BODY | {"topic": f"v{n}/{{device}}"})
        made = services.draft_mapping(code=f"v{n}", name="x", region=county, rules=rules, actor=engineer, now=NOW)
        services.link_device(made, device, number="A", sensors={}, actor=engineer, now=NOW)
        Caller.objects.create(code=made.code, number="B", topic="t", first_at=NOW, last_at=NOW)
        Fault.objects.create(day=NOW.date(), code=made.code, fault="not_json", count=3, last_at=NOW)
    with django_assert_max_num_queries(16):
        shown = desk.get("/mappings/").content.decode()
    assert shown.count("data-row") == 12


def test_the_page_of_devices_asks_no_more_questions_with_more_devices(
    desk: Client, in_force: Mapping, engineer, town, hands, django_assert_max_num_queries
):
    for n in range(15):
        made = Device.records.create(code=f"d{n}", name="x", region=town, key_hash="")
        services.link_device(in_force, made, number=f"A{n}", sensors={}, actor=engineer, now=NOW)
    with django_assert_max_num_queries(22):
        assert desk.get(f"/mappings/{in_force.pk}/devices/").content.decode().count("data-row") == 15


def test_what_was_set_aside_of_a_vendor_is_worded_in_the_readers_language(desk: Client, readings: Store):
    row = Refused(-1, "$.a", "not_number", "no number stands where one should", "vendor/A1/up", raw=MESSAGE)
    readings.append_batches([NewBatch("mqtt", "map:hill:1:a:faults", LIVE, 0, b"", b"a" * 16, refused=(row,))])
    shown = desk.get("/sensing/set-aside/").content.decode()
    assert str(MESSAGE_FAULTS["not_number"]) in shown
    assert "no number stands" not in shown


def test_every_fault_and_problem_has_words():
    assert set(FAULTS) | set(WHY) <= set(MESSAGE_FAULTS)
    for code in PROBLEMS:
        assert words.problem_words(Problem("sensors[1].scale", code, "x"))
        assert words.problem_words(Problem("", code, "x"))
    assert words.path_words(r"$.data\.x[3].温度").endswith("温度")
