"""What the body of a rule of the kind "census" must look like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Body = Mapping[str, Any]


def faults(body: Body) -> list[str]:
    """Everything that is wrong with a body, at once."""
    try:
        return list(_faults(body))
    except (KeyError, TypeError, AttributeError) as error:
        return [f"a part is missing or of another form: {error!r}"]


def _faults(body: Body) -> Iterator[str]:
    if not all(isinstance(name, str) for name in body["expected"]):
        yield "expected is a list of fields"
    for check in body["checks"]:
        if not check["field"] or not check["title"] or not check["title_zh"]:
            yield f"a check names its field and has a title in both languages: {check}"
        bounds = [check.get("least"), check.get("most")]
        if bounds == [None, None] or not all(one is None or isinstance(one, int | float) for one in bounds):
            yield f"{check['field']}: a least, a most or both, as numbers"
    people = body.get("people")
    if people is not None and not 0 <= people["least"] < people["most"]:
        yield "people: 0 <= least < most"
    if not all(isinstance(one, str) for names in (body.get("headings") or {}).values() for one in names):
        yield "headings are lists of words by column"
    if not isinstance(body.get("newest", 1), int):
        yield "newest is a number of years"
