"""A roster as it is shown: weeks of days for the screen, lines for a phone, a sheet or paper."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.formats.tables.writing import Column, Workbook
from anlan.kernel.clocks.services import holidays
from anlan.kernel.duties.models import Roster, RosterDuty, RosterState
from anlan.kernel.duties.months import Month, duty_of, staffing_of
from anlan.kernel.duties.rules import clock_of
from anlan.kernel.people.models import User
from anlan.science.roster.checking import balances, faults_of
from anlan.science.roster.staffing import DayKind, Measure, days_between


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a day: role and shift in words, who stands in it (None: nobody yet)."""

    role: str
    role_name: str
    shift: str
    shift_name: str
    duty: RosterDuty | None
    own: bool
    now: bool
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One day with its places; `inside` False for the days that only fill up a week."""

    day: date
    inside: bool
    kind: str
    today: bool
    places: tuple[Place, ...]


def cells(month: Month, viewer: Any, now: datetime) -> list[Cell]:
    """Every day from the Monday before the first to the Sunday after the last."""
    roster, used = month.roster, month.scheme
    rows = list(roster.duties.select_related("person")) if roster.pk else []
    by_place: dict[tuple[date, str, str], list[RosterDuty]] = {}
    for row in rows:
        by_place.setdefault((row.day, row.shift, row.role), []).append(row)
    wrong: dict[tuple[date, str, str, str], list[str]] = {}
    if rows:
        for fault in faults_of([duty_of(row) for row in rows], staffing_of(month, now, wishes=False)):
            if fault.date is not None and fault.person:
                wrong.setdefault((fault.date, fault.shift, fault.role, fault.person), []).append(fault.breach.value)
    free = holidays(now, month.region)
    first = month.first - timedelta(days=month.first.weekday())
    last = month.last + timedelta(days=6 - month.last.weekday())
    today = timezone.localdate(now)
    found = []
    for day in days_between(first, last, off=free.off, worked=free.on):
        inside = month.first <= day.date <= month.last
        places = []
        for role in used.roles.values() if inside else ():
            for shift, n in role.needed.items():
                held = by_place.get((day.date, shift, role.code), [])
                for at in range(max(n, len(held))):
                    duty = held[at] if at < len(held) else None
                    key = (day.date, shift, role.code, str(duty.person_id) if duty else "")
                    places.append(
                        Place(
                            role.code, used.role_name(role.code), shift, used.shift_name(shift), duty,
                            own=duty is not None and duty.person_id == viewer.pk,
                            now=duty is not None and duty.starts_at <= now < duty.ends_at,
                            wrong=tuple(wrong.get(key, ())),
                        )
                    )  # fmt: skip
        found.append(Cell(day.date, inside, day.kind.value, day.date == today, tuple(places)))
    return found


def weeks(shown: list[Cell]) -> list[list[Cell]]:
    """Seven days a row."""
    return [shown[at : at + 7] for at in range(0, len(shown), 7)]


def fairness(month: Month, now: datetime) -> list[dict[str, Any]]:
    """Loads by role and person, former months included: total, weekends, holidays, nights."""
    if not month.roster.pk:
        return []
    rows = list(month.roster.duties.all())
    staffing = staffing_of(month, now, wishes=False)
    known = {person.id for person in staffing.people}
    duties = [duty_of(row) for row in rows if str(row.person_id) in known]
    here: dict[tuple[str, int], int] = {}
    for row in rows:
        here[row.role, row.person_id] = here.get((row.role, row.person_id), 0) + 1
    names = dict(User.objects.filter(pk__in=[int(one) for one in known]).values_list("pk", "name"))
    table: dict[str, dict[str, dict[str, int]]] = {}
    for balance in balances(duties, staffing):
        for person, load in balance.loads.items():
            table.setdefault(balance.role, {}).setdefault(person, {})[balance.measure.value] = load
    return [
        {
            "role": month.scheme.role_name(role),
            "people": [
                {"name": names.get(int(person), person), "here": here.get((role, int(person)), 0),
                 **{measure.value: loads.get(measure.value, 0) for measure in Measure}}
                for person, loads in sorted(people.items(), key=lambda item: names.get(int(item[0]), ""))
            ],
        }
        for role, people in table.items()
    ]  # fmt: skip


def kind_word(kind: str) -> str:
    """What a day is, in words; blank for an ordinary working day."""
    return {DayKind.HOLIDAY: _("Holiday"), DayKind.WEEKEND: _("Weekend")}.get(DayKind(kind), "")


def _columns(month: Month) -> list[tuple[str, str]]:
    return [(role.code, shift) for role in month.scheme.roles.values() for shift in role.needed]


def head(month: Month) -> list[str]:
    """Headings of the sheet: day, weekday, kind, one column a place."""
    used = month.scheme
    places = [
        f"{used.role_name(role)} {used.shift_name(shift)} {clock_of(used.shifts[shift].starts_h)}"
        for role, shift in _columns(month)
    ]
    return [_("Day"), _("Weekday"), _("Kind of day"), *places]


def lines(month: Month, now: datetime) -> Iterator[list[str]]:
    """The roster day by day, as sheets have it."""
    nobody = User()
    for cell in cells(month, nobody, now):
        if not cell.inside:
            continue
        by_place: dict[tuple[str, str], list[str]] = {}
        for place in cell.places:
            if place.duty is not None:
                by_place.setdefault((place.role, place.shift), []).append(place.duty.person.name)
        names = [_(", ").join(by_place.get(column, [])) for column in _columns(month)]
        yield [cell.day.isoformat(), weekday(cell.day), kind_word(cell.kind), *names]


def weekday(day: date) -> str:
    """The short name of a weekday."""
    return (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))[day.weekday()]


def workbook(month: Month, now: datetime) -> bytes:
    """The roster as an .xlsx file."""
    target = io.BytesIO()
    with Workbook(target) as book:
        columns = [Column(title, text=True) for title in head(month)]
        page = book.page(f"{month.region.name} {month.first:%Y-%m}", columns)
        for line in lines(month, now):
            page.row(line)
    return target.getvalue()


def published(region: Any) -> list[Roster]:
    """Rosters of a place that are in force, newest first."""
    return list(Roster.objects.filter(region=region, state=RosterState.PUBLISHED).order_by("-month")[:12])
