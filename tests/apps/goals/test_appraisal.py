from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from small_county import sign_in
from tasks_world import finish, give, make_world

from anlan.apps.goals import rules
from anlan.apps.goals.models import Appeal, Appraisal, Mark, Phase, Result
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import appraisal, values
from anlan.kernel.audit.models import Entry as Trail
from anlan.kernel.clocks.models import Clock
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.rulebook import queries as rulebook
from anlan.kernel.rulebook.models import Entry

pytestmark = pytest.mark.django_db

#: 20 December 2026, a Sunday.
END = datetime(2026, 12, 20, 2, 0, tzinfo=UTC)
CANG, DAN = "region:990123101", "region:990123102"


@pytest.fixture
def world(db):
    return make_world()


@pytest.fixture
def sheet(world):
    """Towns in 2026: Canglang did one of two tasks in time, Danya its only one; manual items entered for both."""
    begun = datetime(2026, 9, 1, tzinfo=UTC)
    towns = ((world.canglang, world.cang, (10, 40)), (world.danya, world.dan, (20,)))
    for unit, lead, spans in towns:
        for days in spans:
            task = give(world, unit=unit, lead=lead, title=f"{unit.name} {days}", at=begun, monthly=False)
            finish(world, task, submitted=begun + timedelta(days=days))
    entry = rulebook.lookup("appraisal", "TOWN-2026", at=END)
    row = appraisal.open_sheet(entry, world.county.county, actor=world.boss, now=END)
    for subject, points in ((CANG, "15"), (DAN, "12.5")):
        for item in ("T04", "T05"):
            mark(world, row, item, subject, points)
        mark(world, row, "T06", subject, "8")
    return row


def mark(world, row, item, subject, points, **more):
    fields = {"words": "现场核查", "actor": world.boss, "now": END} | more
    return appraisal.mark(row, item, subject, points=Decimal(points), **fields)


def published(world, row, **more):
    fields = {"note": "隐患数据尚未接入", "with_unknown": True, "actor": world.boss, "now": END} | more
    return appraisal.publish(row, **fields)


def test_every_shipped_sheet_has_its_points_and_names_values_that_are_known_or_say_so(world):
    for entry in Entry.objects.filter(kind="appraisal"):
        assert sum(one.get("points", 0) for one in entry.body["items"]) == entry.body["full"], entry.code
        assert not entry.verified and not entry.standard
        assert all(rules.scale_words(one) for one in entry.body["items"] if one["kind"] == "computed")


def test_values_come_from_tasks_and_what_nothing_measures_is_unknown_and_not_zero(world, sheet):
    found = appraisal.sheet_of(sheet, END)
    by = {row.subject: row for row in found.rows}
    assert {cell.item: cell.points for cell in by[CANG].cells} == {
        "T01": 0, "T02": None, "T03": None, "T04": 15, "T05": 15, "T06": 8
    }  # fmt: skip
    assert (by[CANG].points, by[CANG].known, by[CANG].unknown, by[CANG].rate) == (38, 70, 30, 54.29)
    assert (by[DAN].points, by[DAN].rate, by[DAN].rank, by[CANG].rank) == (53, 75.71, 1, 2)
    assert found.values[("T01", CANG)].number == 50
    assert found.values[("T03", CANG)].words, "the reason is told"


def test_an_indicator_is_taken_from_the_room_that_registered_it(world, sheet, monkeypatch):
    monkeypatch.setattr(values, "_families", {})
    values.register_family(
        "indicator", lambda code, asked: {one.ref: values.Value(90.0, code) for one in asked.subjects[:1]}
    )  # fmt: skip
    found = appraisal.sheet_of(sheet, END)
    cells = {row.subject: {cell.item: cell.points for cell in row.cells} for row in found.rows}
    assert (cells[CANG]["T03"], cells[DAN]["T03"]) == (10, None)


def test_points_are_entered_by_who_may_within_the_item_and_with_a_reason(world, sheet):
    with pytest.raises(Refused, match="20"):
        mark(world, sheet, "T04", CANG, "20.5")
    with pytest.raises(Refused):
        mark(world, sheet, "T04", CANG, "10", words="")
    with pytest.raises(Refused):
        mark(world, sheet, "T01", CANG, "10")
    with pytest.raises(Refused):
        mark(world, sheet, "T04", "region:990123", "10")
    with pytest.raises(NotAllowed):
        mark(world, sheet, "T04", CANG, "10", actor=world.leader)


def test_a_veto_takes_the_rank_until_it_is_lifted_by_who_decides(world, sheet):
    appraisal.veto(sheet, "V01", DAN, words="11·3 较大事故", actor=world.boss, now=END)
    assert [(row.subject, row.rank) for row in appraisal.sheet_of(sheet, END).rows] == [(CANG, 1), (DAN, None)]
    with pytest.raises(NotAllowed):
        appraisal.lift(sheet, "V01", DAN, words="调查认定非责任事故", actor=world.boss, now=END)
    appraisal.lift(sheet, "V01", DAN, words="调查认定非责任事故", actor=world.leader, now=END)
    assert appraisal.sheet_of(sheet, END).rows[0].subject == DAN
    assert Mark.objects.get(item="V01").lifted


def test_publishing_with_unknown_values_needs_a_word_and_freezes_what_stands(world, sheet):
    with pytest.raises(Refused) as no:
        published(world, sheet, with_unknown=False)
    assert no.value.field == "note"
    first = published(world, sheet)
    mark(world, sheet, "T06", CANG, "1")
    frozen = {row["subject"]: row for row in Result.objects.get(pk=first.pk).body["rows"]}
    assert frozen[CANG]["points"] == 38 and frozen[CANG]["unknown"] == 30
    assert Notice.objects.filter(to=world.cang, ref=f"appraisal:{sheet.pk}").count() == 1
    assert first.appeal_until.astimezone().date().isoformat() in ("2026-12-25", "2026-12-26")


def test_from_appeal_to_a_further_edition_with_both_kept(world, sheet):
    first = published(world, sheet)
    say = {"words": "T06 漏计一次演练", "now": END + timedelta(days=1)}
    with pytest.raises(NotAllowed):
        appraisal.appeal(first, "T06", CANG, actor=world.dan, **say)
    made = appraisal.appeal(first, "T06", CANG, actor=world.cang, **say)
    with pytest.raises(Refused):
        appraisal.appeal(first, "T06", CANG, actor=world.cang, **say)
    with pytest.raises(Refused):
        published(world, sheet)  # an appeal is open
    given = {"upheld": True, "words": "核实属实", "points": Decimal("9.5"), "now": END + timedelta(days=2)}
    with pytest.raises(NotAllowed):
        appraisal.decide(made, actor=world.boss, **given)
    with pytest.raises(Refused):
        appraisal.decide(made, actor=world.leader, **(given | {"points": Decimal("10.5")}))
    appraisal.decide(made, actor=world.leader, **given)
    with pytest.raises(Refused) as no:
        published(world, sheet, note="")
    assert no.value.field == "note"
    second = published(world, sheet, note="申诉复核后更正", now=END + timedelta(days=3))
    points = [
        {row["subject"]: row["points"] for row in one.body["rows"]}[CANG] for one in sheet.results.order_by("edition")
    ]
    assert (second.edition, points) == (2, [38, 39.5])
    with pytest.raises(Refused):
        appraisal.appeal(first, "T05", CANG, actor=world.cang, **say)
    verbs = set(Trail.objects.filter(verb__startswith="appraisal.").values_list("verb", flat=True))
    assert {"appraisal.publish", "appraisal.appeal", "appraisal.decide", "appraisal.mark"} <= verbs


def test_who_published_does_not_decide(world, sheet):
    first = published(world, sheet, actor=world.leader)
    made = appraisal.appeal(first, "T06", CANG, words="漏计一次", actor=world.cang, now=END)
    with pytest.raises(Refused):
        appraisal.decide(made, upheld=False, words="维持原结果", actor=world.leader, now=END)


def test_appeals_end_with_their_time_and_only_then_it_is_closed(world, sheet):
    first = published(world, sheet)
    late = first.appeal_until + timedelta(minutes=1)
    with pytest.raises(Refused):
        appraisal.close(sheet, actor=world.boss, now=first.appeal_until)
    with pytest.raises(Refused):
        appraisal.appeal(first, "T06", CANG, words="漏计一次", actor=world.cang, now=late)
    appraisal.close(sheet, actor=world.boss, now=late)
    assert Appraisal.records.get().phase == Phase.CLOSED
    assert not Clock.objects.filter(code="goals.appeal", stopped_at=None).exists()
    with pytest.raises(Refused):
        mark(world, sheet, "T06", CANG, "1")


def test_what_if_moves_the_ranks_and_saves_nothing(world, sheet):
    before = (Mark.objects.count(), Trail.objects.count())
    shown = appraisal.sheet_of(sheet, END, what_if={("T01", CANG): 100.0, ("T03", CANG): 100.0})
    assert [(row.subject, row.rank) for row in shown.rows] == [(CANG, 1), (DAN, 2)]
    shown = appraisal.sheet_of(sheet, END, what_if_points={("T04", DAN): 0.0, ("T99", DAN): 5.0})
    assert shown.rows[1].subject == CANG or shown.rows[0].points == 40.5
    assert (Mark.objects.count(), Trail.objects.count()) == before
    assert appraisal.sheet_of(sheet, END).rows[0].subject == DAN


def test_through_the_pages(world, sheet, client):
    sign_in(client, world.boss)
    page = f"/goals/appraisals/{sheet.code}/"
    assert client.get("/goals/appraisals/").status_code == client.get(page).status_code == 200
    shown = client.get(f"{page}what-if/?v|T01|{CANG}=100&p|T06|{DAN}=1&v|bad=x")
    assert shown.status_code == 200 and shown.context["changed"] == 2
    assert f'name="v|T01|{CANG}" value="100"' in shown.content.decode()  # stays for the next reckoning
    assert (
        client.post(f"{page}mark/", {"item": "T04", "subject": CANG, "points": "99", "words": "超分"}).status_code
        == 422
    )
    assert client.post(f"{page}publish/", {"note": ""}).status_code == 422
    sent = client.post(f"{page}publish/", {"note": "数据未接入", "with_unknown": "1"})
    assert sent.status_code == 302
    assert client.get(sent["Location"]).status_code == 200
    assert client.post(f"{page}editions/1/notice/").status_code == 302
    issued = client.get(sent["Location"]).context["issues"][0]
    for form, magic in (("docx", b"PK"), ("pdf", b"%PDF")):
        got = client.get(f"/goals/papers/{issued.pk}/paper.{form}")
        assert got.status_code == 200 and got.content.startswith(magic)
    sign_in(client, world.cang)
    assert client.get(page)["Location"].endswith("/editions/1/")
    assert client.get(f"{page}what-if/").status_code == 404
    assert client.post(f"{page}editions/1/appeal/", {"item": "T06", "subject": CANG, "words": "漏"}).status_code == 422
    assert (
        client.post(f"{page}editions/1/appeal/", {"item": "T06", "subject": CANG, "words": "漏计一次"}).status_code
        == 302
    )
    made = Appeal.records.get()
    assert client.post(f"/goals/appeals/{made.pk}/decide/", {"upheld": "0", "words": "维持原结果"}).status_code == 403
    sign_in(client, world.leader)
    assert client.post(f"/goals/appeals/{made.pk}/decide/", {"upheld": "1", "words": "属实"}).status_code == 422
    assert client.post(
        f"/goals/appeals/{made.pk}/decide/", {"upheld": "1", "words": "核实属实", "points": "9"}
    ).status_code == 302  # fmt: skip
    sign_in(client, world.miner)
    assert client.get(page).status_code == 200
