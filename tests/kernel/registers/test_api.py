"""The JSON API: tokens and sessions, lists, single records, changes, many as one, faults in words."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from small_county import NOW, PASSWORD, make_user, sign_in

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.kernel.audit.models import Entry
from anlan.kernel.people import rate, tokens
from anlan.kernel.people.models import ApiToken
from anlan.kernel.people.services import Refused, set_active, system_user
from anlan.kernel.registers.api import routes
from anlan.kernel.registers.models import Revision

pytestmark = pytest.mark.django_db
RECORDS = "/api/v1/registers/enterprise/records"


@pytest.fixture(autouse=True)
def _no_rate_remembered():
    rate.SHARED.forget()


def key_for(owner, *verbs, region=None, days=30):
    chosen = list(verbs or tokens.verbs_for(owner))
    return tokens.give(owner=owner, name="脚本", verbs=chosen, region=region, days=days, now=timezone.now())[1]


class Api:
    """A program with a token."""

    def __init__(self, key):
        self.client, self.key = Client(), key

    def __call__(self, method, path, body=None, **headers):
        headers = {"Authorization": f"Bearer {self.key}", **headers}
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(self.client, method)(path, headers=headers, **data)


@pytest.fixture
def api(sites, keeper):
    return Api(key_for(keeper))


# --- who asks ---------------------------------------------------------------------------------------------------------
def test_without_a_token_or_a_session_nothing_is_told(sites, client):
    answer = client.get(RECORDS)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "token"
    assert "Bearer" in answer["WWW-Authenticate"]
    assert client.get(RECORDS, headers={"Authorization": "Bearer anlan_none"}).status_code == 401


def test_a_session_reads_and_needs_a_csrf_token_to_change(sites, keeper):
    client = Client(enforce_csrf_checks=True)
    sign_in(client, keeper)
    assert client.get(RECORDS).json()["total"] == 5
    answer = client.post(RECORDS, data="{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


def test_basic_takes_the_token_as_password(sites, keeper):
    key = key_for(keeper)
    basic = base64.b64encode(f"anyone:{key}".encode()).decode()
    assert Client().get(RECORDS, headers={"Authorization": f"Basic {basic}"}).json()["total"] == 5


def test_a_token_reaches_no_further_than_its_region_and_verbs(county, sites, keeper):
    narrow = Api(key_for(keeper, ENTERPRISES.see, region=county.danya))
    assert {row["code"] for row in narrow("get", RECORDS).json()["items"]} == {"S-2", "S-4", "S-5"}
    assert narrow("get", f"{RECORDS}/S-1").status_code == 404
    answer = narrow("patch", f"{RECORDS}/S-2", {"revision": 1, "address": "1号"})
    assert (answer.status_code, answer.json()["code"]) == (403, "denied")


def test_a_token_holds_no_more_than_its_owner(county, sites):
    reader = make_user("reader", "record_keeper", region=county.danya)
    with pytest.raises(Refused):
        key_for(reader, "people.manage")
    with pytest.raises(Refused):
        key_for(reader, ENTERPRISES.see, region=county.canglang)
    api = Api(key_for(reader))
    assert api("get", RECORDS).json()["total"] == 3
    reader.grants.get().delete()
    assert api("get", RECORDS).status_code == 404


def test_revoked_ended_and_closed_tokens_open_nothing(county, sites, keeper):
    api = Api(key_for(keeper))
    token = ApiToken.objects.get()
    tokens.revoke(token, actor=keeper, now=NOW)
    assert api("get", RECORDS).status_code == 401
    ended = Api(key_for(keeper))
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ended("get", RECORDS).status_code == 401
    closed = Api(key_for(keeper))
    set_active(user=keeper, active=False, actor=system_user("console"), now=NOW)
    assert closed("get", RECORDS).status_code == 401


def test_a_key_is_kept_only_as_a_digest_and_its_use_is_noted(sites, keeper, api):
    assert api.key not in json.dumps(list(ApiToken.objects.values("mark", "digest")))
    assert api.key not in json.dumps(list(Entry.objects.values("before", "after")))
    api("get", RECORDS)
    assert ApiToken.objects.get().seen_at is not None


def test_too_many_requests_wait(sites, api, monkeypatch):
    for limiter in routes.api.throttle:
        monkeypatch.setattr(limiter, "num_requests", 2)
    answers = [api("get", RECORDS) for _turn in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) >= 1


def test_the_account_page_gives_a_key_once(sites, keeper, client):
    sign_in(client, keeper)
    form = {"name": "台账脚本", "verbs": [ENTERPRISES.see], "region": "", "days": "90", "password": "wrong"}
    assert client.post("/account/tokens/", form).status_code == 422
    answer = client.post("/account/tokens/", {**form, "password": PASSWORD})
    assert answer.status_code == 201
    token = ApiToken.objects.get()
    assert f"anlan_{token.mark}_" in answer.content.decode()
    page = client.get("/account/tokens/").content.decode()
    assert "台账脚本" in page
    assert f"anlan_{token.mark}_" not in page
    other = make_user("other")
    sign_in(client, other)
    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    sign_in(client, keeper)
    client.post(f"/account/tokens/{token.pk}/revoke/")
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert Entry.objects.filter(verb="people.token").count() == 2


# --- reading ----------------------------------------------------------------------------------------------------------
def test_the_registers_that_are_open_are_listed(api):
    rows = {row["code"]: row for row in api("get", "/api/v1/registers/").json()["registers"]}
    assert rows["enterprise"]["records"] == 5
    assert api("get", rows["enterprise"]["links"]["records"]).status_code == 200
    assert api("get", rows["enterprise"]["links"]["openapi"]).status_code == 200


def test_filters_search_order_and_pages_are_those_of_the_list(api):
    def codes(query):
        return [row["code"] for row in api("get", f"{RECORDS}?{query}").json()["items"]]

    assert codes("kind=warehouse&sort=risk") == ["S-5", "S-4"]
    assert codes("q=cq&sort=-name") == ["S-5", "S-4"]
    first = api("get", f"{RECORDS}?size=2&sort=code").json()
    assert [row["code"] for row in first["items"]] == ["S-1", "S-2"]
    assert api("get", first["next"]).json()["items"][0]["code"] == "S-3"
    assert api("get", f"{RECORDS}?size=2&page=9").json()["items"] == []
    assert list(api("get", f"{RECORDS}?cols=risk&size=1").json()["items"][0]) == ["code", "name", "risk", "revision"]


@pytest.mark.parametrize(
    "query", ["colour=red", "risk=9", "sort=pinyin", "size=201", "page=x", "cols=pinyin", "clear=name", "place=x"]
)
def test_what_cannot_be_meant_is_said_and_not_passed_over(api, query):
    answer = api("get", f"{RECORDS}?{query}")
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["field"] == query.partition("=")[0]
    assert answer.json()["faults"][0]["words"]


def test_personal_values_are_masked_and_shown_with_a_right_a_reason_and_a_trace(county, sites):
    leader = make_user("leader", "record_keeper", "leader", region=county.county)
    blind = Api(key_for(leader, ENTERPRISES.see))
    assert blind("get", f"{RECORDS}/S-1").json()["keeper_phone"] == "190****4855"
    assert blind("get", f"{RECORDS}/S-1?clear=keeper_phone&why=核对").status_code == 403
    seeing = Api(key_for(leader, ENTERPRISES.see, "personal.unmask"))
    assert seeing("get", f"{RECORDS}/S-1?clear=keeper_phone").status_code == 422
    assert not Entry.objects.filter(verb="personal.unmask").exists()
    assert seeing("get", f"{RECORDS}/S-1?clear=keeper_phone&why=核对").json()["keeper_phone"] == "19000004855"
    rows = seeing("get", f"{RECORDS}?clear=keeper_phone&why=核对&sort=code").json()["items"]
    assert rows[0]["keeper_phone"] == "19000004855"
    assert Entry.objects.filter(verb="personal.unmask").count() == 2


# --- changing ---------------------------------------------------------------------------------------------------------
NEW = {"name": "新址粮库", "kind": "warehouse", "region": "990123102", "risk": 3}


def test_entered_read_changed_removed_and_restored(api):
    made = api("post", RECORDS, NEW)
    assert made.status_code == 201
    code = made.json()["code"]
    assert made["Location"].endswith(f"{RECORDS}/{code}")
    assert made["ETag"] == '"1"'
    changed = api("patch", f"{RECORDS}/{code}", {"risk": 2}, **{"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["risk"], changed["ETag"]) == (200, 2, '"2"')
    assert api("delete", f"{RECORDS}/{code}").status_code == 422
    assert api("delete", f"{RECORDS}/{code}?why=已关停").status_code == 204
    assert api("get", f"{RECORDS}/{code}").status_code == 404
    assert api("post", f"{RECORDS}/{code}/restore").json()["code"] == code
    acts = Revision.objects.filter(register="enterprise").order_by("id").values_list("act", flat=True)
    assert list(acts)[-4:] == ["create", "change", "remove", "restore"]
    assert "API" in Entry.objects.filter(verb="record.change").latest("id").source


def test_a_change_names_the_revision_it_saw(api):
    assert api("patch", f"{RECORDS}/S-1", {"address": "1号"}).status_code == 428
    assert api("patch", f"{RECORDS}/S-1", {"address": "1号", "revision": 1}).status_code == 200
    stale = api("patch", f"{RECORDS}/S-1", {"address": "2号"}, **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert api("delete", f"{RECORDS}/S-1?why=已关停", **{"If-Match": '"1"'}).status_code == 412


def test_what_was_read_may_be_sent_back_as_it_is(api):
    read = api("get", f"{RECORDS}/S-1").json()
    sent = api("patch", f"{RECORDS}/S-1", read)
    assert sent.status_code == 200, sent.json()
    assert sent.json()["revision"] == read["revision"]


def test_faults_come_all_at_once_with_field_and_words(api):
    answer = api("post", RECORDS, {"kind": "castle", "risk": 9, "height": 3})
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["faults"]} >= {"height"}
    answer = api("post", RECORDS, {"kind": "castle", "risk": 9})
    assert {fault["field"] for fault in answer.json()["faults"]} >= {"kind", "risk", "name", "region"}
    assert all(fault["words"] for fault in answer.json()["faults"])
    assert api("post", RECORDS, [1]).status_code == 400
    assert api("post", RECORDS, {**NEW, "code": "S-1"}).json()["faults"][0]["code"] == "taken"


def test_faults_speak_the_language_that_is_asked_for(api):
    english = api("post", RECORDS, {}, **{"Accept-Language": "en"}).json()["faults"]
    chinese = api("post", RECORDS, {}, **{"Accept-Language": "zh-hans"}).json()["faults"]
    assert next(f for f in english if f["field"] == "name")["words"] == "This must be filled in."
    assert not next(f for f in chinese if f["field"] == "name")["words"].isascii()


def test_a_bulk_is_all_or_nothing(api):
    path = "/api/v1/registers/enterprise/bulk"
    items = [
        {"do": "create", "values": NEW},
        {"do": "change", "code": "S-2", "revision": 1, "values": {"risk": 3}},
        {"do": "remove", "code": "S-3", "why": "已撤并"},
    ]
    wrong = [*items, {"do": "create", "values": {"name": "无址"}}, {"do": "change", "code": "S-4", "revision": 7}]
    answer = api("post", path, {"items": wrong})
    assert answer.status_code == 422
    assert {fault["item"] for fault in answer.json()["faults"]} == {3, 4}
    assert api("get", RECORDS).json()["total"] == 5
    answer = api("post", path, {"items": items})
    assert [row["do"] for row in answer.json()["items"]] == ["create", "change", "remove"]
    assert api("get", f"{RECORDS}/S-2").json()["risk"] == 3
    assert api("get", RECORDS).json()["total"] == 5
    assert api("post", path, {"items": [{"do": "fly"}]}).status_code == 422
    assert api("post", path, {"items": [{"do": "create", "values": NEW}] * 101}).status_code == 422


# --- described --------------------------------------------------------------------------------------------------------
def test_the_description_is_typed_and_in_both_languages(api):
    document = api("get", "/api/v1/registers/enterprise/openapi.json").json()
    fields = document["components"]["schemas"]["Record"]["properties"]
    assert fields["risk"]["enum"] == [1, 2, 3, 4, None]
    assert " / " in fields["name"]["title"] or fields["name"]["title"]
    assert fields["lon"]["type"] == ["number", "null"]
    assert fields["keeper_phone"]["x-masked"] == "phone"
    parameters = {one["name"] for one in document["paths"]["/enterprise/records"]["get"]["parameters"]}
    assert {"q", "sort", "page", "size", "cols", "kind", "region", "place"} <= parameters


def test_the_page_for_programmers_opens(sites, keeper, client):
    sign_in(client, keeper)
    page = client.get("/registers/enterprise/-/api/").content.decode()
    assert "/api/v1/registers/enterprise/records" in page
