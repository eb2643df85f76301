"""What rules find in a plan: indicators, tasks, who answers, projects, mechanisms. Drafts, for a person to keep.

Each carries the words that it came from with their place, how sure the rule is, and why. A rule names words of plans,
never a file, a place or a bureau.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What every draft has.

    clause      place in `Tree.clauses`
    start       to `end`: the words in the cleaned text
    words       those words
    confidence  0 to 1
    reasons     codes of what spoke for it: see `REASONS`
    """

    clause: int
    start: int
    end: int
    words: str
    confidence: float
    reasons: tuple[str, ...] = ()


#: What speaks for a draft, and what against it.
REASONS = {
    "table": "a row of a table whose headings say what it is",
    "comparator": "a word of comparison stands before the number",
    "rate": "the name ends in a word of measure (率, 比例, 数)",
    "rank": "a place among others (前列, 国际一流)",
    "deadline": "a day or year is named",
    "year_of_document": "the year is that of the document's title",
    "year_above": "the year stands in the heading or sentence before",
    "quantity": "a number with a unit",
    "frequency": "how often is said",
    "coverage": "a share or 全覆盖",
    "heading": "the heading of a clause",
    "verb": "begins with a verb of work",
    "role": "a word for who answers stands before the names",
    "sentence": "read from a sentence without a marked list",
    "borrowed_name": "the name was completed from the words before it",
    "short_name": "the name is short and may be incomplete",
    "zero": "something must not happen",
    "trend": "a direction without a number",
    "state_of_things": "stands under a heading about how things are, not what is to be done",
    "time_limit": "a span of time within which something is done",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator(Draft):
    """A target.

    comparator  = < > <= >= ; top: among the first, as `rank` says; down, up: falls or rises, by `value` where given
    kind        binding (约束), expected (预期) or ""
    base        what it is compared with, as written: 较2020年
    """

    name: str
    comparator: str
    value: Decimal | None = None
    unit: str = ""
    year: int | None = None
    kind: str = ""
    base: str = ""
    rank: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Draft):
    """A piece of work.

    frequency  day, week, month, quarter, half-year, year or "": how often, `times` in each
    coverage   percent
    """

    verb: str
    object: str
    quantity: Decimal | None = None
    unit: str = ""
    deadline: date | None = None
    frequency: str = ""
    times: Decimal | None = None
    coverage: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead(Draft):
    """Who answers for a clause. `role`: lead, responsible or participant."""

    people: tuple[str, ...]
    units: tuple[str, ...]
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project(Draft):
    """A project. `period` as written with its years; `budget` to `budget_to` in `unit` (万元)."""

    name: str
    period: str = ""
    begins: int | None = None
    ends: int | None = None
    content: str = ""
    budget: Decimal | None = None
    budget_to: Decimal | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism(Draft):
    """A mechanism or rule of work that is to be set up or kept."""

    name: str


@dataclass(frozen=True, slots=True)
class Drafts:
    """Everything found in a plan, in reading order."""

    indicators: tuple[Indicator, ...] = ()
    tasks: tuple[Task, ...] = ()
    leads: tuple[Lead, ...] = ()
    projects: tuple[Project, ...] = ()
    mechanisms: tuple[Mechanism, ...] = ()
