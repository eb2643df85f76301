"""Keeping the library: rights by region, editions, notes, data sheets by CAS, what is refused."""

from __future__ import annotations

import io
from datetime import date

import docx
import pytest
from library import RULES, add
from small_county import NOW

from anlan.apps.knowledge import archive_tabs, editions, queries
from anlan.apps.knowledge.models import Document, Draft, Posting, State
from anlan.apps.knowledge.services import drafts, library, notes
from anlan.apps.knowledge.services.library import Facts
from anlan.apps.knowledge.services.refusals import Refused
from anlan.kernel.audit.models import Entry
from anlan.kernel.evidence.models import Evidence
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.web.refs import may_see, ref_of

DAY = NOW.date()
SHEET = "氨\n第一部分 化学品及企业标识\n氨。\n第2部分 危险性概述\n有毒。"


def test_who_sees_what_by_region(world):
    everywhere = add(world.keeper)
    county = add(world.keeper, title="县规定", region=world.county)
    canglang = add(world.keeper, title="沧浪镇规定", region=world.canglang)
    danya = add(world.keeper, title="丹崖镇规定", region=world.danya)
    assert set(queries.visible(world.duty)) == {everywhere, county, canglang, danya}
    assert set(queries.visible(world.danya_officer)) == {everywhere, county, danya}
    assert not queries.visible(world.firm).exists()
    assert not may_see(world.danya_officer, ref_of(canglang))
    assert may_see(world.danya_officer, ref_of(danya))


def test_only_keepers_keep(world):
    row = add(world.keeper)
    for act in (
        lambda: add(world.duty),
        lambda: library.change(row, Facts(kind="own", title="x"), actor=world.duty, now=NOW),
        lambda: library.remove(row, reason="错误", actor=world.duty, now=NOW),
        lambda: notes.add_note(row.clauses.first(), text="x", actor=world.duty, now=NOW),
        lambda: drafts.take_in_text(RULES, actor=world.duty, now=NOW),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_every_act_leaves_its_trail(world):
    row = add(world.keeper)
    library.change(row, Facts(kind="own", title="新名", region=world.county), actor=world.keeper, now=NOW)
    library.remove(row, reason="重复", actor=world.keeper, now=NOW)
    assert not queries.visible(world.duty).exists()
    library.restore(row, actor=world.keeper, now=NOW)
    note = notes.add_note(row.clauses.first(), text="注意", actor=world.keeper, now=NOW)
    notes.remove_note(note, actor=world.keeper, now=NOW)
    verbs = list(Entry.objects.filter(ref=ref_of(row)).order_by("id").values_list("verb", flat=True))
    assert verbs == [f"knowledge.{one}" for one in ("add", "change", "remove", "restore", "note", "unnote")]
    changed = Entry.objects.get(verb="knowledge.change")
    assert changed.after == {"title": "新名", "region": "990123"}


def test_a_word_file_becomes_a_document_with_its_file_as_proof(world):
    document = docx.Document()
    for line in RULES.splitlines():
        document.add_paragraph(line)
    out = io.BytesIO()
    document.save(out)
    draft = drafts.take_in_file(out.getvalue(), "C:\\值班规定.docx", actor=world.keeper, now=NOW)
    assert not Document.objects.exists()
    row = library.keep_draft(draft, Facts(kind="own", title="值班规定"), actor=world.keeper, now=NOW)
    kept = Evidence.objects.get(ref=ref_of(row))
    assert (kept.name, kept.role, kept.blob.size) == ("值班规定.docx", "source", len(out.getvalue()))
    assert not Draft.objects.exists()
    assert row.clauses.filter(level="article").count() == 3
    assert row.clauses.get(anchor="a2-i2").locator == "第二条第（二）项"


def test_a_refused_file_leaves_nothing_and_says_what_to_do(world):
    with pytest.raises(Refused, match="docx"):
        drafts.take_in_file(b"\xd0\xcf\x11\xe0" + bytes(100), "a.doc", actor=world.keeper, now=NOW)
    assert not Draft.objects.exists()


def test_a_new_edition_ends_the_one_before_and_both_stay(world):
    old = add(world.keeper, in_force_on=date(2024, 1, 1), issued_on=date(2023, 12, 1))
    text = RULES.replace("二十四小时在岗", "全天在岗").replace("（二）", "（二）核实；\n（三）")
    text = text.replace("第三条 本", "第三条 交接班应当签字。\n第四条 本")
    new = add(world.keeper, text, replaces=old, in_force_on=date(2026, 1, 1), issued_on=date(2025, 12, 1))
    old.refresh_from_db()
    assert old.state(DAY) == State.REPEALED
    assert old.state(date(2025, 12, 31)) == State.IN_FORCE
    assert (new.state(date(2025, 12, 31)), new.state(DAY)) == (State.COMING, State.IN_FORCE)
    assert set(queries.visible(world.duty)) == {old, new}
    with pytest.raises(Refused, match="已有新版替代"):
        add(world.keeper, title="再版", replaces=old)


def test_differences_pair_clauses_by_what_they_say():
    unit = editions.Unit
    old = [unit("第一条", "", "为了安全，制定本法。", "a1"), unit("第二条", "", "罚款一万元以上三万元以下。", "a2"),
           unit("第三条", "", "粮票由粮站发放并登记造册。", "a3"),
           unit("第四条", "", "自公布之日起施行。", "a4")]  # fmt: skip
    new = [unit("第一条", "", "为了安全，制定本法。", "a1"), unit("第二条", "", "每年演练一次。", "a2"),
           unit("第三条", "", "罚款二万元以上五万元以下。", "a3"),
           unit("第四条", "", "自公布之日起施行。", "a4")]  # fmt: skip
    found = editions.compare(old, new)
    assert [(one.kind, one.old and one.old.number, one.new and one.new.number) for one in found] == [
        ("same", "第一条", "第一条"), ("added", None, "第二条"), ("changed", "第二条", "第三条"),
        ("removed", "第三条", None), ("same", "第四条", "第四条"),
    ]  # fmt: skip
    pieces = found[2].pieces
    assert "".join(text for kind, text in pieces if kind != "in") == old[1].text
    assert "".join(text for kind, text in pieces if kind != "out") == new[2].text


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"title": " "}, "标题"),
        ({"cas": "7664-41-8"}, "CAS"),
        ({"kind": "sheet"}, "CAS"),
        ({"in_force_on": date(2026, 1, 2), "repealed_on": date(2026, 1, 1)}, "废止日期早于"),
    ],
)
def test_facts_that_cannot_be_meant_are_refused(world, facts, words):
    with pytest.raises(Refused, match=words):
        add(world.keeper, **facts)
    assert not Document.objects.exists()
    assert not Posting.objects.exists()


def test_the_same_document_twice_is_refused(world):
    add(world.keeper)
    with pytest.raises(Refused, match="已有同文号"):
        add(world.keeper)


def test_a_data_sheet_is_found_by_its_cas_number(world):
    from anlan.kernel.registers.declarations import declared

    assert queries.sheet_of("7664-41-7", world.duty, DAY) is None
    old = add(world.keeper, SHEET, kind="sheet", title="氨", cas="7664-41-7", issued_on=date(2020, 1, 1))
    new = add(world.keeper, SHEET, kind="sheet", title="氨", cas="7664-41-7", issued_on=date(2025, 1, 1), replaces=old)
    assert queries.sheet_of("7664-41-7", world.duty, DAY) == new
    assert queries.sheet_of("", world.duty, DAY) is None
    assert queries.sheet_of("7664-41-7", world.firm, DAY) is None

    class Chemical:
        cas = "7664-41-7"

    class WithCas:
        fields = ("name", "cas")

    (tab,) = archive_tabs.sheets(WithCas, Chemical, world.duty)
    assert tab.context()["sheet"] == new
    assert not archive_tabs.sheets(WithCas, Chemical, world.firm)
    Chemical.cas = ""
    assert not archive_tabs.sheets(WithCas, Chemical, world.duty)
    assert all("cas" in one.fields or not archive_tabs.sheets(one, None, world.duty) for one in declared())


def test_notes_are_seen_inside_and_above_their_region(world):
    row = add(world.keeper)
    clause = row.clauses.get(anchor="a1")
    notes.add_note(clause, text="  县里  的说明 ", actor=world.keeper, now=NOW)
    assert [one.text for one in queries.notes_of(world.danya_officer, row)] == ["县里 的说明"]
    with pytest.raises(Refused):
        notes.add_note(clause, text=" ", actor=world.keeper, now=NOW)
    with pytest.raises(Refused):
        notes.add_note(clause, text="长" * 501, actor=world.keeper, now=NOW)
