"""Appraisals: open a year's sheet, reckon it, mark by hand, veto, publish, appeal, decide, ask "what if"."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.goals import rules
from anlan.apps.goals.declarations import APPEAL_CLOCK, DECIDE_CLOCK
from anlan.apps.goals.models import Appeal, AppealState, Appraisal, Mark, Phase, Result
from anlan.apps.goals.queries.subjects import Subject, subjects_of
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import values
from anlan.apps.goals.services.values import Asked, Value
from anlan.kernel.audit import services as audit
from anlan.kernel.clocks import services as clocks
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, may, require
from anlan.kernel.people.services import people_with
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import ref_of
from anlan.science.appraisal import Facts, Item, ItemKind, Row, reckon


@dataclass(frozen=True, slots=True)
class Sheet:
    """An appraisal as it stands: items, subjects, every value with its reason, and the rows that follow, best first."""

    appraisal: Appraisal
    items: tuple[Item, ...]
    subjects: Mapping[str, Subject]
    values: Mapping[tuple[str, str], Value]
    marks: Mapping[tuple[str, str], Mark]
    rows: tuple[Row, ...]

    @property
    def unknown(self) -> int:
        """How many points of one subject or another could not be reckoned: cells without a value."""
        return sum(1 for row in self.rows for cell in row.cells if cell.points is None)


@transaction.atomic
def open_sheet(entry: Entry, region: Region, *, actor: User, now: datetime) -> Appraisal:
    """Begin the appraisal of a sheet in `region`; it keeps this version of the sheet to its end.

    Raises NotAllowed without `appraisal.score`; Refused when it was begun already, or nobody is there to be appraised.
    """
    require(actor, "appraisal.score", region)
    if entry.kind != rules.SHEET:
        raise Refused(_("That is no score sheet."))
    body = entry.body
    code = f"{body['of']}-{body['year']}-{region.code}"
    if Appraisal.records.filter(code=code).exists():
        raise Refused(_("This appraisal was begun already."))
    if not subjects_of(body["of"], region):
        raise Refused(_("There is nobody to be appraised in %(place)s.") % {"place": region.name})
    row: Appraisal = Appraisal.records.create(
        code=code, entry=entry, year=body["year"], of=body["of"], region=region, opened_by=actor, opened_at=now
    )
    after = {"code": code, "sheet": entry.code, "version": entry.version}
    audit.record(actor=actor, verb="appraisal.open", obj=row, region=region, after=after, now=now)
    return row


def sheet_of(
    appraisal: Appraisal,
    now: datetime,
    *,
    what_if: Mapping[tuple[str, str], float] | None = None,
    what_if_points: Mapping[tuple[str, str], float] | None = None,
) -> Sheet:
    """Reckon an appraisal as things stand.

    what_if         values instead of the measured ones, by (item, subject); nothing is saved
    what_if_points  points instead of those that were entered; likewise
    """
    items = tuple(rules.items_of(appraisal.entry))
    subjects = {one.ref: one for one in subjects_of(appraisal.of, appraisal.region)}
    asked = Asked(tuple(subjects.values()), appraisal.year, now)
    found: dict[tuple[str, str], Value] = {}
    for item in items:
        if item.kind is ItemKind.COMPUTED:
            found |= {(item.code, ref): value for ref, value in values.measure(item.value, asked).items()}
    marks = {(mark.item, mark.subject): mark for mark in appraisal.marks.select_related("by")}
    numbers = {key: value.number for key, value in found.items() if value.number is not None}
    points = {key: float(mark.points) for key, mark in marks.items() if mark.points is not None}
    computed = {item.code for item in items if item.kind is ItemKind.COMPUTED}
    for key, number in (what_if or {}).items():
        if key[0] in computed and key[1] in subjects:
            numbers[key] = number
            points.pop(key, None)
    full = {item.code: item.points for item in items if item.kind is not ItemKind.VETO}
    for key, number in (what_if_points or {}).items():
        if key[0] in full and key[1] in subjects:
            points[key] = min(max(number, 0.0), full[key[0]])
    vetoes = frozenset(key for key, mark in marks.items() if mark.points is None and not mark.lifted)
    rows = reckon(items, subjects, Facts(numbers, points, vetoes))
    return Sheet(appraisal, items, subjects, found, marks, tuple(rows))


@transaction.atomic
def mark(
    appraisal: Appraisal, item_code: str, subject: str, *, points: Decimal, words: str, actor: User, now: datetime
) -> Mark:
    """Enter the points of a manual item for one subject, with the reason.

    Raises NotAllowed without `appraisal.score`; Refused once it is closed, for an item that is not manual, points
    beyond the item, an unknown subject, or without a reason.
    """
    row = _running(appraisal, actor, "appraisal.score")
    item = _item(row, item_code, ItemKind.MANUAL)
    _check_subject(row, subject)
    if not 0 <= points <= Decimal(str(item.points)):
        raise Refused(_("Between 0 and %(most)s points.") % {"most": f"{item.points:g}"}, "points")
    if len(words.strip()) < 2:
        raise Refused(_("Say what the points stand on."), "words")
    return _put(row, item.code, subject, points, words, actor, now, "appraisal.mark")


@transaction.atomic
def veto(appraisal: Appraisal, item_code: str, subject: str, *, words: str, actor: User, now: datetime) -> Mark:
    """Hold a veto against a subject. Raises as `mark`."""
    row = _running(appraisal, actor, "appraisal.score")
    item = _item(row, item_code, ItemKind.VETO)
    _check_subject(row, subject)
    if len(words.strip()) < 4:
        raise Refused(_("Say what happened, and where it is recorded."), "words")
    return _put(row, item.code, subject, None, words, actor, now, "appraisal.veto")


@transaction.atomic
def lift(appraisal: Appraisal, item_code: str, subject: str, *, words: str, actor: User, now: datetime) -> Mark:
    """Take a veto back, by whoever decides on appeals; it stays on record. Raises NotAllowed, Refused."""
    row = _running(appraisal, actor, "appraisal.decide")
    held = Mark.objects.filter(appraisal=row, item=item_code, subject=subject, points=None, lifted=False).first()
    if held is None:
        raise Refused(_("No such veto is held."))
    if len(words.strip()) < 4:
        raise Refused(_("Say why."), "words")
    before = {"words": held.words}
    held.lifted, held.words, held.by, held.at = True, words.strip()[:300], actor, now
    held.save()
    audit.record(
        actor=actor, verb="appraisal.lift", obj=row, region=row.region, before=before,
        after={"item": item_code, "subject": subject, "words": held.words}, now=now,
    )  # fmt: skip
    return held


@transaction.atomic
def publish(appraisal: Appraisal, *, note: str = "", with_unknown: bool = False, actor: User, now: datetime) -> Result:
    """Freeze what stands now as the next edition, tell the subjects, and start the clock of appeals.

    with_unknown  publish although items could not be reckoned; the note then says why

    Raises NotAllowed without `appraisal.publish`; Refused while appeals are open, when nothing is known, for unknown
    items without `with_unknown` and a note, and for a later edition without a note.
    """
    row = _running(appraisal, actor, "appraisal.publish")
    if Appeal.records.filter(result__appraisal=row, state=AppealState.OPEN).exists():
        raise Refused(_("Appeals are open: decide them first."))
    edition = (row.results.aggregate(n=Max("edition"))["n"] or 0) + 1
    if edition > 1 and len(note.strip()) < 4:
        raise Refused(_("A further edition says why it differs from the one before."), "note")
    sheet = sheet_of(row, now)
    if all(one.rate is None for one in sheet.rows):
        raise Refused(_("Nothing can be reckoned yet."))
    if sheet.unknown and not (with_unknown and len(note.strip()) >= 4):
        words = _("%(n)d values are not known. Complete them, or publish without them and say why in the note.")
        raise Refused(words % {"n": sheet.unknown}, "note")
    body = _frozen(sheet)
    digest = hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    result = Result(
        appraisal=row, edition=edition, body=body, digest=digest, note=note.strip()[:300], published_at=now,
        published_by=actor, appeal_until=now,
    )  # fmt: skip
    result.save()
    result.appeal_until = clocks.start(ref_of(result), APPEAL_CLOCK, region=row.region, now=now).due
    result.save(update_fields=("appeal_until",))
    if edition > 1:  # what was published before can be appealed against no longer
        for older in row.results.exclude(pk=result.pk):
            clocks.stop(ref_of(older), now=now)
    row.phase = Phase.PUBLISHED
    row.save(update_fields=("phase",))
    after = {"edition": edition, "digest": digest, "unknown": sheet.unknown}
    audit.record(
        actor=actor, verb="appraisal.publish", obj=row, region=row.region, after=after, note=result.note, now=now
    )
    notices.tell(
        _concerned(sheet, actor),
        title=lambda: _("Appraisal %(year)d published") % {"year": row.year},
        body=lambda: _("Appeals until %(at)s") % {"at": bureau_time(result.appeal_until)},
        ref=ref_of(row),
        url=reverse("goals:appraisal", args=[row.code]),
        region=row.region,
        now=now,
    )
    return result


@transaction.atomic
def close(appraisal: Appraisal, *, actor: User, now: datetime) -> Appraisal:
    """It is final. Raises NotAllowed; Refused before it was published, or while appeals can still come or are open."""
    row = _running(appraisal, actor, "appraisal.publish")
    last = row.results.first()
    if last is None:
        raise Refused(_("It was not published yet."))
    if now <= last.appeal_until:
        raise Refused(_("Appeals can come until %(at)s.") % {"at": bureau_time(last.appeal_until)})
    if Appeal.records.filter(result__appraisal=row, state=AppealState.OPEN).exists():
        raise Refused(_("Appeals are open: decide them first."))
    row.phase = Phase.CLOSED
    row.save(update_fields=("phase",))
    clocks.stop(ref_of(last), now=now)
    audit.record(
        actor=actor, verb="appraisal.close", obj=row, region=row.region, after={"edition": last.edition}, now=now
    )  # fmt: skip
    return row


@transaction.atomic
def appeal(result: Result, item_code: str, subject: str, *, words: str, actor: User, now: datetime) -> Appeal:
    """A town or department says that an item of the last publication is wrong, while the time of appeals runs.

    Raises NotAllowed without `appraisal.appeal` there, or for another subject than one's own; Refused when the time is
    over, for an older edition, for what was appealed against already, or without a reason.
    """
    row = Appraisal.records.select_for_update(of=("self",)).select_related("region").get(pk=result.appraisal_id)
    found = {one.ref: one for one in subjects_of(row.of, row.region)}.get(subject)
    if found is None:
        raise Refused(_("Nobody of that name is appraised here."), "subject")
    if not may_appeal(actor, found):
        raise NotAllowed("appraisal.appeal", found.region)
    if row.phase != Phase.PUBLISHED or row.results.first() != result:
        raise Refused(_("Only the last publication can be appealed against."))
    if now > result.appeal_until:
        raise Refused(_("Appeals were taken until %(at)s.") % {"at": bureau_time(result.appeal_until)})
    if item_code not in {item["code"] for item in row.entry.body["items"]}:
        raise Refused(_("The sheet has no such item."), "item")
    if len(words.strip()) < 4:
        raise Refused(_("Say what is wrong, and on what it stands."), "words")
    if Appeal.records.filter(result=result, item=item_code, subject=subject).exists():
        raise Refused(_("This item was appealed against already."), "item")
    made: Appeal = Appeal.records.create(
        result=result, region=found.region, item=item_code, subject=subject, words=words.strip(), by=actor, at=now
    )
    clocks.start(ref_of(made), DECIDE_CLOCK, region=row.region, now=now)
    after = {"item": item_code, "subject": found.name, "words": made.words}
    audit.record(actor=actor, verb="appraisal.appeal", obj=made, region=found.region, after=after, now=now)
    notices.tell(
        people_with("appraisal.decide", row.region, exclude=[actor]),
        title=lambda: _("Appeal of %(who)s") % {"who": found.name},
        body=made.words[:200],
        ref=ref_of(made),
        url=reverse("goals:appraisal", args=[row.code]),
        region=row.region,
        now=now,
    )
    return made


def may_appeal(actor: User, subject: Subject) -> bool:
    """People who hold the right at the place, and who belong to the department when one is appraised."""
    if not may(actor, "appraisal.appeal", subject.region):
        return False
    if subject.unit is not None:
        return actor.department_id == subject.unit.pk
    unit = actor.department
    return unit is not None and unit.region_id == subject.region.pk


@transaction.atomic
def decide(
    row: Appeal, *, upheld: bool, words: str, points: Decimal | None = None, actor: User, now: datetime
) -> Appeal:
    """Decide on an appeal. Upheld, it gives the item other points, or lifts the veto; a further edition then says so.

    Raises NotAllowed without `appraisal.decide`; Refused for whoever published or appealed, without reasons, or for
    points beyond the item.
    """
    row = (
        Appeal.records.select_for_update(of=("self",))
        .select_related("result__appraisal__region", "region")
        .get(pk=row.pk)
    )
    sheet = row.result.appraisal
    require(actor, "appraisal.decide", sheet.region)
    if row.state != AppealState.OPEN:
        raise Refused(_("It was decided already."))
    if actor.pk in (row.by_id, row.result.published_by_id):
        raise Refused(_("Somebody else decides than who published it or who appealed."))
    if len(words.strip()) < 4:
        raise Refused(_("Give the reasons."), "words")
    item = next(one for one in rules.items_of(sheet.entry) if one.code == row.item)
    if upheld and item.kind is ItemKind.VETO:
        lift(sheet, row.item, row.subject, words=words, actor=actor, now=now)
    elif upheld:
        if points is None or not 0 <= points <= Decimal(str(item.points)):
            raise Refused(_("Between 0 and %(most)s points.") % {"most": f"{item.points:g}"}, "points")
        _put(sheet, row.item, row.subject, points, words, actor, now, "appraisal.mark")
    row.state = AppealState.UPHELD if upheld else AppealState.REJECTED
    row.points = points if upheld else None
    row.decision, row.decided_by, row.decided_at = words.strip(), actor, now
    row.save()
    clocks.stop(ref_of(row), now=now)
    after = {"state": row.state, "points": str(points) if points is not None else None, "words": row.decision}
    audit.record(actor=actor, verb="appraisal.decide", obj=row, region=row.region, after=after, now=now)
    state = AppealState(row.state)
    notices.tell(
        [row.by],
        title=lambda: _("Appeal decided: %(state)s") % {"state": state.label},
        body=row.decision[:200],
        ref=ref_of(row),
        url=reverse("goals:appraisal", args=[sheet.code]),
        region=row.region,
        now=now,
    )
    return row


def appeal_open(result: Result, now: datetime) -> bool:
    """Is the time of appeals against this publication still running?"""
    return now <= result.appeal_until and bool(clocks_of(ref_of(result), running=True))


def grade_of(body: Mapping[str, Any], row: Row) -> Mapping[str, Any] | None:
    """The grade of a row by the bounds of the sheet; None for a vetoed one or one of which nothing is known."""
    if row.vetoed or row.rate is None:
        return None
    rate = row.rate
    found: Mapping[str, Any] = next(one for one in body["grades"] if rate >= one["at_least"])
    return found


def _frozen(sheet: Sheet) -> dict[str, Any]:
    """Everything that a reader of the publication needs, whatever becomes of the rows behind it."""
    body = sheet.appraisal.entry.body
    return {
        "sheet": {"code": sheet.appraisal.entry.code, "version": sheet.appraisal.entry.version},
        "items": [
            {name: raw[name] for name in ("code", "title", "title_zh", "points", "kind") if name in raw}
            for raw in body["items"]
        ],
        "rows": [_frozen_row(sheet, row) for row in sheet.rows],
    }


def _frozen_row(sheet: Sheet, row: Row) -> dict[str, Any]:
    grade = grade_of(sheet.appraisal.entry.body, row)
    return {
        "subject": row.subject, "name": sheet.subjects[row.subject].name, "points": row.points, "known": row.known,
        "unknown": row.unknown, "rate": row.rate, "rank": row.rank, "vetoed": list(row.vetoed),
        "grade": {"name": grade["name"], "name_zh": grade["name_zh"]} if grade else None,
        "cells": list(_frozen_cells(sheet, row)),
    }  # fmt: skip


def _frozen_cells(sheet: Sheet, row: Row) -> Iterator[dict[str, Any]]:
    for cell in row.cells:
        key = (cell.item, row.subject)
        value, held = sheet.values.get(key), sheet.marks.get(key)
        words = held.words if held is not None else value.words if value is not None else ""
        yield {"item": cell.item, "points": cell.points, "value": cell.value, "words": words}


def _put(
    row: Appraisal, item: str, subject: str, points: Decimal | None, words: str, actor: User, now: datetime, verb: str
) -> Mark:
    before = Mark.objects.filter(appraisal=row, item=item, subject=subject).first()
    was = {"points": str(before.points), "words": before.words} if before else None
    made, _new = Mark.objects.update_or_create(
        appraisal=row, item=item, subject=subject,
        defaults={"points": points, "words": words.strip()[:300], "lifted": False, "by": actor, "at": now},
    )  # fmt: skip
    after = {"item": item, "subject": subject, "points": None if points is None else str(points), "words": made.words}
    audit.record(actor=actor, verb=verb, obj=row, region=row.region, before=was, after=after, now=now)
    return made


def _running(appraisal: Appraisal, actor: User, verb: str) -> Appraisal:
    rows = Appraisal.records.select_for_update(of=("self",)).select_related("region", "entry")
    row: Appraisal = rows.get(pk=appraisal.pk)
    require(actor, verb, row.region)
    if row.phase == Phase.CLOSED:
        raise Refused(_("This appraisal is closed."))
    return row


def _item(row: Appraisal, code: str, kind: ItemKind) -> Item:
    for item in rules.items_of(row.entry):
        if item.code == code:
            if item.kind is not kind:
                raise Refused(_("This item is: %(kind)s.") % {"kind": rules.KIND_WORDS[item.kind]}, "item")
            return item
    raise Refused(_("The sheet has no such item."), "item")


def _check_subject(row: Appraisal, subject: str) -> None:
    if subject not in {one.ref for one in subjects_of(row.of, row.region)}:
        raise Refused(_("Nobody of that name is appraised here."), "subject")


def _concerned(sheet: Sheet, actor: User) -> list[User]:
    """Whoever may appeal for one of the subjects."""
    members = User.objects.filter(is_active=True, is_system=False).select_related("department__region")
    if sheet.appraisal.of == "town":
        members = members.filter(department__region__in=[one.region for one in sheet.subjects.values()])
    else:
        members = members.filter(department__in=[one.unit for one in sheet.subjects.values() if one.unit])
    by_place = {one.region.pk: one for one in sheet.subjects.values()}
    by_unit = {one.unit.pk: one for one in sheet.subjects.values() if one.unit}
    told = []
    for user in members:
        unit = user.department
        subject = None
        if unit is not None:
            subject = by_unit.get(unit.pk) if sheet.appraisal.of == "department" else by_place.get(unit.region_id)
        if subject is not None and user.pk != actor.pk and may_appeal(user, subject):
            told.append(user)
    return told
