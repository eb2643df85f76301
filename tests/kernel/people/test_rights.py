"""Who may do what where."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation
from small_county import NOW, make_user, plant_county

from anlan.kernel.audit.models import Entry
from anlan.kernel.people import queries, rights, services, verbs
from anlan.kernel.people.models import Department, Grant, Post, Role, User
from anlan.kernel.people.rights import NotAllowed, may, require
from anlan.kernel.regions.services import Planting, plant

pytestmark = pytest.mark.django_db


@pytest.fixture
def county():
    return plant_county()


def security_admin(county):
    return make_user("guard", "security_admin", region=county.county)


def test_S1_nothing_is_allowed_without_a_grant(county):
    nobody = make_user("nobody")
    for code in verbs.all():
        assert not may(nobody, code, county.county), code
    with pytest.raises(NotAllowed) as refused:
        require(nobody, "alarm.acknowledge", county.canglang)
    assert (refused.value.verb, refused.value.region) == ("alarm.acknowledge", county.canglang)


def test_a_refusal_speaks_the_readers_language_and_names_the_place(county):
    refused = NotAllowed("people.manage", county.canglang)
    with translation.override("en"):
        assert str(refused) == "Your posts do not include in 沧浪镇: manage accounts, departments and posts"


def test_a_role_holds_in_its_region_and_below_and_nowhere_else(county):
    officer = make_user("officer", "town_officer", region=county.canglang)
    assert may(officer, "case.work", county.canglang)
    assert may(officer, "case.work", county.grid)
    assert not may(officer, "case.work", county.danya)
    assert not may(officer, "case.work", county.county)
    assert not may(officer, "case.open", county.canglang), "not in the role"
    assert not may(officer, "case.work", None), "no region means the whole installation"
    assert rights.holds(officer, "case.work")


def test_a_neighbour_whose_code_begins_alike_is_not_inside(county):
    (near,) = plant([Planting("9901231011", "沧浪新区", "town", "990123")])
    officer = make_user("officer", "town_officer", region=county.canglang)
    assert not may(officer, "case.work", near)


def test_several_grants_add_up_and_nested_ones_fold(county):
    officer = make_user("officer", "town_officer", region=county.canglang)
    console = services.system_user("console")
    for region in (county.shatou, county.danya):
        services.give_role(user=officer, role="town_officer", region=region, actor=console, now=NOW)
    assert rights.reach(officer, "case.work") == (county.canglang.path, county.danya.path)


def test_a_grant_holds_only_within_its_days(county):
    officer = make_user("officer")
    console = services.system_user("console")
    services.give_role(
        user=officer,
        role="town_officer",
        region=county.canglang,
        actor=console,
        now=NOW,
        valid_from=NOW + timedelta(days=1),
        valid_to=NOW + timedelta(days=2),
    )
    days = [may(officer, "case.work", county.canglang, at=NOW + timedelta(hours=h)) for h in (0, 24, 47, 48)]
    assert days == [False, True, True, False]


def test_S2_a_revoked_right_ends_at_once_here_and_within_5_s_elsewhere(county, monkeypatch):
    officer = make_user("officer", "town_officer", region=county.canglang)
    assert may(officer, "case.work", county.canglang)
    services.revoke(grant=officer.grants.get(), actor=services.system_user("console"), now=NOW)
    assert not may(officer, "case.work", county.canglang)

    # Another process hears no signal: its memory alone decides how long the right lives on.
    services.give_role(
        user=officer, role="town_officer", region=county.canglang, actor=services.system_user("console"), now=NOW
    )
    seconds = 100.0
    monkeypatch.setattr(rights.time, "monotonic", lambda: seconds)
    rights.forget()
    assert may(officer, "case.work", county.canglang)
    Grant.objects.filter(user=officer)._raw_delete("default")
    seconds = 100.0 + 5.0
    assert not may(officer, "case.work", county.canglang)


def test_S2_a_closed_account_holds_nothing_though_its_row_is_still_in_a_hand(county):
    officer = make_user("officer", "town_officer", region=county.canglang)
    in_a_stream = User.objects.get(pk=officer.pk)
    services.set_active(user=officer, active=False, actor=services.system_user("console"), now=NOW)
    assert in_a_stream.is_active
    assert not may(in_a_stream, "case.work", county.canglang)


def test_rights_cost_one_question_and_then_none(county, django_assert_num_queries):
    officer = make_user("officer", "town_officer", region=county.canglang)
    may(officer, "case.work", county.canglang)
    with django_assert_num_queries(0):
        assert may(officer, "case.see", county.grid)


def test_S3_the_three_administrators_hold_no_verb_of_each_other():
    roles = services.shipped_roles()
    own = {
        "system_admin": {"people.manage", "device.manage"},
        "security_admin": {"rights.manage"},
        "audit_admin": {"audit.see"},
    }
    for code, mine in own.items():
        held = set(roles[code]["verbs"])
        assert mine <= held
        for other, theirs in own.items():
            assert other == code or not held & theirs
        assert not held & {"alarm.acknowledge", "case.open", "case.close", "case.work", "personal.unmask"}


def test_S3_nobody_is_given_two_administrators_roles(county):
    admin = make_user("admin", "system_admin", region=county.county)
    with pytest.raises(services.Refused, match="three different people"), translation.override("en"):
        services.give_role(
            user=admin, role="audit_admin", region=county.county, actor=services.system_user("console"), now=NOW
        )


def test_S3_the_system_administrator_gives_no_role_and_the_security_administrator_opens_no_account(county):
    system = make_user("system", "system_admin", region=county.county)
    guard = security_admin(county)
    target = make_user("target")
    with pytest.raises(NotAllowed):
        services.give_role(user=target, role="leader", region=county.county, actor=system, now=NOW)
    with pytest.raises(NotAllowed):
        services.add_person(username="x", name="x", actor=guard, now=NOW)
    with pytest.raises(NotAllowed):
        services.change_password(user=target, password="another-long-password", actor=guard, now=NOW)
    assert services.give_role(user=target, role="leader", region=county.county, actor=guard, now=NOW).pk


def test_nobody_gives_a_role_to_themselves_or_ends_the_last_security_administrator(county):
    guard = security_admin(county)
    with pytest.raises(services.Refused, match="themselves"), translation.override("en"):
        services.give_role(user=guard, role="leader", region=county.county, actor=guard, now=NOW)
    with pytest.raises(services.Refused, match="last security administrator"), translation.override("en"):
        services.revoke(grant=guard.grants.get(), actor=guard, now=NOW)


def test_a_security_administrator_of_a_town_gives_roles_there_only(county):
    guard = make_user("guard", "security_admin", region=county.canglang)
    target = make_user("target")
    services.give_role(user=target, role="grid_worker", region=county.shatou, actor=guard, now=NOW)
    with pytest.raises(NotAllowed):
        services.give_role(user=target, role="grid_worker", region=county.yuntai, actor=guard, now=NOW)


def test_S5_every_change_of_people_and_rights_leaves_one_entry(county):
    guard = security_admin(county)
    system = make_user("system", "system_admin", region=county.county)
    Entry.objects.all().delete()
    target = services.add_person(username="li", name="李", password="correct-horse-battery", actor=system, now=NOW)
    grant = services.give_role(user=target, role="leader", region=county.county, actor=guard, now=NOW)
    services.revoke(grant=grant, actor=guard, now=NOW)
    services.change_password(user=target, password="another-long-password", actor=system, now=NOW)
    services.set_active(user=target, active=False, actor=system, now=NOW)
    services.set_language(user=target, language="en", now=NOW)
    office = services.add_department(code="d", name="d", region=county.county, actor=system, now=NOW)
    services.fill_post(
        duty="leader", name="p", department=office, region=county.county, holder=target, actor=system, now=NOW
    )
    services.describe_person(user=target, name="李四", department=office, actor=system, now=NOW)
    services.unmask(
        ref="user:1", field="phone", value="1", region=county.county, actor=services.system_user("console"), now=NOW,
        reason="call back",
    )  # fmt: skip
    trail = list(Entry.objects.order_by("id").values_list("verb", "actor_name"))
    assert trail == [
        ("people.manage", "system"),
        ("rights.manage", "guard"),
        ("rights.manage", "guard"),
        ("people.password", "system"),
        ("people.manage", "system"),
        ("people.language", "李"),
        ("people.manage", "system"),
        ("people.manage", "system"),
        ("people.manage", "system"),
        ("personal.unmask", "console"),
    ]
    assert not Entry.objects.filter(after__icontains="correct-horse").exists()


def test_a_refused_change_leaves_neither_row_nor_entry(county):
    system = make_user("system", "system_admin", region=county.county)
    before = (User.objects.count(), Entry.objects.count())
    for username, words in [
        ("system.x", "product"),
        ("with blank", "no blanks"),
        ("SYSTEM", "taken"),
        ("", "no blanks"),
    ]:
        with pytest.raises(services.Refused, match=words), translation.override("en"):
            services.add_person(username=username, name="x", actor=system, now=NOW)
    assert (User.objects.count(), Entry.objects.count()) == before


def test_personal_data_is_unmasked_for_a_reason_only(county):
    leader = make_user("leader", "leader", region=county.county)
    officer = make_user("officer", "town_officer", region=county.canglang)
    with pytest.raises(services.Refused), translation.override("en"):
        services.unmask(
            ref="user:1", field="phone", value="1", region=county.county, actor=leader, now=NOW, reason=" "
        )  # fmt: skip
    with pytest.raises(NotAllowed):
        services.unmask(
            ref="user:1", field="phone", value="1", region=county.canglang, actor=officer, now=NOW, reason="call"
        )  # fmt: skip


def test_people_with_a_verb_are_those_whose_grant_covers_the_place_now(county):
    here = make_user("here", "town_officer", region=county.canglang)
    above = make_user("above", "leader", region=county.county)
    make_user("beside", "town_officer", region=county.danya)
    closed = make_user("closed", "town_officer", region=county.canglang)
    services.set_active(user=closed, active=False, actor=services.system_user("console"), now=NOW)
    later = NOW + timedelta(seconds=1)
    assert services.people_with("alarm.see", county.grid, at=later) == [above, here]
    assert services.people_with("alarm.see", county.grid, exclude=[above], at=later) == [here]
    assert services.people_with("alarm.see", county.grid, at=NOW - timedelta(days=1)) == []


def test_the_holder_of_a_duty_is_found_walking_up_A_before_B(county):
    console = services.system_user("console")
    office = services.add_department(code="o", name="o", region=county.county, actor=console, now=NOW)
    a, b, chief = (make_user(name) for name in ("a", "b", "chief"))
    for user, region, slot in [(b, county.canglang, "B"), (a, county.canglang, "A"), (chief, county.county, "A")]:
        services.fill_post(
            duty="information_officer", name="p", department=office, region=region, holder=user, slot=slot,
            actor=console, now=NOW,
        )  # fmt: skip
    assert services.holder("information_officer", county.grid) == [a, b]
    assert services.holder("information_officer", county.danya) == [chief]
    assert services.holder("nothing", county.danya) == []
    assert queries.unit_holders("information_officer", county.canglang) == [a, b]
    assert queries.unit_holders("information_officer", county.danya) == []
    services.set_active(user=a, active=False, actor=console, now=NOW)
    assert services.holder("information_officer", county.grid) == [b]


def test_a_post_is_refilled_and_not_doubled(county):
    console = services.system_user("console")
    office = services.add_department(code="o", name="o", region=county.county, actor=console, now=NOW)
    for user in (make_user("a"), make_user("b"), None):
        services.fill_post(
            duty="leader", name="p", department=office, region=county.county, holder=user, actor=console, now=NOW
        )
    assert Post.objects.get().holder is None
    assert Department.objects.get().posts.count() == 1


def test_system_hands_are_made_once_and_can_never_be_a_persons(county):
    engine = services.system_user("engine")
    assert services.system_user("engine") == engine
    assert not engine.has_usable_password()
    with translation.override("en"):
        assert str(engine) == "Engine"
    with pytest.raises(services.Refused):
        services.change_password(user=engine, password="correct-horse-battery", actor=engine, now=NOW)


def test_shipped_roles_come_with_the_database_and_follow_the_file(county):
    assert services.load_roles() == 0
    Role.objects.filter(code="leader").update(verbs=[])
    Role.objects.create(code="own", name="own", verbs=["alarm.see"])
    assert services.load_roles() == 1
    assert "case.extend" in Role.objects.get(code="leader").verbs
    assert Role.objects.get(code="own").verbs == ["alarm.see"]


def test_every_verb_of_the_shipped_roles_is_declared_by_a_room():
    from anlan.kernel.people.roles import every_verb_is_declared

    assert every_verb_is_declared() == []


def test_a_misspelt_verb_in_a_role_stops_the_start(monkeypatch):
    from anlan.kernel.people.roles import every_verb_is_declared

    monkeypatch.setattr(services, "shipped_roles", lambda: {"leader": {"verbs": ["alarm.acknowlege"]}})
    (error,) = every_verb_is_declared()
    assert "alarm.acknowlege" in error.msg


def test_a_verb_is_declared_once_in_one_meaning():
    with pytest.raises(ValueError, match=r"noun\.verb"):
        verbs.declare_verb("acknowledge", "x")
    with pytest.raises(ValueError, match="declared as"):
        verbs.declare_verb("people.manage", "x", kind="see")
