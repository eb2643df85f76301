"""A draft as a CAP message, in the Chinese profile; what our own reader says of it before anybody issues it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import shapely
from django.utils import timezone

from anlan.apps.warning import rules
from anlan.apps.warning.models import Draft, DraftKind, Message
from anlan.formats import cap
from anlan.formats.cap import Alert, Area, Info, Named
from anlan.formats.cap.chinese import BEIJING, EVENT_LIST, REGION_LIST, Identifier
from anlan.formats.findings import BadMessage
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region

#: What stands before the headline of an exercise, so that no reader takes it for the real thing (W9).
EXERCISE_ZH, EXERCISE_EN = "【演练】", "[EXERCISE] "
#: Sender and time of a preview: it is no message yet.
NOBODY = "00000000000000"
#: Decimals of a degree in outlines: a metre.
DIGITS = 5


def digest_of(draft: Draft) -> str:
    """What the person who issues has read, in 64 hex digits: any change of the draft gives another."""
    said = {name: getattr(draft, name) for name in WRITTEN}
    said |= {"of": draft.of_id, "kind": draft.kind, "exercise": draft.exercise}
    return hashlib.sha256(json.dumps(said, default=str, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


#: The fields of a draft that people write.
WRITTEN = (
    "places", "polygon", "event", "level", "urgency", "severity", "certainty", "onset", "expires", "headline",
    "description", "instruction", "headline_en", "description_en", "instruction_en",
)  # fmt: skip


def identifier(sender: str, at: datetime, serial: int) -> str:
    """31 signs after GB/T 35965.1. `sender` has 14."""
    return str(Identifier(sender[:6], sender[6:9], at, serial, sender[9:12], sender[12:14]))


def alert_of(draft: Draft, *, sender: str, serial: int, at: datetime, bureau: str, references: Sequence[Message]) -> Alert:  # fmt: skip  # noqa: E501
    """The message that a draft becomes at a moment.

    bureau      who issues it, as people read it
    references  the messages that an update or a cancellation speaks of
    """
    at = at.replace(microsecond=0)
    first = _info(draft, at, bureau, english=False)
    infos = (first, _info(draft, at, bureau, english=True)) if draft.headline_en else (first,)
    named = " ".join(f"{one.sender},{one.identifier},{one.sent_text}" for one in references)
    return Alert(
        identifier=identifier(sender, at, serial),
        sender=sender,
        sent=cap.stamp(at.astimezone(BEIJING)),
        status="Exercise" if draft.exercise else "Actual",
        msg_type=draft.kind,
        scope="Public",
        note="演练，非真实预警。 Exercise, no real warning." if draft.exercise else None,
        references=named or None,
        infos=infos,
    )


def _info(draft: Draft, at: datetime, bureau: str, *, english: bool) -> Info:
    event = rules.events(at).get(draft.event)
    official = event.official if event is not None else None
    colour = rules.colours(at)[draft.level].official or ""
    ends = draft.kind == DraftKind.CANCEL
    names = (event.name if english else event.name_zh) if event is not None else draft.event
    written = (
        (draft.headline_en, draft.description_en, draft.instruction_en)
        if english
        else (draft.headline, draft.description, draft.instruction)
    )
    mark = (EXERCISE_EN if english else EXERCISE_ZH) if draft.exercise else ""
    return Info(
        language="en" if english else "zh-CN",
        categories=(rules.category(official or "", at),),
        event=names,
        responses=("AllClear",) if ends else (),
        urgency=draft.urgency,
        severity=draft.severity,
        certainty=draft.certainty,
        event_codes=(Named(name=EVENT_LIST, value=official),) if official else (),
        effective=cap.stamp(at.astimezone(BEIJING)),
        onset=cap.stamp(draft.onset.astimezone(BEIJING)) if draft.onset is not None else None,
        expires=cap.stamp(draft.expires.astimezone(BEIJING)),
        sender_name=bureau,
        headline=f"{mark}{written[0]}",
        description=f"{mark}{written[1]}",
        instruction=written[2] or None,
        parameters=(Named(name="color", value=colour),) if colour else (),
        areas=_areas(draft),
    )


def _areas(draft: Draft) -> tuple[Area, ...]:
    """An area for each region with its code and outline, and one for what was drawn."""
    rows = {row.code: row for row in Region.objects.filter(code__in=draft.places)}
    found = [
        Area(
            description=row.name,
            polygons=_rings(shapely.from_wkb(bytes(row.boundary))) if row.boundary is not None else (),
            geocodes=(Named(name=REGION_LIST, value=row.code),),
        )
        for code in draft.places
        if (row := rows.get(code)) is not None
    ]
    if draft.polygon is not None:
        found.append(Area(description="图示区域", polygons=_rings(shapely.geometry.shape(draft.polygon))))
    return tuple(found)


def _rings(shape: Any) -> tuple[str, ...]:
    """Outer rings as CAP writes them, latitude first. CAP knows no holes: what lies in one is warned too."""
    rings = []
    for part in regions.parts(shape):
        corners = [f"{y:.{DIGITS}f},{x:.{DIGITS}f}" for x, y in part.exterior.coords]
        rings.append(" ".join(corners))
    return tuple(rings)


def preview(draft: Draft, *, bureau: str, references: Sequence[Message], sender: str, now: datetime) -> tuple[Alert, cap.Verdict]:  # fmt: skip  # noqa: E501
    """The message as it would be issued now, and what our own reader finds; unsigned, for it is none yet."""
    alert = alert_of(draft, sender=sender or NOBODY, serial=0, at=now, bureau=bureau, references=references)
    try:
        data = cap.write(alert)
    except BadMessage as wrong:
        return alert, cap.Verdict((cap.Layer("meaning", False, wrong.findings),), None)
    return alert, cap.check(data, trusted={}, now=now, book=rules.known(now).book)


def next_identifier(sender: str, now: datetime) -> tuple[int, datetime] | None:
    """The first serial number of this second that no message of ours has; None when all ten are taken."""
    at = now.replace(microsecond=0)
    for serial in range(10):
        if not Message.objects.filter(sender=sender, identifier=identifier(sender, at, serial)).exists():
            return serial, at
    return None


def longest(now: datetime) -> timedelta:
    """The longest a warning of our own may last."""
    return rules.span_of("longest_h", now)


def local(at: datetime) -> str:
    """A moment as a form of the browser takes it."""
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M")
