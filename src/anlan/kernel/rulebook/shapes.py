"""What the bodies of the shared kinds must look like: calendars, code lists, norms, grades, major hazards, licences.

Each check names every fault at once. The kinds of one room alone are checked there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from anlan.kernel.rulebook.schemas import Schema, register_schema
from anlan.science.grades import Join
from anlan.science.major_hazard import cas_is_valid
from anlan.science.norms import Per

Body = Mapping[str, Any]

#: The tables of kind "major_hazard", one of which is the body of an entry.
TABLES = ("substances", "classes", "gases", "assumed", "alpha", "levels")


def register() -> None:
    """Called once at start."""
    for kind, check in _CHECKS.items():
        register_schema(kind, _schema(check))


def _schema(check: Callable[[Body], Iterator[str]]) -> Schema:
    def faults(body: Body) -> list[str]:
        try:
            return list(check(body))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            return [f"a part is missing or of another form: {error!r}"]

    return faults


def _calendar(body: Body) -> Iterator[str]:
    """`holidays` spans and `worked` weekends, of which at least one is given."""
    if not body.get("holidays") and not body.get("worked"):
        yield "write holidays, worked days, or both"
    off: set[date] = set()
    for span in body.get("holidays") or ():
        first, last = date.fromisoformat(span["first"]), date.fromisoformat(span["last"])
        if last < first or (last - first).days > 31:
            yield f"a span of days off ends after it begins and within a month: {span}"
        off |= {date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)}
        yield from _named(span)
    for text in body.get("worked") or ():
        day = date.fromisoformat(text)
        if day.weekday() < 5:
            yield f"{text} is no Saturday or Sunday"
        if day in off:
            yield f"{text} is both off and worked"


def _code_list(body: Body) -> Iterator[str]:
    """`items` with unique codes and names; a parent stands before its children."""
    if not body["items"]:
        yield "a code list has items"
    known: set[str] = set()
    for item in body["items"]:
        if not isinstance(item["code"], str):
            yield f"write the code in quotes: {item['code']!r}"
        parent = item.get("parent")
        if parent is not None and parent not in known:
            yield f"{item['code']}: its parent {parent} stands before it"
        if item.get("official") is not None and not isinstance(item["official"], str):
            yield f"{item['code']}: write the official code in quotes"
        known.add(item["code"])
        yield from _named(item)
    yield from _twice("code", (item["code"] for item in body["items"]))
    yield from _twice("official code", (item["official"] for item in body["items"] if item.get("official")))


def _norm(body: Body) -> Iterator[str]:
    """A least, a most or both, a unit, and of what it speaks."""
    least, most = body.get("least"), body.get("most")
    if least is None and most is None:
        yield "a norm has a least, a most or both"
    for name in ("least", "most"):
        if body.get(name) is not None and not _number(body[name], 0):
            yield f"{name} is a number from 0 on"
    if least is not None and most is not None and least > most:
        yield "least is not above most"
    if body["per"] not in list(Per):
        yield f"per is one of {', '.join(Per)}"
    if not _number(body.get("each", 1), 0) or not body.get("each", 1):
        yield "each is above 0"
    if not body.get("unit"):
        yield "a norm has a unit"


def _grading(body: Body) -> Iterator[str]:
    """Criteria, how they join, and grades whose bounds fall from the highest to the last, which has none."""
    criteria = [one["code"] for one in body["criteria"]]
    yield from _twice("criterion", criteria)
    for one in (*body["criteria"], *body["grades"]):
        yield from _named(one)
    if body["join"] not in list(Join):
        yield f"join is one of {', '.join(Join)}"
    if body["join"] == Join.NEAR and len(criteria) != 2:
        yield "near joins two criteria"
    grades = body["grades"]
    yield from _twice("grade", (one["code"] for one in grades))
    if len(grades) < 2 or grades[-1].get("at_least"):
        yield "grades are two or more, and the last has no bounds"
    for one in grades[:-1]:
        if set(one.get("at_least") or ()) != set(criteria):
            yield f"{one['code']}: a bound for each criterion"
    for code in criteria:
        bounds = [one["at_least"].get(code) for one in grades[:-1] if one.get("at_least")]
        if not all(_number(bound, 0) for bound in bounds):
            yield f"bounds of {code} are numbers from 0 on"
        elif bounds != sorted(set(bounds), reverse=True):
            yield f"bounds of {code} fall from the highest grade down"


def _enterprise_scale(body: Body) -> Iterator[str]:
    """A grading with the industries for which it holds."""
    if not body["industries"] or not all(isinstance(code, str) for code in body["industries"]):
        yield "write the industries as codes in quotes"
    yield from _grading(body)


def _shelter_type(body: Body) -> Iterator[str]:
    for name in ("m2_per_person", "days_most", "radius_km"):
        if not _number(body[name], 0) or not body[name]:
            yield f"{name} is above 0"


def _licence(body: Body) -> Iterator[str]:
    if not _number(body["years"], 0) or not body["years"]:
        yield "years is above 0"
    for name in ("renew_before_days", "review_years"):
        if name in body and (not _number(body[name], 0) or not body[name]):
            yield f"{name} is above 0"
    if body.get("review_years", 0) > body["years"]:
        yield "a review lies inside the validity"


def _major_hazard(body: Body) -> Iterator[str]:
    """Exactly one of the tables."""
    given = [table for table in TABLES if table in body]
    if len(given) != 1 or not body[given[0]]:
        yield f"write one of {', '.join(TABLES)}"
        return
    yield from _TABLE_CHECKS[given[0]](body[given[0]])


def _substances(rows: list[Body]) -> Iterator[str]:
    yield from _twice("row", (row["row"] for row in rows))
    yield from _twice("name", (row["name_zh"] for row in rows))
    for row in rows:
        if not _number(row["q_t"], 0) or not row["q_t"]:
            yield f"row {row['row']}: q_t is above 0"
        yield from (
            f"row {row['row']}: CAS {cas} fails its check digit"
            for cas in row.get("cas") or ()
            if not cas_is_valid(cas)
        )
        yield from _named(row)


def _classes(rows: list[Body]) -> Iterator[str]:
    yield from _twice("symbol", (row["symbol"] for row in rows))
    for row in rows:
        if not all(_number(row[name], 0) and row[name] for name in ("q_t", "beta")):
            yield f"{row['symbol']}: q_t and beta are above 0"
        yield from _named(row)


def _gases(rows: list[Body]) -> Iterator[str]:
    yield from _twice("row", (row["row"] for row in rows))
    yield from (f"row {row['row']}: beta is above 0" for row in rows if not _number(row["beta"], 0) or not row["beta"])


def _assumed(rows: list[Body]) -> Iterator[str]:
    yield from _twice("row", (number for row in rows for number in row["rows"]))
    yield from (f"rows {row['rows']}: at least one class" for row in rows if not row["classes"])


def _steps(value: str) -> Callable[[list[Body]], Iterator[str]]:
    def check(rows: list[Body]) -> Iterator[str]:
        starts = [row["at_least"] for row in rows]
        if starts != sorted(set(starts), reverse=True) or starts[-1] != 0:
            yield "steps fall from the highest to 0"
        yield from (f"{value} is above 0" for row in rows if not _number(row[value], 0) or not row[value])

    return check


def _named(row: Body) -> Iterator[str]:
    if not row.get("name") or not row.get("name_zh"):
        yield f"a row has name and name_zh: {dict(row)!r:.80}"


def _twice(what: str, values: Iterable[Any]) -> Iterator[str]:
    yield from (f"{what} {value} stands twice" for value, n in Counter(values).items() if n > 1)


def _number(value: Any, least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= least


_TABLE_CHECKS: dict[str, Callable[[list[Body]], Iterator[str]]] = {
    "substances": _substances,
    "classes": _classes,
    "gases": _gases,
    "assumed": _assumed,
    "alpha": _steps("alpha"),
    "levels": _steps("level"),
}
_CHECKS: dict[str, Callable[[Body], Iterator[str]]] = {
    "calendar": _calendar,
    "code_list": _code_list,
    "norm": _norm,
    "grading": _grading,
    "enterprise_scale": _enterprise_scale,
    "shelter_type": _shelter_type,
    "licence": _licence,
    "major_hazard": _major_hazard,
}
