"""Where the values of computed items come from: functions by name, registered at start.

A source answers for many subjects at once. What it cannot answer it says, with the reason; it never answers zero for
what it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.goals import rules
from anlan.apps.goals.models import Task
from anlan.apps.goals.queries.subjects import Subject
from anlan.apps.goals.queries.tasks import clocks_for, months_of, tally, with_case
from anlan.kernel.indicators import named
from anlan.kernel.indicators.declarations import indicator
from anlan.kernel.indicators.live import year_bounds
from anlan.kernel.indicators.queries import Moment
from anlan.kernel.indicators.queries import lines as indicator_lines
from anlan.kernel.regions import queries as regions


@dataclass(frozen=True, slots=True)
class Value:
    """A measured number with how it came about, or None with why it is not known; `url` opens its rows."""

    number: float | None
    words: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Of whom, for which year, as things stand at `now` (for a year that is over: at its end)."""

    subjects: Sequence[Subject]
    year: int
    now: datetime

    @property
    def at(self) -> datetime:
        """The moment as of which is measured."""
        end: datetime = year_bounds(self.year)[1]
        return min(self.now, end)


#: (asked) -> value by the ref of the subject; a subject that is missing is unknown.
Source = Callable[[Asked], Mapping[str, Value]]
#: (code, asked) -> the same, for a whole family of names ("indicator:SA-01").
Family = Callable[[str, Asked], Mapping[str, Value]]

_sources: dict[str, tuple[Any, Source]] = {}
_families: dict[str, Family] = {}


def register_source(name: str, title: Any, source: Source) -> None:
    """Offer a value under a name. Raises ValueError when another function has it."""
    known = _sources.setdefault(name, (title, source))
    if known[1] is not source:
        raise ValueError(f"two sources are called {name!r}")


def register_family(prefix: str, family: Family) -> None:
    """Offer every name that begins with "prefix:". Raises ValueError when another function has them."""
    if _families.setdefault(prefix, family) is not family:
        raise ValueError(f"two families are called {prefix!r}")


def title_of(name: str) -> str:
    """Words for a source; its name when nobody registered it."""
    prefix, _sep, code = name.partition(":")
    if prefix == "indicator":
        return named.title(code)
    return str(_sources[name][0]) if name in _sources else name


def measure(name: str, asked: Asked) -> dict[str, Value]:
    """The value of every subject; unknown, with the reason, where no room offers the name or answers for it."""
    prefix, _sep, code = name.partition(":")
    found: Mapping[str, Value]
    if name in _sources:
        found = _sources[name][1](asked)
    elif code and prefix in _families:
        found = _families[prefix](code, asked)
    else:
        found = {}
    why = _("Nothing here measures “%(name)s” yet.") % {"name": name}
    return {one.ref: found.get(one.ref, Value(None, why)) for one in asked.subjects}


def _tasks_of(subject: Subject, tasks: Sequence[Task]) -> list[Task]:
    if subject.unit is None:
        return [task for task in tasks if task.region.path.startswith(subject.region.path)]
    return [task for task in tasks if task.case.unit_id == subject.unit.pk]


def _address(subject: Subject, **more: str) -> str:
    asked = {"unit": subject.unit.code} if subject.unit else {"region": subject.region.code}
    return f"{reverse('goals:tasks')}?{urlencode({**asked, 'state': 'all', **more})}"


def on_time(asked: Asked) -> dict[str, Value]:
    """Share of the year's tasks that were done by their date, per cent; extensions count as dates."""
    first, end = year_bounds(asked.year)
    rows = with_case(Task.records.filter(case__exercise=False).filter(_in_year(first, end)))
    tasks = [task for task in rows if task.case.opened_at < asked.at]
    clocks = clocks_for(tasks)
    tasks = [task for task in tasks if task.pk in clocks and first <= clocks[task.pk].due < end]
    found = {}
    for subject in asked.subjects:
        counted = tally(_tasks_of(subject, tasks), clocks, asked.at)
        words = _("%(in_time)d of %(n)d tasks in time, %(original)d of them on the first date")
        told = {"in_time": counted.in_time, "n": counted.counted, "original": counted.original}
        none = _("No task of %(year)d has come to its date.") % {"year": asked.year}
        rate = counted.rate
        found[subject.ref] = Value(rate, words % told if rate is not None else none, _address(subject))
    return found


def _in_year(first: datetime, end: datetime) -> Q:
    """Tasks that can have their date in the year: opened before its end, not over before its beginning."""
    return Q(case__opened_at__lt=end) & (Q(case__closed_at=None) | Q(case__closed_at__gte=first))


def reported(asked: Asked) -> dict[str, Value]:
    """Share of the months that were to be reported in the year and were, per cent."""
    first, end = year_bounds(asked.year)
    tasks = list(with_case(Task.records.filter(case__exercise=False, monthly=True).filter(_in_year(first, end))))
    day = rules.report_day(asked.at)
    found = {}
    for subject in asked.subjects:
        due = missing = 0
        for task in _tasks_of(subject, tasks):
            months = months_of(task, asked.now, day)  # the last month of a year is due in the next
            due += sum(1 for month in months.due if month.year == asked.year)
            missing += sum(1 for month in months.missing if month.year == asked.year)
        words = _("%(n)d of %(due)d months reported") % {"n": due - missing, "due": due}
        none = _("No month of %(year)d was to be reported.") % {"year": asked.year}
        found[subject.ref] = Value(100 * (due - missing) / due, words, _address(subject)) if due else Value(None, none)
    return found


def measured(code: str, asked: Asked) -> dict[str, Value]:
    """An indicator as it was measured for the place of each town; a department has no place of its own to measure."""
    one = indicator(code)
    tree = regions.tree()
    nodes = {subject.ref: tree.by_id[subject.region.pk] for subject in asked.subjects if subject.unit is None}
    if one is None:
        return {}
    lines = indicator_lines([one], list(nodes.values()), [asked.year], Moment.of(asked.now))
    by_place = {line.place.id: line for line in lines}
    found = {}
    for subject in asked.subjects:
        if subject.ref not in nodes:
            found[subject.ref] = Value(None, _("Indicators are measured for places, not for departments."))
            continue
        line = by_place[subject.region.pk]
        words = line.amount if line.value is not None else line.why or _("not measured yet")
        found[subject.ref] = Value(line.value, words, named.address(code, subject.region.code, asked.year))
    return found


def register() -> None:
    """Called once at start."""
    register_source("task.on_time", gettext_lazy("Tasks done in time"), on_time)
    register_source("task.reported", gettext_lazy("Months reported"), reported)
