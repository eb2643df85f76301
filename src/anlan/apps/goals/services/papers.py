"""Official papers made of what is recorded: letters, the brief of a campaign, the notice of an appraisal.

Official papers are Chinese whatever language the reader's pages are in, so their words stand here and not in the
catalogue. Facts are filled in, nothing is typed twice; what is not known is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from anlan.apps.goals.models import Campaign, Issue, Letter, LetterKind, Listed, ListItem, Result, Sort
from anlan.apps.goals.services.numbers import number_of
from anlan.formats.official.frozen import freeze, thaw
from anlan.formats.official.paper import Annex, Block, Heading, Paper, Table, Text, day_words
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.web.refs import ref_of


def _word(paper: Paper) -> bytes:
    from anlan.formats.official import word  # its library costs each process a tenth of a second at the start

    return word.made(paper)


def _pdf(paper: Paper) -> bytes:
    from anlan.formats.official import pdf

    return pdf.made(paper)


#: ending → (maker, media type)
FORMS: dict[str, tuple[Callable[[Paper], bytes], str]] = {
    "docx": (_word, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "pdf": (_pdf, "application/pdf"),
}

_LISTED = {
    Listed.OPEN: "未启动", Listed.DOING: "整改中", Listed.DONE: "已整改待核验", Listed.VERIFIED: "已核验销号",
}  # fmt: skip


def organ() -> str:
    """The bureau by the place that it answers for."""
    root = regions.root()
    return f"{root.name if root else ''}应急管理局"


def of_letter(letter: Letter) -> Paper:
    """A supervision letter, the record of an interview, or a notice of criticism."""
    made = {
        LetterKind.SUPERVISE: _supervision,
        LetterKind.INTERVIEW: _interview,
        LetterKind.CRITICISM: _criticism,
    }[LetterKind(letter.kind)]
    return made(letter)


def _facts(letter: Letter) -> str:
    """The sentence that says which task, whose, and how late on the day of the letter."""
    task = letter.task
    case = task.case
    on = timezone.localdate(letter.issued_at)
    words = f"“{case.title}”（编号{case.number}）"
    if task.basis:
        words += f"，依据{task.basis}"
    words += f"，由{case.unit.name if case.unit else '责任单位'}牵头"
    if case.due is not None:
        due = timezone.localdate(case.due)
        words += f"，应于{day_words(due)}前完成"
        words += f"，截至{day_words(on)}已逾期{(on - due).days}天" if due < on else f"，截至{day_words(on)}尚未办结"
    last = task.progress.filter(at__lte=letter.issued_at).first()
    reported = (
        f"。最近一次填报为{last.month.year}年{last.month.month}月，进度{last.percent}%。"
        if last
        else "。至今未填报进展。"
    )
    return words + reported


def _supervision(letter: Letter) -> Paper:
    body: list[Block] = [Text(f"经核查，{_facts(letter)}现就有关事项督办如下。"), Heading(1, "存在问题")]
    body += _paragraphs(letter.words)
    body.append(Heading(1, "有关要求"))
    body += _paragraphs(letter.demand)
    if letter.answer_by is not None:
        body.append(Text(f"请于{day_words(timezone.localdate(letter.answer_by))}前书面答复办理情况。"))
    return _paper(letter, f"关于“{letter.title}”的督办函", tuple(body))


def _interview(letter: Letter) -> Paper:
    on = timezone.localdate(letter.issued_at)
    where = f"在{letter.place}" if letter.place else ""
    body: list[Block] = [
        Text(f"{day_words(on)}，{organ()}{where}约谈{letter.to_unit.name}{letter.interviewed}。{_facts(letter)}"),
        Heading(1, "约谈情况"),
        *_paragraphs(letter.words),
    ]
    if letter.demand:
        body += [Heading(1, "整改要求"), *_paragraphs(letter.demand)]
    return _paper(letter, f"关于“{letter.title}”的约谈记录", tuple(body))


def _criticism(letter: Letter) -> Paper:
    body: list[Block] = [Text(_facts(letter)), *_paragraphs(letter.words)]
    body.append(Text(f"经研究，决定对{letter.to_unit.name}予以通报批评。"))
    if letter.demand:
        body += _paragraphs(letter.demand)
    return _paper(letter, f"关于对{letter.to_unit.name}的通报", tuple(body), copies=(letter.to_unit.name,))


def _paper(letter: Letter, title: str, body: tuple[Block, ...], copies: tuple[str, ...] = ()) -> Paper:
    on = timezone.localdate(letter.issued_at)
    return Paper(
        organ=organ(), number=letter.number, title=title, to=() if copies else (letter.to_unit.name,), body=body,
        signed=organ(), on=on, copies=copies, printed_by=f"{organ()}办公室", printed_on=on,
    )  # fmt: skip


def _paragraphs(words: str) -> list[Block]:
    return [Text(line.strip()) for line in words.splitlines() if line.strip()]


def of_campaign(campaign: Campaign, now: datetime, number: str) -> Paper:
    """The brief of a campaign as it stands: counts, what is late, both lists as annexes."""
    today = timezone.localdate(now)
    items = list(campaign.items.select_related("unit", "region"))
    problems = [one for one in items if one.sort == Sort.PROBLEM]
    measures = [one for one in items if one.sort == Sort.MEASURE]
    late = [one for one in items if one.due_on and one.due_on < today and one.state in (Listed.OPEN, Listed.DOING)]
    body: list[Block] = [
        Text(
            f"{campaign.title}自{day_words(campaign.begins_on)}开展以来，由{campaign.unit.name}牵头组织实施。"
            f"截至{day_words(today)}，有关情况通报如下。"
        ),
        Heading(1, "总体情况"),
        Text(f"共排查问题{len(problems)}项，{_counts(problems)}。制定整改措施{len(measures)}条，{_counts(measures)}。"),
        Heading(1, "存在问题"),
    ]
    if late:
        body.append(Text(f"逾期未完成{len(late)}项："))
        body += [
            Heading(2, f"{one.title}。", f"责任单位：{one.unit.name}；应于{_day(one.due_on)}前完成。")
            for one in late[:20]
        ]
        if len(late) > 20:
            body.append(Text(f"其余{len(late) - 20}项见附件。"))
    else:
        body.append(Text("没有逾期未完成的事项。"))
    body += [Heading(1, "下一步要求"), Text("各责任单位要对照问题清单和措施清单，按时限逐项整改、逐项销号。")]
    return Paper(
        organ=organ(), number=number, title=f"关于{campaign.title}进展情况的通报", body=tuple(body),
        signed=organ(), on=today, printed_by=f"{organ()}办公室", printed_on=today,
        annexes=(Annex("问题清单", (_list_table(problems),)), Annex("措施清单", (_list_table(measures),))),
    )  # fmt: skip


def _counts(items: Sequence[ListItem]) -> str:
    found = [(state, sum(1 for one in items if one.state == state)) for state in reversed(Listed)]
    return "、".join(f"{_LISTED[state]}{n}项" for state, n in found if n) or "暂无"


def _list_table(items: Sequence[ListItem]) -> Table:
    rows = tuple(
        (str(one.serial), one.title, one.unit.name, one.officer or "—", _day(one.due_on), _LISTED[Listed(one.state)])
        for one in items
    )
    return Table(("序号", "内容", "责任单位", "责任人", "时限", "状态"), rows)


def _day(day: date | None) -> str:
    return f"{day:%Y-%m-%d}" if day else "—"


def of_result(result: Result, number: str) -> Paper:
    """The notice of an appraisal, made of its frozen edition alone."""
    sheet = result.appraisal
    rows = result.body["rows"]
    of = "乡镇（街道）" if sheet.of == "town" else "部门"
    ranked = [row for row in rows if row["rank"] is not None]
    vetoed = [row for row in rows if row["vetoed"]]
    on = timezone.localdate(result.published_at)
    body: list[Block] = [
        Text(f"根据{sheet.year}年度应急管理考核评分表，对{len(rows)}个{of}进行了考核，现将结果通报如下。"),
        Heading(1, "考核结果"),
        Text(_best(ranked)),
    ]
    if vetoed:
        body.append(Text(f"因一票否决事项不参加排名：{'、'.join(row['name'] for row in vetoed)}。"))
    if any(row["unknown"] for row in rows):
        body += [Heading(1, "有关说明"), Text(f"部分指标暂无数据，未计入得分率，不按零分处理。{result.note}")]
    body += [
        Heading(1, "申诉"),
        Text(f"对结果有异议的，可于{day_words(timezone.localdate(result.appeal_until))}前提出申诉。"),
    ]
    table = Table(
        ("名次", "单位", "得分", "可计分值", "得分率", "等次"),
        tuple(
            (
                str(row["rank"] or "—"), row["name"], f"{row['points']:g}", f"{row['known']:g}",
                "—" if row["rate"] is None else f"{row['rate']:.2f}%",
                "一票否决" if row["vetoed"] else row["grade"]["name_zh"] if row["grade"] else "—",
            )
            for row in rows
        ),
    )  # fmt: skip
    edition = "" if result.edition == 1 else f"（第{result.edition}版）"
    return Paper(
        organ=organ(), number=number, title=f"关于{sheet.year}年度{of}应急管理考核结果的通报{edition}",
        body=tuple(body),
        signed=organ(), on=on, annexes=(Annex("考核得分表", (table,)),), printed_by=f"{organ()}办公室", printed_on=on,
    )  # fmt: skip


def _best(ranked: Sequence[dict[str, Any]]) -> str:
    if not ranked:
        return "本期没有可以排名的单位。"
    top = [row for row in ranked if row["rank"] <= 3]
    words = "；".join(f"第{row['rank']}名 {row['name']}（得分率{row['rate']:.2f}%）" for row in top)
    return f"参加排名{len(ranked)}个。{words}。其余见附件。"


@transaction.atomic
def issue_brief(campaign: Campaign, *, actor: User, now: datetime) -> Issue:
    """Issue the brief of a campaign as it stands. Raises NotAllowed without `task.supervise` there."""
    require(actor, "task.supervise", campaign.region)
    return _issue(ref_of(campaign), of_campaign(campaign, now, number_of("notice", now)), campaign.region, actor, now)


@transaction.atomic
def issue_result(result: Result, *, actor: User, now: datetime) -> Issue:
    """Issue the notice of a published appraisal, once an edition. Raises NotAllowed without `appraisal.publish`."""
    region = result.appraisal.region
    require(actor, "appraisal.publish", region)
    ref = ref_of(result)
    Result.objects.select_for_update().get(pk=result.pk)  # two clicks come one after the other
    if (known := Issue.records.filter(ref=ref).first()) is not None:
        return known
    return _issue(ref, of_result(result, number_of("notice", now)), region, actor, now)


def _issue(ref: str, paper: Paper, region: Region, actor: User, now: datetime) -> Issue:
    row: Issue = Issue.records.create(
        ref=ref, number=paper.number, title=paper.title[:200], region=region, paper=freeze(paper), issued_at=now,
        issued_by=actor,
    )  # fmt: skip
    after = {"number": row.number, "title": row.title, "about": ref}
    audit.record(actor=actor, verb="task.notice", obj=row, region=region, after=after, now=now)
    return row


def rendered(kept: Mapping[str, Any], form: str) -> tuple[bytes, str]:
    """An issued paper as a file, and its media type. Raises KeyError for a form that is not offered."""
    make, kind = FORMS[form]
    return make(thaw(kept)), kind
