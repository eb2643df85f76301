"""Rules as files: YAML in the form of `rulebook/alarms.yaml` out and in, and a CSV with limits of single points.

A file is taken whole or not at all; every fault is told with its line or the code of its rule.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import yaml
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing.models import Point, PointKind
from anlan.kernel.sensing.ruling.services import Draft, deciding, is_same
from anlan.kernel.sensing.services.devices import Refused

#: Larger files are no rule book and no list of limits, bytes.
LARGEST = 4_000_000
#: Faults that are spelt out before the rest is only counted.
SPELT = 50

#: What stands in columns of its own; everything else of an entry is its body.
_COLUMNS = frozenset({"code", "title", "title_zh", "source", "verified", "valid_from", "note", "region"})

#: Headings of a CSV with limits, by the severity that they mean.
_SEVERITIES = {
    "blue": 4, "yellow": 3, "orange": 2, "red": 1,
    "蓝": 4, "黄": 3, "橙": 2, "红": 1,
    "蓝色": 4, "黄色": 3, "橙色": 2, "红色": 1,
    "4": 4, "3": 3, "2": 2, "1": 1,
}  # fmt: skip
_POINT = ("point", "code", "测点", "测点编码", "编码")


# --- YAML -----------------------------------------------------------------------------------------------------------


def written(entries: Iterable[Entry]) -> str:
    """Rulebook entries as YAML, in the form in which rules are shipped and taken in again."""
    rows = []
    for entry in entries:
        row: dict[str, Any] = {"code": entry.code, "title": entry.title}
        if entry.title_zh:
            row["title_zh"] = entry.title_zh
        if entry.region is not None:
            row["region"] = entry.region.code
        row |= entry.body
        row["source"] = {"standard": entry.standard, "clause": entry.clause}
        row["verified"] = entry.verified
        row["valid_from"] = timezone.localtime(entry.valid_from).date()
        if entry.note:
            row["note"] = entry.note
        rows.append(row)
    return yaml.safe_dump({"alarms": rows}, allow_unicode=True, sort_keys=False, width=110)


def read(data: bytes, *, region: Region, now: datetime) -> tuple[list[tuple[Draft, Entry | None]], list[str]]:
    """Drafts out of a YAML file, each with the version that holds now; and the codes of rules that stay as they are.

    region  for rules that name none

    Raises Refused with every entry that cannot be read.
    """
    try:
        content = yaml.safe_load(_text(data))
    except yaml.YAMLError as error:
        raise Refused(_("The file is not YAML: %(why)s") % {"why": error}) from error
    if isinstance(content, Mapping):
        lists = [value for value in content.values() if isinstance(value, list)]
        content = lists[0] if len(lists) == 1 else None
    if not isinstance(content, list) or not content:
        raise Refused(_("Write a list of rules under one heading, as in an exported file"))
    faults: list[str] = []
    drafts: list[tuple[Draft, Entry | None]] = []
    same: list[str] = []
    seen: set[str] = set()
    for place, raw in enumerate(content, 1):
        try:
            draft = _draft(raw, region)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = raw.get("code") if isinstance(raw, Mapping) else None
            faults.append(_("Rule %(n)d (%(code)s): %(why)s") % {"n": place, "code": what or "?", "why": _why(error)})
            continue
        if draft.code in seen:
            faults.append(_("Rule %(n)d: the code %(code)s stands twice") % {"n": place, "code": draft.code})
            continue
        seen.add(draft.code)
        base = deciding(draft.code, draft.region, now)
        if base is not None and is_same(draft, base):
            same.append(draft.code)
        else:
            drafts.append((draft, base))
    if faults:
        raise Refused(_told(faults))
    return drafts, same


def _why(error: Exception) -> str:
    return _("it lacks %(field)s") % {"field": error.args[0]} if isinstance(error, KeyError) else str(error)


def _draft(raw: Any, region: Region) -> Draft:
    if not isinstance(raw, Mapping):
        raise TypeError(_("an entry is a list of fields"))
    source = raw.get("source") or {}
    if raw.get("region"):
        found = Region.objects.filter(code=str(raw["region"])).first()
        if found is None:
            raise ValueError(_("there is no region %(code)s") % {"code": raw["region"]})
        region = found
    # Through JSON, so that a body compares equal with what the database gives back.
    body = json.loads(json.dumps({k: v for k, v in raw.items() if k not in _COLUMNS}, default=str))
    return Draft(
        code=str(raw["code"]),
        title=str(raw["title"]),
        title_zh=str(raw.get("title_zh") or ""),
        region=region,
        body=body,
        standard=str(source.get("standard") or ""),
        clause=str(source.get("clause") or ""),
        verified=bool(raw.get("verified", False)),
        note=str(raw.get("note") or ""),
        ends=bool(raw.get("ended", False)),
    )


# --- limits of single points ----------------------------------------------------------------------------------------


def limits(data: bytes, *, region: Region, direction: str) -> tuple[list[dict[str, Any]], dict[str, list[float]]]:
    """Limits of single points from a CSV: a column with the point's code, then one for each level (blue … red).

    direction  "high" or "low": which way the limits run outward
    returns    (steps as the first point has them, {code: limit of each step, mildest first})

    Raises Refused with every row that is wrong.
    """
    rows = list(csv.reader(io.StringIO(_text(data))))
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    at = next((i for i, cell in enumerate(head) if cell in _POINT), None)
    levels = sorted(((severity, i) for i, cell in enumerate(head) if (severity := _severity(cell))), reverse=True)
    if at is None or not levels or len({severity for severity, _i in levels}) < len(levels):
        raise Refused(
            _("The first line names the columns: point, then one of blue, yellow, orange, red for each limit")
        )
    found: dict[str, list[float]] = {}
    faults: list[str] = []
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        code = row[at].strip() if at < len(row) else ""
        try:
            if not code:
                raise ValueError(_("the point is missing"))
            if code in found:
                raise ValueError(_("%(code)s stands twice") % {"code": code})
            found[code] = _row_limits(row, [i for _severity, i in levels], direction)
        except ValueError as error:
            faults.append(_("Line %(n)d: %(why)s") % {"n": line, "why": error})
    faults += _unknown(found, region)
    if not found and not faults:
        faults.append(_("The file has no rows"))
    if faults:
        raise Refused(_told(faults))
    first = next(iter(found.values()))
    steps = [{"severity": severity, "limit": limit} for (severity, _i), limit in zip(levels, first, strict=True)]
    return steps, found


def _severity(cell: str) -> int | None:
    return _SEVERITIES.get(cell.removeprefix("limit_").removeprefix("limit ").strip())


def _row_limits(row: Sequence[str], places: Sequence[int], direction: str) -> list[float]:
    values = []
    for place in places:
        cell = row[place].strip() if place < len(row) else ""
        try:
            value = float(cell)
        except ValueError:
            raise ValueError(_("“%(cell)s” is not a number") % {"cell": cell[:40]}) from None
        if value - value != 0:
            raise ValueError(_("“%(cell)s” is not a number") % {"cell": cell[:40]})
        values.append(value)
    outward = 1 if direction == "high" else -1
    for inner, outer in pairwise(values):
        if (outer - inner) * outward <= 0:
            raise ValueError(
                _("%(outer)g must lie above %(inner)g") % {"outer": outer, "inner": inner}
                if outward > 0
                else _("%(outer)g must lie below %(inner)g") % {"outer": outer, "inner": inner}
            )
    return values


def _unknown(found: Mapping[str, Any], region: Region) -> list[str]:
    rows = Point.records.filter(code__in=found, exercise=False, region__path__startswith=region.path)
    known = set(rows.exclude(kind=PointKind.GROUP).values_list("code", flat=True))
    return [
        _("There is no point %(code)s in %(region)s") % {"code": code, "region": region.name}
        for code in found
        if code not in known
    ]


# --- both -----------------------------------------------------------------------------------------------------------


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise Refused(_("The file is larger than %(n)d MB") % {"n": LARGEST // 1_000_000})
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(_("The file is not text in UTF-8 or GB 18030"))


def _told(faults: Sequence[str]) -> str:
    more = len(faults) - SPELT
    told = list(faults[:SPELT])
    return "\n".join([*told, _("and %(n)d more") % {"n": more}] if more > 0 else told)
