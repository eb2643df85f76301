"""Verbs on mappings: what is refused, what is put in force and by whom, and that each leaves its trail."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import translation
from gateway_world import T
from mappings_world import BODY, MESSAGE, OTHER
from sensing_world import NOW

from anlan.apps.mappings import files, queries, services
from anlan.apps.mappings.models import Caller, Example, Fault, Link, Mapping, State
from anlan.formats.vendor_json import read_mapping
from anlan.gateways.vendors.notes import Notes
from anlan.gateways.vendors.records import LinkRow, VendorRecords
from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing.services import Refused, add_points, register_device

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def rules(**more):
    return read_mapping(BODY | more)


def draft_of(code, region, actor, **more):
    return services.draft_mapping(code=code, name=code, region=region, rules=rules(**more), actor=actor, now=NOW)


def test_a_draft_takes_nothing_and_is_in_the_audit(draft):
    assert (draft.state, draft.listening, draft.version) == (State.DRAFT, False, 1)
    assert AuditEntry.objects.get(verb="mapping.draft").after == {"code": "hill", "topic": "vendor/{device}/up"}


@pytest.mark.parametrize("topic", ["vendor/{device}/up", "vendor/+/up", "vendor/#", "vendor/A1/up", "+/A1/up"])
def test_two_mappings_of_one_topic_are_refused_at_saving_with_the_other_named(draft, county, engineer, topic):
    more = {"topic": topic, "device": {"from": "path", "path": "sn"}}
    with pytest.raises(Refused, match=r"hill|anlan/"):
        draft_of("other", county, engineer, **more)
    free = draft_of("other", county, engineer, topic="free/{device}")
    with pytest.raises(Refused, match=r"hill|anlan/"):
        services.change_draft(free, name="x", rules=rules(**more), actor=engineer, now=NOW)
    free.refresh_from_db()
    assert free.topic == "free/{device}"


@pytest.mark.parametrize("topic", ["anlan/v1/{device}/readings", "#", "+/v1/{device}/readings", "anlan/{device}"])
def test_topics_of_our_own_form_are_never_a_vendors(county, engineer, topic):
    device = {"from": "path", "path": "sn"}
    with pytest.raises(Refused, match="anlan/"):
        draft_of("x", county, engineer, topic=topic, device=device)


@pytest.mark.parametrize("code", ["", "A", "a b", "ä", "-a", "a" * 41])
def test_what_is_no_code_is_refused(county, engineer, code):
    with pytest.raises(Refused):
        draft_of(code, county, engineer)


def test_S2_nobody_acts_on_a_mapping_elsewhere(draft, ready, officer, neighbour, device):
    for person in (officer, neighbour):
        for act in (
            lambda who: services.change_draft(draft, name="x", rules=rules(), actor=who, now=NOW),
            lambda who: services.put_in_force(draft, actor=who, now=NOW),
            lambda who: services.listen(draft, on=True, actor=who, now=NOW),
            lambda who: services.drop_draft(draft, actor=who, now=NOW),
            lambda who: services.keep_example(draft, topic="a", payload="b", at_ms=0, actor=who, now=NOW),
            lambda who: services.confirm_example(draft.examples.first(), actor=who, now=NOW),
            lambda who: services.drop_example(draft.examples.first(), actor=who, now=NOW),
            lambda who: services.link_device(draft, device, number="A1", sensors={}, actor=who, now=NOW),
        ):
            with pytest.raises(NotAllowed):
                act(person)
    assert Mapping.records.get().state == State.DRAFT
    assert Example.objects.count() == 2


def test_a_mapping_needs_two_examples_that_give_what_was_confirmed(draft, engineer):
    def put() -> None:
        services.put_in_force(draft, actor=engineer, now=NOW)

    def keep(payload: str) -> Example:
        return services.keep_example(draft, topic="vendor/A1/up", payload=payload, at_ms=0, actor=engineer, now=NOW)

    with pytest.raises(Refused, match="2"):
        put()
    first = keep(MESSAGE)
    with pytest.raises(Refused, match="already"):
        keep(MESSAGE)
    with pytest.raises(Refused, match="2"):
        put()
    keep(OTHER)
    assert first.gives["readings"] == [["A1", "level", 1_795_317_900_000, 1.23, "m", "good"]]
    changed = BODY | {"sensors": [BODY["sensors"][0] | {"scale": 0.1}]}
    services.change_draft(draft, name="x", rules=read_mapping(changed), actor=engineer, now=NOW)
    with pytest.raises(Refused, match="1 of the examples"):
        put()
    services.confirm_example(first, actor=engineer, now=NOW)
    put()
    draft.refresh_from_db()
    assert (draft.state, draft.valid_from, draft.put_by) == (State.IN_FORCE, NOW, engineer)
    assert AuditEntry.objects.filter(verb="mapping.put_in_force", actor_id=engineer.pk).count() == 1


def test_examples_that_give_no_reading_put_nothing_in_force(draft, engineer):
    for payload in ("{}", "[]"):
        services.keep_example(draft, topic="vendor/A1/up", payload=payload, at_ms=0, actor=engineer, now=NOW)
    with pytest.raises(Refused, match="gives a reading"):
        services.put_in_force(draft, actor=engineer, now=NOW)


def test_what_was_in_force_is_never_changed_and_its_next_version_takes_its_place(in_force, engineer):
    for act in (
        lambda: services.change_draft(in_force, name="x", rules=rules(), actor=engineer, now=NOW),
        lambda: services.keep_example(in_force, topic="a", payload="b", at_ms=0, actor=engineer, now=NOW),
        lambda: services.drop_example(in_force.examples.first(), actor=engineer, now=NOW),
        lambda: services.drop_draft(in_force, actor=engineer, now=NOW),
        lambda: services.put_in_force(in_force, actor=engineer, now=NOW),
    ):
        with pytest.raises(Refused):
            act()
    second = services.new_version(in_force, actor=engineer, now=NOW)
    assert (second.version, second.examples.count()) == (2, 2)
    with pytest.raises(Refused):
        services.new_version(in_force, actor=engineer, now=NOW)
    services.put_in_force(second, actor=engineer, now=NOW)
    in_force.refresh_from_db()
    assert (in_force.state, in_force.valid_to) == (State.ENDED, NOW)
    assert list(Mapping.records.filter(state=State.IN_FORCE).values_list("version", flat=True)) == [2]
    services.end_mapping(second, actor=engineer, now=NOW)
    with pytest.raises(Refused):
        services.end_mapping(second, actor=engineer, now=NOW)


def test_S11_a_sensor_goes_to_a_point_of_its_own_device_only(in_force, device, level, engineer, hands, town):
    other, _key = register_device(code="gw-2", name="x", region=town, actor=hands, now=NOW)
    row = {"code": "of another", "name": "x", "kind": "other", "region": town, "device": other}
    add_points([row], actor=hands, now=NOW)

    def link(**given):
        return services.link_device(
            in_force, device, actor=engineer, now=NOW, **{"number": "A1", "sensors": {}} | given
        )

    with pytest.raises(Refused, match="no such points"):
        link(sensors={"level": "of another"})
    Caller.objects.create(code="hill", number="A1", topic="vendor/A1/up", first_at=NOW, last_at=NOW)
    link(sensors={"level": "gw-1/level", "x": ""})
    assert not Caller.objects.exists()
    link(number="A2")
    assert Link.objects.get().number == "A2"
    with pytest.raises(Refused, match="Another device"):
        services.link_device(in_force, other, number="A2", sensors={}, actor=engineer, now=NOW)
    for number in ("", " ", "a\nb", "a" * 61):
        with pytest.raises(Refused):
            link(number=number)


def test_an_exported_mapping_comes_in_again_as_a_draft_whose_examples_nobody_has_confirmed(ready, engineer, county):
    for form in ("yaml", "json"):
        taken = files.read(files.written(ready, form).encode())
        assert (taken.code, taken.name, taken.rules) == ("hill", "山川水务", read_mapping(ready.body))
        assert [one[1] for one in taken.examples] == [MESSAGE, OTHER]
    with pytest.raises(Refused, match="draft"):
        services.take_in("hill", "x", taken.rules, taken.examples, region=county, actor=engineer, now=NOW)
    services.put_in_force(ready, actor=engineer, now=NOW)
    made = services.take_in("hill", "x", taken.rules, taken.examples, region=county, actor=engineer, now=NOW)
    assert (made.version, made.state) == (2, State.DRAFT)
    with pytest.raises(Refused, match="2 of the examples"):
        services.put_in_force(made, actor=engineer, now=NOW)
    for one in made.examples.all():
        services.confirm_example(one, actor=engineer, now=NOW)
    services.put_in_force(made, actor=engineer, now=NOW)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"a: [", b"form: other", b"- 1", b"x" * 600_000, b"!!python/object/apply:os.system ['true']",
     b"a: &a [1]\nb: *a\nform: anlan.mapping/1", b"[" * 5_000],
)  # fmt: skip
def test_a_file_that_is_no_mapping_is_refused(data):
    with pytest.raises(Refused):
        files.read(data)


def test_a_draft_that_is_removed_leaves_nothing_behind(ready, engineer, device):
    services.link_device(ready, device, number="A1", sensors={}, actor=engineer, now=NOW)
    services.drop_draft(ready, actor=engineer, now=NOW)
    assert not Mapping.records.exists()
    assert not Example.objects.exists()
    assert not Link.objects.exists()


def test_what_the_gateway_reads_and_notes_is_what_the_models_say(in_force, device, level, engineer, settings):
    """On the connection of the test, whose rows no other connection sees."""
    if connection.vendor != "sqlite":
        pytest.skip("hands the gateway the connection of the test, which has SQLite's way of writing parameters")
    link = services.link_device(in_force, device, number="A1", sensors={"x": ""}, actor=engineer, now=NOW)
    connection.ensure_connection()
    records = VendorRecords("sqlite:////nowhere")
    records._local.connection = connection.connection
    (row,) = records.mappings()
    assert (row.code, row.version, row.state, row.listening, row.topic) == (
        "hill",
        1,
        "in_force",
        False,
        in_force.topic,
    )
    assert records.links() == [LinkRow(link.pk, "hill", "A1", {"x": ""}, "gw-1")]
    notes = Notes()
    notes.fault("hill", "A1", "not_json", "$.a", "{", T)
    notes.call("hill", "B9", "vendor/B9/up", "{}", T)
    notes.hear(link.pk, T)
    notes.write(records)
    notes.fault("hill", "A1", "not_json", "$.b", "[", T, times=2)
    notes.call("hill", "B9", "vendor/B9/up", "{}", T + 1)
    notes.write(records)
    fault, caller = Fault.objects.get(), Caller.objects.get()
    assert (fault.count, fault.path, fault.raw) == (3, "$.b", "[")
    assert (caller.messages, caller.first_at < caller.last_at) == (2, True)
    link.refresh_from_db()
    assert link.messages == 1
    assert queries.count_callers(engineer) == 1
    records._local.connection = None
