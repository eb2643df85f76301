"""The system desk: three administrators, each with their own work, and our services behind the forms."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from small_county import PASSWORD, make_user, plant_county, sign_in

from anlan.kernel.audit.models import Entry
from anlan.kernel.people import tokens
from anlan.kernel.people.models import Department, Grant, Role, User

pytestmark = pytest.mark.django_db

ADMIN = "/system/admin/"


@pytest.fixture
def county():
    return plant_county()


@pytest.fixture
def desks(county):
    """role → a client signed in as somebody who holds it for the whole county."""
    roles = ("system_admin", "security_admin", "audit_admin", "leader", "town_officer")
    return {role: sign_in(Client(), make_user(role, role, region=county.county)) for role in roles}


#: page → the roles that may read it; nobody else gets anything but 403.
PAGES = {
    "": {"system_admin", "security_admin", "audit_admin"},
    "people/user/": {"system_admin", "security_admin"},
    "people/user/add/": {"system_admin"},
    "people/department/": {"system_admin", "security_admin"},
    "people/department/add/": {"system_admin"},
    "people/post/": {"system_admin", "security_admin"},
    "people/post/add/": {"system_admin"},
    "people/role/": {"system_admin", "security_admin"},
    "people/role/add/": set(),
    "people/grant/": {"system_admin", "security_admin"},
    "people/apitoken/": {"system_admin", "security_admin"},
    "people/apitoken/add/": set(),
    "people/grant/add/": {"security_admin"},
    "regions/region/": {"system_admin", "security_admin", "audit_admin"},
    "regions/region/add/": set(),
    "audit/entry/": {"audit_admin"},
    "audit/entry/add/": set(),
}


@pytest.mark.parametrize("page", PAGES)
def test_S1_S3_each_page_of_the_system_desk_opens_for_its_administrators_only(desks, page):
    for role, client in desks.items():
        assert client.get(ADMIN + page).status_code == (200 if role in PAGES[page] else 403), role


def test_S1_an_administrator_of_a_town_does_not_sit_at_the_countys_system_desk(county):
    client = sign_in(Client(), make_user("town", "system_admin", region=county.canglang))
    assert client.get(ADMIN).status_code == 403


def test_S4_djangos_own_sign_in_page_is_no_way_in(county):
    make_user("wang", "system_admin", region=county.county)
    client = Client()
    assert client.get(ADMIN + "login/").headers["Location"].startswith("/sign-in/")
    form = {"username": "wang", "password": PASSWORD}
    assert client.post(ADMIN + "login/", form).status_code == 401
    assert "_auth_user_id" not in client.session


def test_S5_an_account_is_opened_through_its_service_and_gets_its_one_time_password_once(desks, county):
    admin = desks["system_admin"]
    form = {"username": "li", "name": "李芳", "phone": "19000001234", "department": ""}
    assert admin.post(ADMIN + "people/user/add/", form).status_code == 302
    li = User.objects.get(username="li")
    assert (li.pinyin, li.has_usable_password()) == ("lifang|lf", False)
    assert Entry.objects.filter(ref=f"user:{li.pk}", verb="people.manage").count() == 1
    assert "19000001234" not in admin.get(f"{ADMIN}people/user/{li.pk}/change/").content.decode(), "phones are masked"

    act = {"action": "one_time_password", "_selected_action": [li.pk]}
    shown = admin.post(ADMIN + "people/user/", act, follow=True).content.decode()
    li.refresh_from_db()
    assert li.must_change_password
    assert "li" in shown
    assert (
        admin.post(ADMIN + "people/user/", {"action": "close_accounts", "_selected_action": [li.pk]}).status_code == 302
    )
    li.refresh_from_db()
    assert not li.is_active


def test_a_refusal_is_said_on_the_page_and_changes_nothing(desks, county):
    admin = desks["system_admin"]
    form = {"username": "system.engine2", "name": "x", "phone": "", "department": ""}
    answer = admin.post(ADMIN + "people/user/add/", form, follow=True)
    assert "system." in answer.content.decode()
    assert not User.objects.filter(username="system.engine2").exists()


def test_S3_roles_are_given_and_taken_by_the_security_administrator_and_not_by_bulk(desks, county):
    guard = desks["security_admin"]
    li = make_user("li")
    role = Role.objects.get(code="leader")
    form = {
        "user": li.pk, "role": role.pk, "region": county.county.pk,
        "valid_from_0": "", "valid_from_1": "", "valid_to_0": "", "valid_to_1": "",
    }  # fmt: skip
    assert guard.post(ADMIN + "people/grant/add/", form).status_code == 302
    grant = Grant.objects.get(user=li)
    bulk = {"action": "delete_selected", "_selected_action": [grant.pk], "post": "yes"}
    guard.post(ADMIN + "people/grant/", bulk)
    assert Grant.objects.filter(pk=grant.pk).exists()
    assert desks["system_admin"].post(f"{ADMIN}people/grant/{grant.pk}/delete/", {"post": "yes"}).status_code == 403
    assert guard.post(f"{ADMIN}people/grant/{grant.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Grant.objects.filter(pk=grant.pk).exists()
    assert Entry.objects.filter(ref=f"user:{li.pk}", verb="rights.manage").count() == 2


def test_S3_tokens_of_others_are_ended_by_the_security_administrator_alone(desks, county):
    owner = make_user("li", "record_keeper", region=county.county)
    verbs = tokens.verbs_for(owner)
    token, key = tokens.give(owner=owner, name="接口", verbs=verbs, region=None, days=9, now=timezone.now())
    act = {"action": "end_tokens", "_selected_action": [token.pk]}
    desks["system_admin"].post(ADMIN + "people/apitoken/", act)
    assert tokens.holder_of(key, timezone.now()) is not None
    desks["security_admin"].post(ADMIN + "people/apitoken/", act)
    assert tokens.holder_of(key, timezone.now()) is None
    assert Entry.objects.filter(ref=f"apitoken:{token.pk}", verb="people.token").count() == 2


def test_departments_and_posts_are_made_through_their_services(desks, county):
    admin = desks["system_admin"]
    form = {"code": "c1", "name": "沧浪镇应急办", "region": county.canglang.pk, "parent": "", "phone": ""}
    assert admin.post(ADMIN + "people/department/add/", form).status_code == 302
    office = Department.objects.get(code="c1")
    post = {
        "duty": "information_officer", "name": "灾害信息员", "department": office.pk, "region": county.canglang.pk,
        "holder": "", "slot": "A",
    }  # fmt: skip
    assert admin.post(ADMIN + "people/post/add/", post).status_code == 302
    change = f"{ADMIN}people/post/{office.posts.get().pk}/change/"
    li = make_user("li")
    assert admin.post(change, {"name": "灾害信息员", "holder": li.pk}).status_code == 302
    assert office.posts.get().holder == li
    assert Entry.objects.filter(verb="people.manage", ref__startswith="post:").count() == 2


def test_the_desk_wears_our_look_and_needs_no_inline_script(desks):
    page = desks["system_admin"].get(ADMIN + "people/user/").content.decode()
    assert "people/desk.css" in page
    for tag in page.split("<script")[1:]:
        assert " src=" in tag.split(">")[0] or 'type="application/json"' in tag.split(">")[0]
