"""Bring the shipped rules into the database as dated versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from django.conf import settings
from django.db import transaction

import anlan
from anlan.kernel.audit import services as audit
from anlan.kernel.people.services import system_user
from anlan.kernel.rulebook.models import Entry, Origin
from anlan.kernel.rulebook.schemas import faults_of

FOLDER = Path(anlan.__file__).parent / "rulebook"

#: file → kind of the entries in it. Roles are not rules and go their own way.
KINDS = {
    "alarms": "alarm",
    "clocks": "clock",
    "calendars": "calendar",
    "alarm_life": "alarm_life",
    "history": "history",
    "device_commands": "device_command",
    "code_lists": "code_list",
    "industries": "code_list",
    "supplies": "code_list",
    "knowledge": "code_list",
    "gradings": "grading",
    "enterprise_scales": "enterprise_scale",
    "norms": "norm",
    "indicators": "indicator",
    "indicator_forecasts": "indicator_forecast",
    "shelters": "shelter_type",
    "licences": "licence",
    "major_hazard": "major_hazard",
    "exchange": "exchange",
    "outside": "outside",
    "posts": "post",
    "responsibilities": "responsibility",
    "rosters": "roster",
    "census": "census",
    "patrols": "patrol",
    "camera_checks": "camera_check",
    "goals": "goals",
    "tracks": "tracks",
    "appraisals": "appraisal",
    "warnings": "warning",
}

#: What stands in columns of its own; everything else of an entry is its body.
_COLUMNS = frozenset({"code", "title", "title_zh", "source", "verified", "valid_from", "note"})


class BadRule(ValueError):
    """A shipped file that cannot be meant; names every fault, and nothing was loaded."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """One rule as a file says it."""

    kind: str
    code: str
    title: str
    title_zh: str
    body: dict[str, Any]
    standard: str
    clause: str
    verified: bool
    note: str
    valid_from: datetime
    digest: str


def load_shipped(now: datetime, folder: Path = FOLDER) -> int:
    """Bring the database up to the files; returns how many versions were added.

    The first version of a rule holds from its own day. A changed one holds from `now`, or from its own day when that
    is later, and ends the shipped version before it: what was decided until then stays decided by the old text. A rule
    that left the files ends now. The bureau's own versions are never touched.

    Raises BadRule with all faults before anything is written.
    """
    shipped = list(read(folder))
    codes = [(rule.kind, rule.code) for rule in shipped]
    faults = [f"{kind} {code} stands twice" for kind, code in set(codes) if codes.count((kind, code)) > 1]
    for rule in shipped:
        faults += [f"{rule.kind} {rule.code}: {fault}" for fault in faults_of(rule.kind, rule.body)]
    if faults:
        raise BadRule("\n".join(faults))
    with transaction.atomic():
        added = sum(_bring_up(rule, now) for rule in shipped)
        gone = _open_shipped().filter(kind__in=KINDS.values())
        for entry in gone:
            if (entry.kind, entry.code) not in set(codes):
                _end(entry, now)
                _tell(entry, now, before={"valid_to": None}, after={"valid_to": now})
        return added


def read(folder: Path = FOLDER) -> Iterator[Shipped]:
    """The rules in the files. Raises BadRule for a file that is not a list of entries under one heading."""
    for name, kind in KINDS.items():
        path = folder / f"{name}.yaml"
        if not path.is_file():
            continue
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            lists = [value for value in content.values() if isinstance(value, list)]
            content = lists[0] if len(lists) == 1 else None
        if not isinstance(content, list):
            raise BadRule(f"{path.name}: write a list of entries, or one list under one heading")
        for raw in content:
            try:
                yield _shipped(kind, raw)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise BadRule(f"{path.name}: {raw!r:.80}: {error!r}") from error


def _shipped(kind: str, raw: dict[str, Any]) -> Shipped:
    text = json.dumps(raw, sort_keys=True, ensure_ascii=False, default=str)
    source = raw.get("source") or {}
    # Through JSON, so that a body compares equal with what the database gives back.
    body = json.loads(json.dumps({k: v for k, v in raw.items() if k not in _COLUMNS}, default=str))
    return Shipped(
        kind=kind,
        code=str(raw["code"]),
        title=raw["title"],
        title_zh=raw.get("title_zh", ""),
        body=body,
        standard=source.get("standard") or "",
        clause=str(source.get("clause") or ""),
        verified=bool(raw.get("verified", False)),
        note=raw.get("note", ""),
        valid_from=_midnight(raw["valid_from"]),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _midnight(day: date | str) -> datetime:
    """The start of a day in the bureau's zone: the law says days."""
    if isinstance(day, str):
        day = date.fromisoformat(day)
    return datetime.combine(day, time(), tzinfo=ZoneInfo(settings.TIME_ZONE))


def _open_shipped() -> Any:
    return Entry.objects.filter(origin=Origin.SHIPPED, region=None, valid_to=None)


def _bring_up(rule: Shipped, now: datetime) -> int:
    """One rule; 1 when a version was added."""
    newest = Entry.objects.filter(kind=rule.kind, code=rule.code).order_by("-version").first()
    # A newer shipped version may wait for its day while the former is still open-ended; the newest is what counts.
    held = _open_shipped().filter(kind=rule.kind, code=rule.code).order_by("-version").first()
    if held is not None and held.digest == rule.digest:
        return 0
    valid_from = rule.valid_from if newest is None else max(rule.valid_from, now)
    if held is not None:
        _end(held, valid_from)
    entry = Entry.objects.create(
        kind=rule.kind,
        code=rule.code,
        version=newest.version + 1 if newest else 1,
        origin=Origin.SHIPPED,
        title=rule.title,
        title_zh=rule.title_zh,
        body=rule.body,
        standard=rule.standard,
        clause=rule.clause,
        verified=rule.verified,
        note=rule.note,
        valid_from=valid_from,
        digest=rule.digest,
    )
    before = {"version": held.version} if held else {}
    _tell(entry, now, before=before, after={"version": entry.version, "valid_from": valid_from})
    return 1


def _end(entry: Entry, at: datetime) -> None:
    """A version that never came into force ends at its own beginning, so that no moment finds it."""
    entry.valid_to = max(at, entry.valid_from)
    entry.save(update_fields=["valid_to"])


def _tell(entry: Entry, now: datetime, before: dict[str, Any], after: dict[str, Any]) -> None:
    hand = system_user("console")
    audit.record(actor=hand, verb="rulebook.ship", obj=entry, before=before, after=after, now=now, source="upgrade")
