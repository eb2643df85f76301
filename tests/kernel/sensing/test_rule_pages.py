"""The pages of alarm rules, through HTTP."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from sensing_world import LEVELS, entry_of, person, points_of, sign_in

from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing import rules
from anlan.kernel.sensing.conditions import conditions_of
from anlan.kernel.sensing.models import Alarm, RuleChange
from anlan.kernel.sensing.ruling import forms, services
from anlan.kernel.sensing.ruling.patterns import patterns
from anlan.kernel.sensing.ruling.services import Draft
from anlan.kernel.sensing.store import Columns

pytestmark = pytest.mark.django_db

SEE = ["point.see", "alarm.see", "rulebook.see", "region.see"]


def reader(user, language="en"):
    user.language = language
    user.save()
    return user


@pytest.fixture
def author(county):
    return reader(person("author", "程砚舟", county, [*SEE, "rule.propose"]))


@pytest.fixture
def leader(county):
    return reader(person("leader", "陆宽", county, [*SEE, "rule.approve"]))


@pytest.fixture
def desk(author):
    return sign_in(Client(), author)


@pytest.fixture
def office(leader):
    return sign_in(Client(), leader)


def fields(**more):
    """A form as the browser sends it for a level rule."""
    return {
        "code": "OWN-01", "title": "Own limit", "region": "990123", "choose": "kinds", "kinds": ["other"],
        "type": "level", "direction": "high", "limit_3": "22", "limit_2": "50", "deadband": "2.5", "on": "15 s",
        "off": "1 min", "reason": "late last week", **more,
    }  # fmt: skip


def page(client, path, status=200):
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.content.decode()


def test_the_list_shows_each_rule_in_words_and_finds_by_kind_site_point_and_text(point, entry, desk):
    rules.sync(timezone.now())
    whole = page(desk, "/sensing/rules/")
    assert "TEST-01" in whole
    assert "≥ 25" in whole
    assert "TEST-01" in page(desk, "/sensing/rules/?kind=other&q=test&site=site:9&point=GT-2031")
    for nothing in ("?kind=rain&q=test", "?site=site:none", "?point=NO-1", "?q=zzz"):
        assert "TEST-01" not in page(desk, f"/sensing/rules/{nothing}")


def test_the_rule_page_shows_condition_points_versions_and_clause(point, entry, desk):
    told = page(desk, "/sensing/rules/of/TEST-01/")
    for words in ("GB/T 50493-2019 5.5.2", "GT-2031", "came with the product", "25"):
        assert words in told
    page(desk, "/sensing/rules/of/NONE/", 404)


def test_a_change_goes_from_the_editor_over_a_second_person_into_force(point, entry, desk, office):
    told = page(desk, f"/sensing/rules/of/TEST-01/edit/?version={entry.pk}")
    assert 'value="25"' in told
    answer = desk.post("/sensing/rules/of/TEST-01/edit/", fields(code="TEST-01", base=entry.pk))
    change = RuleChange.objects.get()
    assert answer.url == f"/sensing/rules/changes/{change.pk}/"
    assert (change.base, change.body["condition"]["on_s"], change.body["kind"]) == (entry, 15.0, "other")
    mine = page(desk, answer.url)
    assert "Put in force" not in mine
    theirs = page(office, answer.url)
    assert "Put in force" in theirs
    assert "<del>25</del>" in theirs.replace(" %LEL", "")
    answer = office.post(f"/sensing/rules/changes/{change.pk}/approve/", {"reason": "agreed"})
    assert answer.url == "/sensing/rules/of/TEST-01/"
    told = page(desk, answer.url)
    assert "proposed by 程砚舟, put in force by 陆宽" in told
    assert "late last week" in told


@pytest.mark.parametrize(("language", "words"), [("en", "Select a valid choice"), ("zh-hans", "选择一个有效的选项")])
def test_faults_of_the_form_are_told_in_the_language_of_the_reader(entry, author, language, words):
    desk = sign_in(Client(), reader(author, language))
    answer = desk.post("/sensing/rules/new/", fields(direction="sideways"))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not RuleChange.objects.exists()


def test_limits_in_the_wrong_order_are_told_at_the_outer_one(entry, desk):
    told = desk.post("/sensing/rules/new/", fields(limit_2="20")).content.decode()
    assert "Orange must lie above Yellow" in told
    told = desk.post("/sensing/rules/new/", fields(direction="low", limit_3="2", limit_2="4")).content.decode()
    assert "Orange must lie below Yellow" in told


def test_a_rule_is_proposed_over_points_with_limits_from_a_file(entry, device, town, hands, desk):
    points_of(device, town, hands, 2)
    table = SimpleUploadedFile("l.csv", b"point,yellow,orange\nGT-2031,10,20\nGT-2032,11,21\n")
    bare = fields(choose="csv", table=table, limit_3="", limit_2="", instead_of="TEST-01")
    answer = desk.post("/sensing/rules/new/", bare)
    assert answer.status_code == 302, answer.content.decode()
    body = RuleChange.objects.get().body
    assert body["limits"] == {"GT-2031": [10.0, 20.0], "GT-2032": [11.0, 21.0]}
    assert body["instead_of"] == ["TEST-01"]
    bad = SimpleUploadedFile("l.csv", b"point,yellow\nNO-1,10\nGT-2032,x\n")
    told = desk.post("/sensing/rules/new/", bare | {"code": "OWN-02", "table": bad}).content.decode()
    assert "There is no point NO-1" in told
    assert "Line 3" in told
    assert RuleChange.objects.count() == 1


@pytest.mark.parametrize("pattern", patterns(), ids=lambda pattern: pattern.code)
def test_every_template_goes_through_the_form_and_comes_out_as_it_was(county, desk, pattern):
    told = page(desk, f"/sensing/rules/new/?template={pattern.code}")
    assert pattern.source.standard in told
    initial = forms.initial_of(pattern.draft(county), county) | {"code": "T-1", "reason": "x"}
    sent = {name: value for name, value in initial.items() if not (value is None or value is False or value == "")}
    form = forms.RuleForm(sent, regions=[county])
    assert form.is_valid(), form.errors
    assert form.draft().body["condition"] == conditions_of(pattern.body, code="x")[0]


@pytest.mark.parametrize(
    "condition",
    [
        {
            "type": "together", "severity": 1, "need": 1, "on_s": 5, "off_s": 0,
            "members": [{"point": "A", "limit": 1, "deadband": 0.5, "stale_s": 600}, {"point": "B", "limit": 2}],
        },
        {"type": "deviation", "steps": [{"severity": 3, "limit": 0.5}], "other": "A", "stale_s": 900},
        LEVELS
        | {
            "schedule": {"days": [0, 4], "begin": "08:00", "end": "18:30"},
            "inhibits": [{"rule": "X", "severity": 2}, {"rule": "Y"}],
        },
    ],
    ids=["together", "deviation", "schedule"],
)  # fmt: skip
def test_the_form_loses_nothing_of_a_rule(county, condition):
    draft = Draft("T-1", "t", county, {"kind": "other", "condition": condition})
    sent = {k: v for k, v in forms.initial_of(draft, county).items() if not (v is None or v is False or v == "")}
    form = forms.RuleForm(sent | {"reason": "x"}, regions=[county])
    assert form.is_valid(), form.errors
    assert form.draft().body["condition"] == conditions_of(draft.body, code="x")[0]


def test_a_copy_has_everything_but_the_code(entry, desk):
    told = page(desk, "/sensing/rules/new/?copy=TEST-01")
    assert 'value="25"' in told
    assert 'name="code" value="TEST-01"' not in told


def test_ending_a_rule_needs_a_reason_and_becomes_a_proposal(entry, desk):
    desk.post("/sensing/rules/of/TEST-01/end/", {"reason": ""})
    assert not RuleChange.objects.exists()
    answer = desk.post("/sensing/rules/of/TEST-01/end/", {"reason": "the tank is gone"})
    assert RuleChange.objects.get().ends
    assert "to be ended" in page(desk, answer.url)


def test_a_stale_proposal_says_so_and_offers_no_button(entry, county, author, leader, desk, office):
    def draft(limit):
        steps = [{"severity": 3, "limit": limit}]
        return Draft("TEST-01", "x", county, {"kind": "other", "condition": LEVELS | {"steps": steps}})

    now = timezone.now()
    first, second = (
        services.propose(draft(limit), base=entry, reason="x", actor=author, now=now) for limit in (20.0, 21.0)
    )
    services.approve(first, actor=leader, now=now)
    told = page(office, f"/sensing/rules/changes/{second.pk}/")
    assert "Version v2 was put in force since" in told
    assert "/approve/" not in told
    office.post(f"/sensing/rules/changes/{second.pk}/approve/")
    assert Entry.objects.filter(code="TEST-01").count() == 2


def test_an_open_alarm_says_under_which_version_it_was_raised(raised, entry, county, author, leader, desk):
    raised()
    now = timezone.now()
    draft = Draft("TEST-01", "x", county, {"kind": "other", "condition": LEVELS | {"deadband": 1}})
    services.approve(services.propose(draft, base=entry, reason="x", actor=author, now=now), actor=leader, now=now)
    assert "raised under v1, now v2" in page(desk, "/sensing/rules/of/TEST-01/")
    assert "raised under v1, now v2" in page(desk, f"/sensing/alarms/{Alarm.records.get().pk}/")


def test_the_preview_is_shown_in_the_editor_and_on_the_proposal(point, entry, desk, readings, author, county):
    end = round(timezone.now().timestamp() * 1000) // 3_600_000 * 3_600_000
    t = end - 86_400_000 + np.arange(1440) * 60_000
    value = np.full(1440, 10.0)
    value[100:200] = 23.0
    readings.flush_history(Columns(np.full(1440, point.pk, np.int32), t, value, np.zeros(1440, np.uint8)), upto=0)
    sent = fields(code="TEST-01", base=entry.pk, preview="1")
    told = _until_done(desk, desk.post("/sensing/rules/of/TEST-01/edit/", sent))
    assert "+1" in told
    assert "GT-2031" in told
    assert not RuleChange.objects.exists()
    desk.post("/sensing/rules/of/TEST-01/edit/", fields(code="TEST-01", base=entry.pk))
    change = RuleChange.objects.get()
    assert "+1" in _until_done(desk, desk.get(f"/sensing/rules/changes/{change.pk}/preview/"))


def _until_done(client, answer):
    """Ask again as the page does, as long as it does; each answer waits a little by itself."""
    for _ in range(30):
        told = answer.content.decode()
        if "hx-get" not in told:
            return told
        path = told.split('hx-get="')[1].split('"')[0]
        answer = client.get(path)
    raise AssertionError("the preview does not end")


def test_a_preview_of_what_is_no_rule_says_why(entry, desk):
    told = desk.post("/sensing/rules/new/", fields(limit_3="", limit_2="", preview="1")).content.decode()
    assert "Give at least one limit" in told
    told = desk.post("/sensing/rules/new/", fields(choose="points", points="NO-1", preview="1")).content.decode()
    assert "There is no point NO-1" in told


def test_the_points_for_the_curve_follow_the_choice(point, desk, foreigner):
    asked = "/sensing/rules/points.json?region=990123"
    assert desk.get(f"{asked}&kinds=other").json()["n"] == 1
    assert desk.get(f"{asked}&kinds=rain").json()["n"] == 0
    assert desk.get(f"{asked}&points=GT-2031,NO-1").json()["points"][0]["id"] == point.pk
    assert sign_in(Client(), foreigner).get(f"{asked}&kinds=other").json()["n"] == 0


def test_rules_go_out_as_yaml_and_come_in_as_proposals(entry, desk):
    text = page(desk, "/sensing/rules/export/?code=TEST-01")
    (row,) = yaml.safe_load(text)["alarms"]
    assert row["code"] == "TEST-01"
    row["condition"]["deadband"] = 1.5
    upload = SimpleUploadedFile("r.yaml", yaml.safe_dump({"alarms": [row]}).encode())
    answer = desk.post("/sensing/rules/import/", {"file": upload, "region": "990123", "reason": "season"})
    assert answer.status_code == 302
    assert RuleChange.objects.get().base == entry
    upload = SimpleUploadedFile("r.yaml", b"alarms: [{title: x}]")
    answer = desk.post("/sensing/rules/import/", {"file": upload, "region": "990123", "reason": "season"})
    assert answer.status_code == 422
    assert "it lacks code" in answer.content.decode()


def test_who_may_not_propose_sees_rules_without_the_tools(entry, officer):
    client = sign_in(Client(), reader(officer))
    assert "New rule" not in page(client, "/sensing/rules/")
    assert "Propose to end it" not in page(client, "/sensing/rules/of/TEST-01/")
    for path in ("/sensing/rules/new/", "/sensing/rules/import/", "/sensing/rules/of/TEST-01/edit/"):
        page(client, path, 403)


def test_a_proposal_of_another_town_looks_missing(entry, county, author, other_town):
    outsider = person("reader", "读", other_town, SEE)
    draft = Draft("TEST-01", "x", county, {"kind": "other", "condition": LEVELS | {"deadband": 1}})
    change = services.propose(draft, base=entry, reason="x", actor=author, now=timezone.now())
    client = sign_in(Client(), outsider)
    page(client, f"/sensing/rules/changes/{change.pk}/", 404)
    assert client.post(f"/sensing/rules/changes/{change.pk}/approve/").status_code == 404


def test_a_rule_with_several_conditions_is_changed_by_its_file(county, desk):
    silence = {"type": "silence", "severity": 4, "after_s": 60}
    entry_of("TWO-01", body={"kind": "other", "conditions": [LEVELS, silence]})
    assert "/edit/" not in page(desk, "/sensing/rules/of/TWO-01/")
    page(desk, "/sensing/rules/of/TWO-01/edit/", 404)


def test_a_waiting_version_is_listed_under_its_own_state(county, desk):
    entry_of("LATER-01", valid_from=timezone.now() + timedelta(days=3))
    assert "LATER-01" not in page(desk, "/sensing/rules/")
    assert "LATER-01" in page(desk, "/sensing/rules/?state=waiting")
