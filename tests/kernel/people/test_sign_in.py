"""The door: first start, signing in and out, lock-out, sessions, language."""

from __future__ import annotations

import io
import statistics
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone, translation
from small_county import NOW, PASSWORD, make_user, plant_county, sign_in

from anlan.kernel.audit.models import Entry
from anlan.kernel.people import first_start, middleware, services, sessions
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.server import settings as product_settings

pytestmark = pytest.mark.django_db

DOOR = "/sign-in/"
#: A page that only needs somebody signed in.
INSIDE = "/account/password/"


@pytest.fixture
def county():
    return plant_county()


@pytest.fixture
def data(tmp_path, settings):
    settings.DATA = tmp_path
    return tmp_path


def enter(client, username, password, **more):
    return client.post(DOOR, {"username": username, "password": password, **more})


def is_in(client) -> bool:
    return client.get(INSIDE).status_code == 200


# First start ---------------------------------------------------------------------------------------------------------


def owner_form(**changes):
    return {
        "token": first_start.token(),
        "place": "安澜县",
        "place_code": "990123",
        "place_level": "county",
        "name": "陈岚",
        "username": "chenlan",
        "password": PASSWORD,
        "again": PASSWORD,
    } | changes


def test_S4_with_nobody_here_every_page_leads_to_the_first_start(client, data):
    assert client.get("/duty/").headers["Location"].startswith("/first-start/")
    assert client.get(DOOR).headers["Location"] == "/first-start/"
    assert client.get("/first-start/").status_code == 200


def test_S4_the_owner_sets_a_password_and_is_in(client, data):
    assert client.post("/first-start/", owner_form()).headers["Location"] == "/"
    owner = User.objects.get(username="chenlan")
    assert owner.check_password(PASSWORD)
    assert Region.objects.get().path == "/990123/"
    assert {g.role.code for g in owner.grants.all()} == {"system_admin", "security_admin"}
    assert is_in(client)
    assert Entry.objects.filter(verb="rights.manage", after={"given": "system_admin"}).exists()
    assert client.post("/sign-out/").headers["Location"] == DOOR
    assert client.get("/first-start/").headers["Location"] == DOOR, "there is no second first start"


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "guessed"},
        {"token": ""},
        {"password": "short", "again": "short"},
        {"again": "something-else-long"},
        {"username": "two words"},
        {"username": "system.engine"},
        {"password": "chenlan-chenlan", "again": "chenlan-chenlan", "username": "chenlan-chenlan"},
        {"place_code": "99012X"},
    ],
)
def test_S4_a_wrong_first_start_says_why_and_makes_nothing(client, data, wrong):
    answer = client.post("/first-start/", owner_form(**wrong))
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not User.objects.filter(is_system=False).exists()
    assert not Region.objects.exists()


def test_S4_the_token_is_printed_once_made_and_good_once(data):
    out = io.StringIO()
    call_command("first_start_token", stdout=out)
    token = out.getvalue().strip()
    assert len(token) >= 32
    assert first_start.token() == token
    assert (data / "first-start.token").stat().st_mode & 0o777 == 0o600
    assert first_start.is_token(token)
    assert first_start.use_up()
    assert not first_start.use_up()
    assert not first_start.is_token(token)
    assert not first_start.is_token("")


def test_S4_no_token_is_printed_when_the_owner_is_here(county, data):
    make_user("owner")
    out = io.StringIO()
    call_command("first_start_token", stdout=out, stderr=io.StringIO())
    assert out.getvalue() == ""


def test_the_first_start_asks_for_no_place_when_one_is_planted(client, county, data):
    assert "place" not in client.get("/first-start/").context["form"].fields
    assert client.post("/first-start/", owner_form(username="li")).headers["Location"] == "/"
    assert User.objects.get(username="li").grants.first().region == county.county


def test_an_owner_is_made_once(county):
    services.create_owner(username="a", name="a", password=PASSWORD, now=NOW)
    with pytest.raises(services.Refused):
        services.create_owner(username="b", name="b", password=PASSWORD, now=NOW)


# Signing in ----------------------------------------------------------------------------------------------------------


def test_signing_in_leads_to_where_one_wanted_to_go_and_leaves_an_entry(client, county):
    user = make_user("wang")
    assert client.get(INSIDE).headers["Location"] == "/sign-in/?next=%2Faccount%2Fpassword%2F"
    assert enter(client, "wang", PASSWORD, next=INSIDE).headers["Location"] == INSIDE
    assert is_in(client)
    entry = Entry.objects.get(verb="people.sign_in")
    assert (entry.actor_id, entry.outcome, entry.source) == (user.pk, "done", "127.0.0.1")


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org/", "javascript:alert(1)", "/\\example.org"])
def test_S8_signing_in_never_leads_outside(client, county, target):
    make_user("wang")
    assert enter(client, "wang", PASSWORD, next=target).headers["Location"] == "/"


def test_S4_42_bad_logins_let_nobody_in(county):
    make_user("wang")
    closed = make_user("closed")
    services.set_active(user=closed, active=False, actor=services.system_user("console"), now=NOW)
    services.system_user("engine")
    make_user("empty", password=None)
    bad = [
        *(("wang", p) for p in ("", " ", PASSWORD.upper(), PASSWORD + " ", PASSWORD[:-1], "x" * 257, "\x00")),
        *((n, PASSWORD) for n in ("", "WANG", "wang\x00", "nobody", "' or 1=1 --", "w" * 61, "closed", "empty")),
        *(("system.engine", p) for p in ("", "!", PASSWORD)),
    ]
    bad += [("wang", f"guess-number-{n}") for n in range(42 - len(bad))]
    assert len(bad) == 42
    for username, password in bad:
        client = Client(REMOTE_ADDR=f"10.0.0.{len(username) % 200}")
        answer = enter(client, username, password)
        assert answer.status_code in (422, 429), (username, password)
        assert not is_in(client), (username, password)


def test_S4_five_failures_lock_that_name_for_that_address_for_15_minutes_and_nobody_else(county):
    make_user("wang")
    make_user("li")
    stranger = Client(REMOTE_ADDR="10.6.6.6")
    for n in range(5):
        answer = enter(stranger, "wang", f"guess-number-{n}")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    assert enter(stranger, "wang", PASSWORD).status_code == 429, "locked even with the right password"
    assert enter(Client(REMOTE_ADDR="10.0.0.7"), "wang", PASSWORD).status_code == 302, "its owner elsewhere is not"
    assert enter(stranger, "li", PASSWORD).status_code == 302, "nor are others behind the same address"
    assert Entry.objects.filter(verb="people.sign_in", outcome="locked").count() == 1


def test_S4_locking_all_accounts_leaves_break_glass_usable(county):
    make_user("wang")
    stranger = Client(REMOTE_ADDR="10.6.6.6")
    for n in range(6):
        enter(stranger, "wang", f"guess-number-{n}")
    out = io.StringIO()
    call_command("break_glass", "wang", reason="locked out", stdout=out)
    password = out.getvalue().splitlines()[0].rsplit(" ", 1)[1]
    assert enter(stranger, "wang", password).status_code == 302
    assert stranger.get("/duty/").headers["Location"].startswith(INSIDE), "the one-time password is replaced first"
    entry = Entry.objects.get(verb="people.break_glass")
    assert (entry.source, entry.note) == ("console", "locked out")
    assert not Entry.objects.filter(after__icontains=password).exists()


def test_break_glass_opens_a_closed_account_and_names_who_is_here_when_the_name_is_wrong(county):
    wang = make_user("wang")
    services.set_active(user=wang, active=False, actor=services.system_user("console"), now=NOW)
    call_command("break_glass", "wang", stdout=io.StringIO())
    wang.refresh_from_db()
    assert wang.is_active
    with pytest.raises(CommandError, match="wang"):
        call_command("break_glass", "wong")


@pytest.mark.parametrize("name", ["wang", "nobody", "closed", "empty", "system.engine"])
def test_S4_every_name_costs_exactly_one_hash_of_the_same_kind(county, monkeypatch, name):
    make_user("wang")
    make_user("empty", password=None)
    services.system_user("engine")
    services.set_active(user=make_user("closed"), active=False, actor=services.system_user("console"), now=NOW)
    hashed, real = [], MD5PasswordHasher.encode

    def encode(self, password, salt):
        hashed.append(password)
        return real(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    assert enter(Client(), name, "not-the-password").status_code == 422
    assert hashed == ["not-the-password"]


@pytest.mark.nightly
def test_S4_known_and_unknown_names_take_the_same_time(county, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
    make_user("wang")
    spent = {"wang": [], "nobody": []}
    for n in range(15):
        for name, times in spent.items():  # in turn, so that a busy machine slows both
            client = Client(REMOTE_ADDR=f"10.1.0.{n}")
            began = time.process_time()
            enter(client, name, "not-the-password")
            times.append(time.process_time() - began)
    assert abs(statistics.median(spent["wang"]) - statistics.median(spent["nobody"])) < 0.020


def test_S4_passwords_are_kept_with_a_hash_that_is_slow_to_guess():
    source = Path(product_settings.__file__).read_text(encoding="utf-8")
    assert 'PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]' in source


def test_S4_an_old_cookie_is_refused_after_signing_out(client, county):
    wang = make_user("wang")
    sign_in(client, wang)
    cookie = client.cookies["anlan_session"].value
    client.post("/sign-out/")
    thief = Client()
    thief.cookies["anlan_session"] = cookie
    assert not is_in(thief)


def test_S4_an_old_cookie_is_refused_after_the_password_changed(client, county):
    wang = make_user("wang")
    sign_in(client, wang)
    elsewhere = sign_in(Client(), wang)
    new = "a-quite-new-password"
    answer = client.post(INSIDE, {"old": PASSWORD, "password": new, "again": new})
    assert answer.headers["Location"] == "/"
    assert is_in(client), "who changed it stays"
    assert not is_in(elsewhere)
    assert enter(Client(), "wang", PASSWORD).status_code == 422
    assert enter(Client(), "wang", new).status_code == 302


def test_S4_the_present_password_is_asked_for(client, county):
    wang = make_user("wang")
    sign_in(client, wang)
    answer = client.post(INSIDE, {"old": "wrong", "password": "a-quite-new-password", "again": "a-quite-new-password"})
    assert "old" in answer.context["form"].errors
    wang.refresh_from_db()
    assert wang.check_password(PASSWORD)


def test_S4_closing_an_account_ends_its_session(client, county):
    wang = make_user("wang")
    sign_in(client, wang)
    services.set_active(user=wang, active=False, actor=services.system_user("console"), now=NOW)
    assert not is_in(client)


def seen_ago(client, seconds):
    session = client.session
    session[sessions.SEEN] = int(timezone.now().timestamp() - seconds)
    session.save()


def test_S4_half_an_hour_without_a_hand_on_it_ends_a_session(client, county):
    sign_in(client, make_user("wang"))
    seen_ago(client, 29 * 60)
    assert is_in(client)
    assert timezone.now().timestamp() - client.session[sessions.SEEN] < 60, "and looking renews it"
    seen_ago(client, 31 * 60)
    assert not is_in(client)


def test_S4_what_a_page_does_by_itself_keeps_nobody_signed_in(client, county):
    sign_in(client, make_user("wang"))
    seen_ago(client, 20 * 60)
    assert client.get(INSIDE, headers={"X-Anlan-Live": "1"}).status_code == 200
    assert timezone.now().timestamp() - client.session[sessions.SEEN] > 19 * 60


def test_S4_a_session_marked_in_the_future_is_not_eternal(client, county):
    sign_in(client, make_user("wang"))
    seen_ago(client, -3600)
    assert not is_in(client)


def test_a_session_without_our_marks_is_none(client, county):
    client.force_login(make_user("wang"), backend="anlan.kernel.people.backend.ActiveUserBackend")
    assert not is_in(client)


def test_the_event_stream_knows_a_session_by_the_same_tests_as_a_page(client, county):
    wang = make_user("wang")
    sign_in(client, wang)
    key = client.session.session_key
    assert sessions.who_is(key).pk == wang.pk
    assert sessions.who_is("nonsense") is None
    seen_ago(client, 31 * 60)
    assert sessions.who_is(key) is None
    seen_ago(client, 0)
    services.change_password(user=wang, password="a-quite-new-password", actor=wang, now=NOW)
    assert sessions.who_is(key) is None


# Who is not signed in ------------------------------------------------------------------------------------------------


def test_S1_a_page_leads_to_the_door_and_a_part_of_a_page_is_refused(client, county):
    make_user("wang")
    assert client.get("/duty/").status_code == 302
    part = client.get("/duty/", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (401, DOOR)
    by_itself = client.get("/duty/", headers={"HX-Request": "true", "X-Anlan-Live": "1"})
    assert (by_itself.status_code, "HX-Redirect" in by_itself.headers) == (401, False), "a page being written in stays"
    assert client.get("/layers/", headers={"Accept": "application/json"}).status_code == 401
    assert client.get("/x.geojson", headers={"Sec-Fetch-Dest": "empty"}).status_code == 401
    assert client.post("/duty/", {}).status_code == 401
    assert client.get("/no-such-page/").status_code == 302, "missing and closed look the same from outside"


def test_S1_only_the_listed_pages_stand_before_the_door(client, county):
    make_user("wang")
    assert {
        "/sign-in/", "/first-start/", "/language/", "/healthz", "/readyz", "/i18n.js",
    } == middleware.OPEN_PATHS  # fmt: skip
    assert client.get("/healthz").status_code == 200
    assert client.get("/sign-in/x").status_code == 302


def test_S8_every_answer_carries_the_headers(client, county):
    make_user("wang")
    enter(client, "wang", PASSWORD)
    for page in (DOOR, INSIDE, "/no-such-page/"):
        headers = client.get(page).headers
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
    assert client.get(INSIDE).headers["Cache-Control"].startswith(("private", "max-age=0"))
    cookie = client.cookies["anlan_session"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_S8_a_post_from_another_site_is_refused(county):
    make_user("wang")
    client = Client(enforce_csrf_checks=True)
    assert enter(client, "wang", PASSWORD).status_code == 403
    sign_in(client, User.objects.get(username="wang"))
    assert client.post("/sign-out/", headers={"Origin": "https://example.org"}).status_code == 403
    assert is_in(client)


def test_signing_out_needs_a_post(client, county):
    sign_in(client, make_user("wang"))
    assert client.get("/sign-out/").status_code == 405
    assert is_in(client)


# Language ------------------------------------------------------------------------------------------------------------


def test_the_interface_is_chinese_until_somebody_chooses_otherwise(client, county):
    wang = make_user("wang")
    answer = client.get(DOOR, headers={"Accept-Language": "en-US,en"})
    assert 'lang="zh-hans"' in answer.content.decode()
    client.post("/language/", {"language": "en", "next": DOOR})
    assert 'lang="en"' in client.get(DOOR).content.decode()
    other = sign_in(Client(), wang)
    other.post("/language/", {"language": "en"})
    wang.refresh_from_db()
    assert wang.language == "en"
    assert 'lang="en"' in sign_in(Client(), wang).get(INSIDE).content.decode()


def test_an_unknown_language_changes_nothing(client, county):
    wang = make_user("wang")
    sign_in(client, wang)
    client.post("/language/", {"language": "xx"})
    wang.refresh_from_db()
    assert wang.language == ""
    assert "anlan_language" not in client.cookies
    translation.activate("zh-hans")


def test_a_password_that_somebody_else_set_is_good_for_one_thing(client, county):
    wang = make_user("wang", must_change=True)
    sign_in(client, wang)
    assert client.get("/duty/").headers["Location"].startswith(INSIDE)
    new = "a-quite-new-password"
    client.post(INSIDE, {"old": PASSWORD, "password": new, "again": new})
    wang.refresh_from_db()
    assert not wang.must_change_password


def test_the_language_of_a_grant_of_time_is_the_bureaus_zone():
    with timezone.override(None):
        assert timezone.localtime(NOW).strftime("%Y-%m-%d %H:%M") == "2026-11-22 03:25"
        assert timezone.localtime(NOW).utcoffset() == timedelta(hours=8)
