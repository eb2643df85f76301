"""What the rulebook says about posts, responsibilities and rosters: checks, words, and typed views of the bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from anlan.kernel.regions.models import Level, Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import entries, lookup
from anlan.kernel.rulebook.schemas import register_schema
from anlan.kernel.rulebook.wording import KIND_LABELS, Field, joined, register_wording
from anlan.science.roster.staffing import Role, Shift

Body = Mapping[str, Any]

POST, RESPONSIBILITY, ROSTER = "post", "responsibility", "roster"
#: The entry after which rosters are drawn up.
DUTY = "DUTY"
_SLOTS = (["A"], ["A", "B"])


@dataclass(frozen=True, slots=True)
class PostRule:
    """A post that places of some levels keep filled."""

    duty: str
    title: str
    title_zh: str
    levels: tuple[str, ...]
    slots: tuple[str, ...]
    entry: Entry

    def __str__(self) -> str:
        return spoken(self.title, self.title_zh)


@dataclass(frozen=True, slots=True)
class Scheme:
    """Shifts and roles of a roster, and what they are called."""

    entry: Entry
    shifts: Mapping[str, Shift]
    roles: Mapping[str, Role]
    shift_names: Mapping[str, tuple[str, str]]
    role_names: Mapping[str, tuple[str, str]]
    rest_h: float
    history: int
    swap_until_h: float

    def role_name(self, code: str) -> str:
        return spoken(*self.role_names.get(code, (code, code)))

    def shift_name(self, code: str) -> str:
        return spoken(*self.shift_names.get(code, (code, code)))


def spoken(english: str, chinese: str) -> str:
    """The one of two texts that the reader reads."""
    return chinese if chinese and (get_language() or "").startswith("zh") else english


def post_rules(at: datetime, region: Region) -> list[PostRule]:
    """The posts that are kept filled in a place and below it."""
    return [
        PostRule(
            entry.body["duty"], entry.title, entry.title_zh, tuple(entry.body["levels"]), tuple(entry.body["slots"]),
            entry,
        )
        for entry in entries(POST, at, region)
    ]  # fmt: skip


def responsibilities(at: datetime, region: Region) -> list[Entry]:
    """Duties by law that hold in a place, by the level of the place."""
    return [entry for entry in entries(RESPONSIBILITY, at, region) if region.level in entry.body["levels"]]


def scheme(at: datetime, region: Region) -> Scheme:
    """How duty is stood in a place. Raises NoRule."""
    return scheme_of(lookup(ROSTER, DUTY, at=at, region=region))


def scheme_of(entry: Entry) -> Scheme:
    """The scheme that an entry writes down."""
    body = entry.body
    shifts = {
        one["code"]: Shift(one["code"], float(one["starts_h"]), float(one["hours"]), bool(one.get("night")))
        for one in body["shifts"]
    }
    return Scheme(
        entry=entry,
        shifts=shifts,
        roles={one["code"]: Role(one["code"], dict(one["needed"])) for one in body["roles"]},
        shift_names={one["code"]: (one["name"], one.get("name_zh", "")) for one in body["shifts"]},
        role_names={one["code"]: (one["name"], one.get("name_zh", "")) for one in body["roles"]},
        rest_h=float(body["rest_h"]),
        history=int(body["history"]),
        swap_until_h=float(body["swap_until_h"]),
    )


def register() -> None:
    """Called once at start."""
    for kind, check, words, label in (
        (POST, _post_faults, _post_words, gettext_lazy("Posts to be filled")),
        (RESPONSIBILITY, _responsibility_faults, _responsibility_words, gettext_lazy("Responsibilities by law")),
        (ROSTER, _roster_faults, _roster_words, gettext_lazy("Rosters")),
    ):
        register_schema(kind, _schema(check))
        register_wording(kind, words)
        KIND_LABELS[kind] = label


def _schema(check: Callable[[Body], Iterator[str]]) -> Callable[[Body], list[str]]:
    def faults(body: Body) -> list[str]:
        try:
            return list(check(body))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return [f"a part is missing or of another form: {error!r}"]

    return faults


def _levels(body: Body) -> Iterator[str]:
    if not body["levels"] or set(body["levels"]) - set(Level.values):
        yield f"levels are some of {', '.join(Level.values)}"


def _post_faults(body: Body) -> Iterator[str]:
    yield from _levels(body)
    if not body["duty"]:
        yield "a post names its duty"
    if body["slots"] not in _SLOTS:
        yield "slots are A, or A and B"


def _responsibility_faults(body: Body) -> Iterator[str]:
    yield from _levels(body)
    if not body["who"]:
        yield "say who answers"


def _roster_faults(body: Body) -> Iterator[str]:
    codes = [one["code"] for one in body["shifts"]]
    if not codes or len(codes) != len(set(codes)):
        yield "shifts have codes of their own"
    for one in body["shifts"]:
        if not (0 <= one["starts_h"] < 24 and 0 < one["hours"] <= 48 and one["name"]):
            yield f"shift {one['code']} begins from 0 h on, before 24 h, and lasts up to 48 h"
    if not body["roles"]:
        yield "a roster has roles"
    for one in body["roles"]:
        if not one["needed"] or set(one["needed"]) - set(codes) or min(one["needed"].values()) < 0:
            yield f"role {one['code']} says how many people each shift needs"
    if body["rest_h"] < 0 or body["history"] < 0 or body["swap_until_h"] < 0:
        yield "rest_h, history and swap_until_h are 0 or more"


def _level_words(body: Body) -> Field:
    return Field(_("Levels"), joined([str(Level(one).label) for one in body["levels"]]))


def _post_words(body: Body) -> list[Field]:
    return [_level_words(body), Field(_("Slots"), joined(body["slots"])), Field(_("Duty"), body["duty"])]


def _responsibility_words(body: Body) -> list[Field]:
    return [Field(_("Who answers"), spoken(body["who"], body.get("who_zh", ""))), _level_words(body)]


def _roster_words(body: Body) -> list[Field]:
    names = {one["code"]: spoken(one["name"], one.get("name_zh", "")) for one in body["shifts"]}
    lines = [
        Field(names[one["code"]], f"{clock_of(one['starts_h'])} + {_('%(n)g h') % {'n': one['hours']}}")
        for one in body["shifts"]
    ]
    for one in body["roles"]:
        needed = joined([f"{names[code]} {n}" for code, n in one["needed"].items()])
        lines.append(Field(spoken(one["name"], one.get("name_zh", "")), needed))
    lines.append(Field(_("Rest between two duties"), _("%(n)g h") % {"n": body["rest_h"]}))
    lines.append(Field(_("Former months that count"), str(body["history"])))
    lines.append(Field(_("Swaps until before the duty"), _("%(n)g h") % {"n": body["swap_until_h"]}))
    return lines


def clock_of(hours: float) -> str:
    """Hours after midnight as a clock shows them: 8.5 → 08:30."""
    minutes = round(hours * 60)
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"
