"""Which carriers an actor may see, and what is to be said of where they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, Min, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from anlan.apps.tracks.models import Carrier, CarrierKind, Place, Sharing, Watch
from anlan.apps.tracks.rules import Rules
from anlan.kernel.people import masks
from anlan.kernel.people.rights import may
from anlan.kernel.regions.pinyin import matching
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.sensing.models import Alarm
from anlan.kernel.sensing.queries import moment
from anlan.science.tracks import FINE, IMPOSSIBLE, JUMP, NO_FIX

SEE, SEE_PERSON, MANAGE = "track.see", "track.person", "track.manage"


def carriers_for(actor: Any) -> QuerySet[Carrier]:
    """Carriers in use that the actor may see: persons only with the right for them."""
    person = Q(kind=CarrierKind.PERSON)
    seen = (within(reach(actor, SEE)) & ~person) | (within(reach(actor, SEE_PERSON)) & person)
    rows = Carrier.records.filter(seen, enabled=True).select_related("region", "place")
    return rows.defer("region__boundary").order_by("code")


def carrier_of(actor: Any, code: str) -> Carrier | None:
    """One carrier by its code; foreign and missing look the same."""
    return carriers_for(actor).select_related("device").filter(code=code).first()


def find(rows: QuerySet[Carrier], typed: str) -> QuerySet[Carrier]:
    """Carriers by code, name, pinyin or initials."""
    typed = typed.strip()
    return rows.filter(matching(typed) | Q(code__icontains=typed)) if typed else rows


def findable(rows: QuerySet[Carrier], typed: str, actor: Any) -> Sequence[Carrier]:
    """Carriers as by `find`, without persons that only a part of their name finds which the actor may not read."""
    found = find(rows, typed)
    if not (typed := typed.strip().lower()):
        return found
    return [one for one in found if name_for(one, actor) == one.name or typed in one.code.lower()]


def shown(now: datetime) -> Q:
    """Carriers whose place is of now: all but phones that are not shared at this moment."""
    shared = Sharing.objects.filter(carrier=OuterRef("pk"), ended_at=None, until__gt=now)
    return Q(person=None) | Exists(shared)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page says of where a carrier is now.

    at, lon, lat   of the last position that was believed; None when there was none
    old            it is older than the rule allows: drawn grey
    doubt          words for a newer position that was not believed, or that there is none; "" when all is well
    doubt_at       when that one was measured
    level          of its fence alarms that are on
    """

    carrier: Carrier
    name: str
    at: datetime | None
    lon: float | None
    lat: float | None
    speed_kmh: float | None
    course_deg: float | None
    accuracy_m: float | None
    old: bool
    doubt: str
    doubt_at: datetime | None
    level: int | None = None

    @property
    def state(self) -> str:
        """One word for filters: live, old, doubt, never."""
        if self.at is None:
            return "never"
        return "old" if self.old else "doubt" if self.doubt else "live"


def seen(carriers: Sequence[Carrier], actor: Any, rules: Rules, now: datetime) -> list[Seen]:
    """What is to be said of each, with one question for all their fence alarms."""
    levels = fence_levels(carriers)
    return [_seen(one, actor, rules, now, levels.get(one.pk)) for one in carriers]


def _seen(carrier: Carrier, actor: Any, rules: Rules, now: datetime, level: int | None) -> Seen:
    place: Place | None = getattr(carrier, "place", None)
    name = name_for(carrier, actor)
    if place is None or place.seen_ms < 0:
        return Seen(
            carrier, name, None, None, None, None, None, None, True, _("has never sent a position"), None, level
        )
    doubted = place.seen_mark != FINE and place.seen_ms > place.t_ms
    doubt = doubt_words(place.seen_mark) if doubted else ""
    doubt_at = moment(place.seen_ms) if doubted else None
    if place.t_ms < 0:
        return Seen(carrier, name, None, None, None, None, None, None, True, doubt, doubt_at, level)
    at = moment(place.t_ms)
    old = (now - at).total_seconds() > rules.stale_s[carrier.kind]
    return Seen(
        carrier, name, at, place.lon, place.lat, place.speed_kmh, place.course_deg, place.accuracy_m, old, doubt,
        doubt_at, level,
    )  # fmt: skip


def doubt_words(mark: int) -> str:
    """Why a position is not believed."""
    return {
        NO_FIX: _("no satellite fix"),
        IMPOSSIBLE: _("position impossible"),
        JUMP: _("position doubtful: too far for the time"),
    }.get(mark, "")


def name_for(carrier: Carrier, actor: Any) -> str:
    """The name as the actor may read it: that of a person is masked for who has no right to see it in full."""
    if not carrier.personal or may(actor, "personal.unmask", carrier.region) or actor.pk == carrier.person_id:
        return str(carrier.name)
    return masks.person(carrier.name)


def fence_levels(carriers: Iterable[Carrier]) -> dict[int, int]:
    """Carrier id → the most severe level of its fence alarms that are on."""
    ids = [one.pk for one in carriers]
    if not ids:
        return {}
    on = Alarm.records.filter(closed_at=None, cleared_at=None, retrospective=False)
    rows = on.filter(point__derivation__in=Watch.objects.filter(ended_at=None).values("derived"))
    by_point = dict(rows.values_list("point_id").annotate(Min("level")))
    if not by_point:
        return {}
    found: dict[int, int] = {}
    watches = Watch.objects.filter(derived__point__in=by_point, carrier__in=ids)
    for carrier, point in watches.values_list("carrier_id", "derived__point_id"):
        found[carrier] = min(by_point[point], found.get(carrier, 9))
    return found
