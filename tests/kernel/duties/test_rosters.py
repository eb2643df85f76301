"""Rosters: drawn up evenly, published, swapped by two people, replaced by the planner, shown and exported."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from django.utils import timezone
from duty_month import MONTH, draw
from small_county import NOW, make_user, sign_in

from anlan.kernel.audit.models import Entry
from anlan.kernel.duties import absences, presence, rosters, swaps
from anlan.kernel.duties.calendar import cells
from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.models import Member, Roster, RosterDuty, Swap
from anlan.kernel.duties.months import month_of
from anlan.kernel.jobs.models import Job
from anlan.kernel.notices.models import Notice
from anlan.kernel.people import services as people
from anlan.kernel.people.queries import holder
from anlan.kernel.people.rights import NotAllowed


def test_a_month_is_full_even_and_rested(drawn, staff):
    duties = list(drawn.duties.all())
    assert len(duties) == 31 * 3, "a leader, an officer by day, an officer by night"
    assert not drawn.outcome["gaps"]
    for role, people_of in (("leader", 3), ("duty_officer", 5)):
        loads = Counter(duty.person_id for duty in duties if duty.role == role)
        assert len(loads) == people_of
        assert max(loads.values()) - min(loads.values()) <= 1
    by_person = {}
    for duty in sorted(duties, key=lambda one: one.starts_at):
        last = by_person.get(duty.person_id)
        assert last is None or duty.starts_at - last >= timedelta(hours=24)
        by_person[duty.person_id] = duty.ends_at
    first = min(duties, key=lambda one: one.starts_at)
    assert timezone.localtime(first.starts_at).strftime("%Y-%m-%d %H:%M") == "2026-12-01 08:30"


def test_holidays_come_from_the_rulebook(county, staff, planner):
    roster = draw(county.county, planner, date(2027, 1, 1))
    assert roster.entry.kind == "roster"
    october = Roster(region=county.county, month=date(2026, 10, 1))
    kinds = {cell.day.day: cell.kind for cell in cells(month_of(october, NOW), planner, NOW) if cell.inside}
    assert [kinds[day] for day in (1, 7, 8, 10, 11)] == ["holiday", "holiday", "working", "working", "weekend"]


def test_the_next_month_makes_up_for_this_one(county, published, staff, planner):
    after = draw(county.county, planner, date(2027, 1, 1))
    both = Counter(
        RosterDuty.objects.filter(roster__in=[published, after], role="duty_officer").values_list("person", flat=True)
    )
    assert max(both.values()) - min(both.values()) <= 1


def test_absences_are_kept_and_wishes_where_it_can_be(county, staff, planner):
    absences.go_away(
        person=staff.o1, first=date(2026, 12, 10), last=date(2026, 12, 14), why="leave", note="", actor=planner, now=NOW
    )  # fmt: skip
    absences.wish(person=staff.o2, day=date(2026, 12, 20), wanted=True, note="", actor=staff.o2, now=NOW)
    for leader in (staff.l1, staff.l2, staff.l3):
        absences.wish(person=leader, day=date(2026, 12, 25), wanted=True, note="", actor=leader, now=NOW)
    roster = draw(county.county, planner)
    days = set(roster.duties.filter(person=staff.o1).values_list("day", flat=True))
    assert not days & {date(2026, 12, day) for day in range(9, 15) if day > 9}
    assert not roster.duties.filter(person=staff.o2, day=date(2026, 12, 20)).exists()
    assert roster.duties.filter(role="leader", day=date(2026, 12, 25)).count() == 1, "somebody has to"
    assert len(roster.outcome["unkept"]) == 1


def test_a_place_that_nobody_can_fill_says_why_and_is_not_published_unasked(county, staff, planner):
    for leader in (staff.l1, staff.l2, staff.l3):
        absences.go_away(
            person=leader, first=date(2026, 12, 5), last=date(2026, 12, 5), why="travel", note="", actor=planner,
            now=NOW,
        )  # fmt: skip
    roster = draw(county.county, planner)
    assert {gap["day"] for gap in roster.outcome["gaps"]} >= {"2026-12-05"}
    assert any("away" in faults for gap in roster.outcome["gaps"] for _person, faults in gap["why"])
    with pytest.raises(Refused):
        rosters.put_in_force(roster, with_gaps=False, actor=planner, now=NOW)
    rosters.put_in_force(roster, with_gaps=True, actor=planner, now=NOW)


def test_publishing_tells_everyone_and_only_a_planner_may(county, drawn, staff, planner):
    with pytest.raises(NotAllowed):
        rosters.put_in_force(drawn, with_gaps=False, actor=staff.o1, now=NOW)
    rosters.put_in_force(drawn, with_gaps=False, actor=planner, now=NOW)
    assert set(Notice.objects.values_list("to__username", flat=True)) >= {"l1", "l2", "l3", "o1", "o2", "o3"}
    with pytest.raises(Refused):
        rosters.ask_for_drawing(region=county.county, month=MONTH, actor=planner, now=NOW)
    assert Entry.objects.filter(verb="roster.publish").count() == 1


def test_drawing_is_a_job_that_bears_a_repeat(county, staff, planner):
    row = rosters.ask_for_drawing(region=county.county, month=MONTH, actor=planner, now=NOW)
    job = Job.objects.get(name=rosters.JOB)
    rosters.draw(now=NOW, **job.args)
    first = set(row.duties.values_list("pk", flat=True))
    rosters.draw(now=NOW, **job.args)
    assert set(row.duties.values_list("pk", flat=True)) == first


def possible(giver, roster):
    """A duty of somebody and one of another that can be swapped, tried by the verb itself."""
    for duty in roster.duties.filter(person=giver).order_by("day"):
        others = roster.duties.filter(role=duty.role).exclude(person=giver).select_related("person")
        for back in others:
            try:
                return swaps.ask(duty, to=back.person, back=back, reason="家中有事", actor=giver, now=NOW)
            except Refused:
                continue
    raise AssertionError("no swap fits")


def test_a_swap_needs_both(published, staff, planner):
    swap = possible(staff.o1, published)
    duty, back, taker = swap.duty, swap.back, swap.taker
    duty.refresh_from_db()
    assert duty.person == staff.o1, "nothing changes before the answer"
    assert Notice.objects.filter(to=taker, url="/duties/swaps/").exists()
    for stranger in (staff.o1, planner, next(one for one in (staff.o2, staff.o3) if one != taker)):
        with pytest.raises(Refused):
            swaps.agree(swap, actor=stranger, now=NOW)
    swaps.agree(swap, actor=taker, now=NOW)
    duty.refresh_from_db()
    back.refresh_from_db()
    assert (duty.person, back.person) == (taker, staff.o1)
    assert {(one.before, one.after) for one in published.changes.filter(step="swapped")} == {
        (staff.o1.name, taker.name),
        (taker.name, staff.o1.name),
    }
    told = Entry.objects.filter(verb__in=("roster.ask", "roster.agree")).order_by("id")
    verbs = list(told.values_list("verb", "actor_id"))
    assert verbs == [("roster.ask", staff.o1.pk), ("roster.agree", taker.pk)]
    with pytest.raises(Refused):
        swaps.agree(swap, actor=taker, now=NOW)


def test_a_swap_that_breaks_a_rule_is_refused_in_words(published, staff):
    duty = published.duties.filter(person=staff.o1).order_by("day")[1]
    near = published.duties.filter(role="duty_officer", day=duty.day).exclude(person=staff.o1).first()
    with pytest.raises(Refused, match=r"rest|两次|休息|at once|同时"):
        swaps.ask(duty, to=near.person, back=None, reason="有事", actor=staff.o1, now=NOW)
    with pytest.raises(Refused):
        swaps.ask(duty, to=staff.l1, back=None, reason="有事", actor=staff.o1, now=NOW)
    with pytest.raises(Refused):
        swaps.ask(near, to=staff.o1, back=None, reason="有事", actor=staff.o1, now=NOW)


def test_refusing_and_taking_back(published, staff):
    swap = possible(staff.o1, published)
    with pytest.raises(Refused):
        swaps.withdraw(swap, actor=swap.taker, now=NOW)
    swaps.refuse(swap, answer="当天培训", actor=swap.taker, now=NOW)
    assert Notice.objects.filter(to=staff.o1, body="当天培训").exists()
    again = possible(staff.o1, published)
    swaps.withdraw(again, actor=staff.o1, now=NOW)
    with pytest.raises(Refused):
        swaps.agree(again, actor=again.taker, now=NOW)
    assert not published.changes.filter(step="swapped").exists()


def test_a_swap_falls_away_when_the_planner_changes_the_duty(published, staff, planner):
    swap = possible(staff.o1, published)
    for to in (staff.o2, staff.o3, staff.o4, staff.o5):
        try:
            rosters.replace(swap.duty, to=to, reason="调度", actor=planner, now=NOW, force=True)
        except Refused:
            continue
        break
    assert Swap.objects.get(pk=swap.pk).state == "withdrawn"
    assert published.changes.filter(step="replaced").count() == 1


def test_who_is_on_duty_now_by_the_roster_and_without_one_by_the_posts(county, office, published, staff):
    console = people.system_user("console")
    for slot, who in (("A", staff.o1), ("B", staff.o2)):
        people.fill_post(
            duty="duty_officer", name="值班员", department=office, region=county.county, holder=who, slot=slot,
            actor=console, now=NOW,
        )  # fmt: skip
    assert [(one.person, one.until) for one in presence.on_duty(county.county, NOW)] == [
        (staff.o1, None),
        (staff.o2, None),
    ], "NOW lies before the month"
    noon = published.duties.get(day=date(2026, 12, 9), shift="day").starts_at + timedelta(hours=3)
    standing = presence.on_duty(county.shatou, noon)
    assert [one.role for one in standing] == ["leader", "duty_officer"]
    assert holder("duty_officer", county.shatou, at=noon) == [standing[1].person], "alarms ring at who stands duty"
    absences.go_away(
        person=staff.o1, first=timezone.localdate(NOW), last=timezone.localdate(NOW), why="sick", note="",
        actor=staff.o1, now=NOW,
    )  # fmt: skip
    assert presence.on_duty(county.county, NOW)[0].person == staff.o2


def test_joining_and_leaving(county, staff, planner):
    assert rosters.join(
        region=county.county, person=staff.o1, role="duty_officer", since=MONTH, actor=planner, now=NOW, weight=0.5
    ).since == date(2026, 1, 1), "the same again changes the share"
    member = Member.objects.get(person=staff.l1)
    rosters.leave(member, until=date(2026, 12, 15), actor=planner, now=NOW)
    roster = draw(county.county, planner)
    assert max(roster.duties.filter(person=staff.l1).values_list("day", flat=True)) < date(2026, 12, 15)
    with pytest.raises(NotAllowed):
        rosters.join(
            region=county.county, person=staff.l1, role="leader", since=MONTH, actor=staff.o1, now=NOW
        )  # fmt: skip


def test_the_pages(county, published, staff, planner, client):
    sign_in(client, planner)
    page = client.get("/duties/roster/990123/2026-12/")
    assert page.status_code == 200
    assert "l1" in page.content.decode()
    assert client.get("/duties/roster/").status_code == 302
    for path in ("people/", "2026-11/", "2027-01/"):
        assert client.get(f"/duties/roster/990123/{path}").status_code == 200, path
    assert client.get("/duties/roster/990123/2026-13/").status_code == 404
    sheet = client.get("/duties/roster/990123/2026-12/export/csv/").content.decode("utf-8-sig").splitlines()
    assert len(sheet) == 32
    assert client.get("/duties/roster/990123/2026-12/export/xlsx/").content[:2] == b"PK"
    duty = published.duties.first()
    assert client.get(f"/duties/roster/duty/{duty.pk}/replace/").status_code == 200
    sign_in(client, staff.o1)
    mine = published.duties.filter(person=staff.o1).last()
    assert client.get(f"/duties/swaps/ask/{mine.pk}/").status_code == 200
    assert client.get(f"/duties/swaps/ask/{published.duties.filter(person=staff.o2).first().pk}/").status_code == 404
    assert client.get(f"/duties/roster/duty/{duty.pk}/replace/").status_code == 403
    assert client.get("/duties/swaps/").status_code == 200
    sign_in(client, make_user("engineer", "monitoring_engineer", region=county.canglang))
    assert client.get("/duties/roster/990123/2026-12/").status_code == 404


def test_drafts_are_for_planners(county, drawn, staff, client):
    sign_in(client, staff.o1)
    assert 'class="cal"' not in client.get("/duties/roster/990123/2026-12/").content.decode()
    assert client.get("/duties/roster/990123/2026-12/export/csv/").status_code == 404
