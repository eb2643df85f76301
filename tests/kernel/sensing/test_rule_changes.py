"""Two persons put a rule in force: proposals, their decision, what happens to open alarms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation
from sensing_world import LEVELS, NOW, Transition, entry_of, ms, person, points_of

from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.models import Department
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.rulebook.models import Entry, Origin
from anlan.kernel.sensing import consumer, rules
from anlan.kernel.sensing.models import Alarm, AlarmState, RuleChange, RuleVersion
from anlan.kernel.sensing.ruling import queries, services
from anlan.kernel.sensing.ruling.services import Draft
from anlan.kernel.sensing.services import Refused

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)
SEE = ["point.see", "alarm.see", "rulebook.see", "region.see"]


@pytest.fixture
def author(county):
    return person("author", "程砚舟", county, [*SEE, "rule.propose"])


@pytest.fixture
def leader(county):
    return person("leader", "陆宽", county, [*SEE, "rule.approve", "rule.propose"])


def draft(region, code="TEST-01", *, limit=22.0, **more):
    steps = [{"severity": 3, "limit": limit}, {"severity": 2, "limit": 50.0}]
    fields = {"title": "Gas", "title_zh": "燃气", "body": {"kind": "other", "condition": LEVELS | {"steps": steps}}}
    return Draft(code=code, region=region, **fields | more)


def propose(what, author, base=None, now=NOW, reason="too late last week"):
    return services.propose(what, base=base, reason=reason, actor=author, now=now)


def live(code="TEST-01"):
    return RuleVersion.objects.filter(lane="live", to_at=None, entry__code=code).order_by("id")


def test_W5_a_proposal_changes_nothing_until_another_person_puts_it_in_force(point, entry, county, author, leader):
    change = propose(draft(county), author, entry)
    rules.sync(NOW)
    assert live().get().entry == entry
    made = services.approve(change, actor=leader, now=LATER)
    rules.sync(LATER)
    assert (made.version, made.origin, made.region, made.valid_from) == (2, Origin.BUREAU, county, LATER)
    assert live().get().entry == made
    assert live().get().condition["steps"][0]["limit"] == 22.0


def test_W5_without_a_reason_it_is_refused(entry, county, author):
    with translation.override("en"), pytest.raises(Refused, match="Say why"):
        propose(draft(county), author, entry, reason="  ")
    assert not RuleChange.objects.exists()


def test_W5_the_author_cannot_put_it_in_force(entry, county, leader):
    change = propose(draft(county), leader, entry)
    with pytest.raises(Refused):
        services.approve(change, actor=leader, now=LATER)
    assert Entry.objects.filter(code="TEST-01").count() == 1


def test_W5_nor_can_the_author_with_a_second_account(entry, county, author):
    twin = person("twin", "程砚舟", county, ["rule.approve"])
    author.phone = twin.phone = "13900000000"
    author.save()
    twin.save()
    change = propose(draft(county), author, entry)
    with pytest.raises(Refused):
        services.approve(change, actor=twin, now=LATER)


def test_two_of_one_name_in_one_department_are_taken_for_one_person(county, author):
    unit = Department.objects.create(code="u", name="局", region=county)
    twin = person("twin", author.name, county, [])
    assert not services.is_same_person(author, twin)
    author.department = twin.department = unit
    assert services.is_same_person(author, twin)


def test_who_may_not_propose_or_approve_is_refused(entry, county, officer, author):
    with pytest.raises(NotAllowed):
        propose(draft(county), officer, entry)
    change = propose(draft(county), author, entry)
    with pytest.raises(NotAllowed):
        services.approve(change, actor=officer, now=LATER)
    with pytest.raises(NotAllowed):
        services.reject(change, actor=officer, now=LATER, reason="no")


def test_approvers_are_told_and_the_author_hears_the_answer(entry, county, author, leader):
    change = propose(draft(county), author, entry)
    assert list(Notice.objects.values_list("to__username", flat=True)) == ["leader"]
    services.reject(change, actor=leader, now=LATER, reason="no ground")
    assert Notice.objects.filter(to=author).count() == 1
    change.refresh_from_db()
    assert (change.state, change.decision) == ("rejected", "no ground")
    verbs = list(AuditEntry.objects.order_by("id").values_list("verb", "note"))
    assert ("rule.propose", "too late last week") in verbs
    assert ("rule.reject", "no ground") in verbs


def test_a_rejection_needs_a_reason_and_happens_once(entry, county, author, leader):
    change = propose(draft(county), author, entry)
    with pytest.raises(Refused):
        services.reject(change, actor=leader, now=LATER, reason="")
    services.reject(change, actor=leader, now=LATER, reason="no")
    with pytest.raises(Refused, match="陆宽"):
        services.approve(change, actor=leader, now=LATER)


def test_a_proposal_is_withdrawn_by_its_author_alone(entry, county, author, leader):
    change = propose(draft(county), author, entry)
    with pytest.raises(Refused):
        services.withdraw(change, actor=leader, now=LATER)
    services.withdraw(change, actor=author, now=LATER)
    assert RuleChange.objects.get().state == "withdrawn"


def test_of_two_concurrent_proposals_the_second_is_stale_and_says_so(entry, county, author, leader):
    first = propose(draft(county, limit=22.0), author, entry)
    second = propose(draft(county, limit=21.0), author, entry)
    services.approve(first, actor=leader, now=LATER)
    with pytest.raises(Refused, match="TEST-01 v2"):
        services.approve(second, actor=leader, now=LATER)
    assert Entry.objects.filter(code="TEST-01").count() == 2


def test_a_proposal_on_top_of_an_old_version_is_refused_at_once(entry, county, author, leader):
    services.approve(propose(draft(county), author, entry), actor=leader, now=LATER)
    with pytest.raises(Refused):
        propose(draft(county, limit=20.0), author, entry, now=LATER)


def test_what_changes_nothing_is_refused_however_it_is_written(entry, county, author):
    same = Draft(
        code=entry.code,
        region=county,
        title=entry.title,
        title_zh=entry.title_zh,
        standard=entry.standard,
        clause=entry.clause,
        verified=True,
        body={"kinds": ["other"], "conditions": [LEVELS | {"deadband": 2.50}]},
    )
    with pytest.raises(Refused):
        propose(same, author, entry)


def test_an_alarm_that_is_open_is_not_closed_by_the_edit(raised, point, entry, county, author, leader):
    alarm = raised()
    (before,) = live()
    services.approve(propose(draft(county), author, entry), actor=leader, now=LATER)
    rules.sync(LATER)
    alarm.refresh_from_db()
    assert (alarm.state, alarm.entry, alarm.cleared_at) == (AlarmState.UNACKNOWLEDGED, entry, None)
    assert queries.newer_than(alarm.entry, alarm.region, LATER).version == 2
    # The engine tells the end of what the old version held on, by that version's own clearing.
    consumer.take([Transition(before.pk, point.pk, ms(LATER) + 60_000, on=False)], LATER + timedelta(minutes=1))
    alarm.refresh_from_db()
    assert alarm.state == AlarmState.CLEARED
    (after,) = live()
    consumer.take([Transition(after.pk, point.pk, ms(LATER) + 90_000)], LATER + timedelta(minutes=2))
    assert Alarm.records.order_by("-id").first().entry.version == 2


def test_a_rule_is_ended_the_same_way_and_may_come_back(point, entry, county, author, leader):
    ending = services.approve(propose(draft(county, ends=True), author, entry), actor=leader, now=LATER)
    rules.sync(LATER)
    assert not live().exists()
    assert queries.standing(ending, LATER) == "ended"
    again = LATER + timedelta(days=1)
    services.approve(propose(draft(county), author, ending, now=again), actor=leader, now=again)
    rules.sync(again)
    assert live().get().entry.version == 3


def test_a_new_rule_takes_a_code_that_is_free(entry, county, author, leader):
    with pytest.raises(Refused, match="TEST-01"):
        propose(draft(county), author)
    with pytest.raises(Refused):
        propose(draft(county, code="with blank"), author)
    made = services.approve(propose(draft(county, code="OWN-01"), author), actor=leader, now=LATER)
    assert (made.code, made.version) == ("OWN-01", 1)


def test_every_wrong_point_is_named(county, town, other_town, device, hands, author):
    points_of(device, town, hands, 1)
    body = {"points": ["GT-2031", "NO-1", "NO-2"], "condition": LEVELS}
    with pytest.raises(Refused) as caught:
        propose(draft(other_town, code="OWN-01", body=body), person("a", "某", other_town, ["rule.propose"]))
    told = str(caught.value)
    assert all(code in told for code in ("GT-2031", "NO-1", "NO-2"))


def test_rules_that_would_hold_each_other_down_are_refused(entry, county, author):
    entry_of("BAD", body={"kind": "other", "condition": LEVELS | {"inhibits": [{"rule": "TEST-01"}]}})
    body = {"kind": "other", "condition": LEVELS | {"inhibits": [{"rule": "BAD"}]}}
    with pytest.raises(Refused, match="TEST-01"):
        propose(draft(county, body=body), author, entry)
    with pytest.raises(Refused, match="NONE"):
        body = {"kind": "other", "condition": LEVELS | {"inhibits": [{"rule": "NONE"}]}}
        propose(draft(county, body=body), author, entry)


def test_the_list_shows_the_bureaus_version_instead_of_the_shipped_one(point, entry, county, author, leader):
    made = services.approve(propose(draft(county), author, entry), actor=leader, now=LATER)
    rules.sync(LATER)
    found = [row for row in queries.rows(author, LATER) if row.entry.code == "TEST-01"]
    assert [(row.entry, row.points) for row in found] == [(made, 1)]
    assert [row.entry.code for row in queries.rows(author, LATER, point="GT-2031")] == ["TEST-01"]
    assert not queries.rows(author, LATER, site="site:none")


def test_versions_tell_what_changed_and_who_did_it(entry, county, author, leader):
    services.approve(propose(draft(county, standard="X"), author, entry), actor=leader, now=LATER)
    newest, first = queries.versions_of("TEST-01", LATER)
    assert (newest.change.author, newest.change.decided_by) == (author, leader)
    assert first.change is None
    assert [line.value for line in newest.gone if line.level == 3] == ["25"]
    assert [line.value for line in newest.came if line.level == 3] == ["22"]
