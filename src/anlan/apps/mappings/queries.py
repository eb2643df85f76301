"""What the pages of mappings ask: which a person may see, what waits, and the last messages that came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet, Sum

from anlan.apps.mappings.models import Caller, Fault, Link, Mapping, State
from anlan.kernel.people.rights import may, reach
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.scope import within
from anlan.kernel.sensing import queries as sensing
from anlan.kernel.sensing.door.mapped import HEX, KEPT_BYTES, MAPPED
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.sensing.store import open_store

VERB = "device.manage"
#: Days of counters that are shown, rows of a table, and messages that are offered for trying.
DAYS, MOST, OFFERED = 7, 200, 20


@dataclass(frozen=True, slots=True)
class Row:
    """A mapping as the list shows it: the version that counts, its draft, and what is behind it."""

    mapping: Mapping
    draft: Mapping | None
    devices: int
    callers: int
    faults: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message that came, to be tried. `cut`: only its beginning was kept."""

    id: str
    topic: str
    text: str
    at: datetime
    why: str
    cut: bool


def mappings_for(actor: Any) -> QuerySet[Mapping]:
    """Every version in the actor's reach."""
    rows: QuerySet[Mapping] = Mapping.objects.for_actor(actor, VERB).select_related("region")
    return rows


def regions_for(actor: Any) -> list[Region]:
    """Places down to the town for which the actor may make a mapping."""
    depth = regions.DEPTH[: regions.DEPTH.index("town") + 1]
    return list(Region.objects.filter(within(reach(actor, VERB), "path"), level__in=depth).order_by("code"))


def sees_strangers(actor: Any, mapping: Mapping) -> bool:
    """A number that nobody registered stands nowhere yet: who manages devices where the mapping stands sees it."""
    return may(actor, VERB, mapping.region)


def count_callers(actor: Any) -> int:
    """Numbers that wait to be registered, in mappings of the actor."""
    return Caller.objects.filter(code__in=mappings_for(actor).values("code")).count()


def rows_for(actor: Any, now: datetime) -> list[Row]:
    """One row for each code: the version in force, else the draft, else the one that ended last."""
    by_code: dict[str, list[Mapping]] = {}
    for mapping in mappings_for(actor).order_by("code", "-version"):
        by_code.setdefault(mapping.code, []).append(mapping)
    devices = _counted(Link.objects.filter(code__in=by_code), "code")
    callers = _counted(Caller.objects.filter(code__in=by_code), "code")
    today = Fault.objects.filter(code__in=by_code, day=beijing_day(now)).values("code").annotate(n=Sum("count"))
    faults = {row["code"]: row["n"] for row in today.order_by()}
    found = []
    for code, versions in by_code.items():
        drafts = [one for one in versions if one.state == State.DRAFT]
        in_force = [one for one in versions if one.state == State.IN_FORCE]
        first = (in_force or drafts or versions)[0]
        draft = drafts[0] if drafts and drafts[0] is not first else None
        found.append(Row(first, draft, devices.get(code, 0), callers.get(code, 0), faults.get(code, 0)))
    return found


def _counted(rows: QuerySet[Any], by: str) -> dict[str, int]:
    return {row[by]: row["n"] for row in rows.order_by().values(by).annotate(n=Count("pk"))}


def beijing_day(now: datetime) -> date:
    """The day of a counter."""
    return (now + timedelta(hours=8)).date()


def links_of(actor: Any, code: str) -> QuerySet[Link]:
    """Devices behind a mapping, in the actor's reach."""
    devices = sensing.devices_for(actor)
    return Link.objects.filter(code=code, device__in=devices).select_related("device").order_by("number")


def device_of(actor: Any, code: str) -> Device | None:
    """A device in the actor's reach, by its code."""
    found: Device | None = sensing.devices_for(actor).filter(code=code).first()
    return found


def faults_of(mapping: Mapping, now: datetime) -> QuerySet[Fault]:
    """Counters of the last days of a mapping."""
    since = beijing_day(now) - timedelta(days=DAYS)
    return Fault.objects.filter(code=mapping.code, day__gte=since).order_by("-day", "-count")


def points_of(devices: list[Device]) -> dict[str, dict[str, Point]]:
    """Device code → point code → point, of those that are switched on."""
    found: dict[str, dict[str, Point]] = {device.code: {} for device in devices}
    for point in Point.records.filter(device__in=devices, enabled=True).select_related("device"):
        found[point.device.code][point.code] = point
    return found


def last_messages(actor: Any, mapping: Mapping) -> list[Message]:
    """The last messages of a mapping that were set aside or came from numbers that nobody registered, newest first.

    Of devices in the actor's reach; those of no device for who sees what was set aside everywhere.
    """
    found: list[Message] = []
    if sees_strangers(actor, mapping):
        for caller in Caller.objects.filter(code=mapping.code).order_by("-last_at")[:OFFERED]:
            cut = _is_cut(caller.raw)
            found.append(
                Message(f"caller-{caller.pk}", caller.topic, caller.raw, caller.last_at, "unknown_device", cut)
            )
    seen = {(one.topic, one.text) for one in found}
    prefix = f"{MAPPED}{mapping.code}:"
    senders = list(links_of(actor, mapping.code).values_list("device__code", flat=True)[:OFFERED])
    if "/" in reach(actor, "setaside.see"):
        senders.append("mqtt")
    elif not reach(actor, "setaside.see"):
        senders = []
    store = open_store()
    for sender in senders:
        for row in store.set_aside(sender=sender, limit=MOST if sender == "mqtt" else OFFERED):
            # A reading without a point names the point where the others name the topic.
            topic = "" if row.reason == "unknown_point" else row.point
            if not row.batch_id.startswith(prefix) or (topic, row.raw) in seen:
                continue
            seen.add((topic, row.raw))
            at = sensing.moment(row.arrival)
            found.append(Message(f"aside-{row.id}", topic, row.raw, at, row.reason, _is_cut(row.raw)))
    found.sort(key=lambda one: one.at, reverse=True)
    return found[:OFFERED]


def _is_cut(text: str) -> bool:
    return len(text) >= KEPT_BYTES // 2 if text.startswith(HEX) else len(text.encode()) >= KEPT_BYTES - 4
