"""Names for any row, and telling open pages that something changed."""

from __future__ import annotations

import pytest
from django.db import transaction
from small_county import NOW, make_user, plant_county

from anlan.kernel.people.models import Department, Role, User
from anlan.kernel.web import events, refs
from anlan.kernel.web.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def named():
    """Departments are nameable, and seen by people called after them."""
    refs.register_ref(
        Department,
        name="office",
        url=lambda row: f"/offices/{row.pk}/",
        label=lambda row: f"Office {row.name}",
        gate=lambda actor, row: actor.username == row.name,
    )
    yield
    refs._kinds.pop("office")
    refs._names.pop(Department)


def test_a_registered_row_is_named_linked_and_guarded(named):
    office = Department.objects.create(code="a", name="wang", region=plant_county().county)
    ref = refs.ref_of(office)
    assert ref == f"office:{office.pk}"
    assert refs.resolve(ref) == office
    assert refs.url_of(ref) == f"/offices/{office.pk}/"
    assert refs.label_of(ref) == "Office wang"
    assert refs.may_see(make_user("wang"), ref)
    assert not refs.may_see(make_user("li"), ref)


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "office",
        "office:",
        "office:x",
        "office:-1",
        "office:1 or 1",
        "office:٣",
        "office:" + "9" * 30,
        "secret:1",
        ":1",
    ],
)
def test_S1_what_nobody_registered_or_nothing_stands_behind_is_seen_by_nobody(named, ref):
    assert refs.resolve(ref) is None
    assert refs.url_of(ref) == ""
    assert refs.label_of(ref) == ref
    assert not refs.may_see(make_user("wang"), ref)


def test_a_row_of_an_unregistered_model_still_has_a_name():
    role = Role.objects.create(code="r")
    assert refs.ref_of(role) == f"role:{role.pk}"
    with pytest.raises(ValueError, match="not saved"):
        refs.ref_of(User())


def test_two_models_do_not_share_a_name(named):
    with pytest.raises(ValueError, match="taken"):
        refs.register_ref(Role, name="office", url=str, gate=lambda actor, row: True)


def test_an_event_says_where_and_who_may_hear():
    county = plant_county()
    wang = make_user("wang")
    event = events.publish(
        "alarm.raised", ref="alarm:1", region=county.canglang, verb="alarm.see", at=NOW, data={"level": 2}
    )
    assert (event.region_path, event.verb, event.user_id, event.data) == (
        county.canglang.path, "alarm.see", None, {"level": 2},
    )  # fmt: skip
    assert events.publish("notice.new", user=wang, at=NOW).user_id == wang.pk


def test_nobody_hears_of_a_change_that_did_not_happen():
    with pytest.raises(RuntimeError), transaction.atomic():
        events.publish("alarm.raised", at=NOW)
        raise RuntimeError
    assert not Event.objects.exists()
