"""Questions to the catalogue: what stands in it, how fresh and how good each register is."""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from anlan.apps.exchange import quality, rules
from anlan.apps.exchange.models import Card, Finding, Measure
from anlan.kernel.people.rights import holds, reach
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level
from anlan.kernel.regions.scope import within
from anlan.kernel.registers import selecting
from anlan.kernel.registers.declarations import Register, declared, of_model
from anlan.kernel.registers.models import Batch, Head, Revision

#: Days of changes that the catalogue shows, and days of scores that the page of a register draws.
ACTIVITY_DAYS, SCORE_DAYS = 30, 180


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a register was last changed or confirmed, against its promise.

    verdict  "fresh", "stale", or "never" for one without any record
    by_card  the promise is the owner's own and not the rulebook's
    """

    changed_at: datetime | None
    confirmed_at: datetime | None
    days: int
    by_card: bool
    verdict: str

    @property
    def last(self) -> datetime | None:
        return max((at for at in (self.changed_at, self.confirmed_at) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Row:
    """One register of the catalogue, as far as the viewer reaches.

    records  how many there are now where the viewer may see them, else how many were measured
    score    of the last measurement, None where none was or nothing is in it
    before   the score 30 days earlier
    """

    register: Register
    card: Card
    records: int
    freshness: Freshness
    score: float | None
    before: float | None
    counts: Mapping[str, Any]
    measured: int
    may_look: bool

    @property
    def shares(self) -> dict[str, float]:
        return quality.shares(self.register, self.measured, self.counts)

    @property
    def personal(self) -> int:
        """How many fields are personal."""
        return sum(1 for name in self.register.fields if is_personal(self.register, name))


def is_personal(register: Register, name: str) -> bool:
    """Whether a field is personal data: it is masked on every page, or names an account."""
    info = register.info(name)
    return bool(info.mask) or info.kind == "person"


def rows(actor: Any, now: datetime, registers: Sequence[Register] | None = None) -> list[Row]:
    """The catalogue in its order, with figures of the towns that `actor` reaches."""
    found = declared() if registers is None else registers
    cards = {card.register: card for card in Card.objects.select_related("owner", "confirmed_by")}
    changed = last_changes()
    totals = selecting.totals(actor)
    newest, earlier = _measures(actor, cards, now)
    promised = rules.fresh_days(now)
    listed = []
    for register in found:
        card = cards.get(register.code) or Card(register=register.code)
        measured, score, counts = newest.get(register.code, (0, None, {}))
        records = totals.get(register.code, measured)
        listed.append(
            Row(
                register=register,
                card=card,
                records=records,
                freshness=freshness(register, card, changed.get(register.code), records, now, promised),
                score=score,
                before=earlier.get(register.code, (0, None, {}))[1],
                counts=counts,
                measured=measured,
                may_look=holds(actor, register.see),
            )
        )
    return listed


def freshness(
    register: Register, card: Card, changed_at: datetime | None, records: int, now: datetime,
    promised: Callable[[str], int],
) -> Freshness:  # fmt: skip
    """The verdict on a register. `promised`: days by its code, where nobody promised others."""
    days = card.promise_days or promised(register.code)
    last = max((at for at in (changed_at, card.confirmed_at) if at is not None), default=None)
    verdict = "never" if not records or last is None else "fresh" if now - last <= timedelta(days=days) else "stale"
    return Freshness(changed_at, card.confirmed_at, days, card.promise_days is not None, verdict)


def last_changes() -> dict[str, datetime]:
    """Register → when it was last changed."""
    heads = Head.objects.filter(n__gt=0).values_list("register", "n")
    wanted = _any(Q(register=code, n=n) for code, n in heads)
    return dict(Revision.objects.filter(wanted).values_list("register", "at")) if wanted else {}


def _any(conditions: Iterable[Q]) -> Q:
    return functools.reduce(operator.or_, conditions, Q())


#: (records, score, counts) of some towns together.
Figures = tuple[int, float | None, Mapping[str, Any]]


def _measures(actor: Any, cards: Mapping[str, Card], now: datetime) -> tuple[dict[str, Figures], dict[str, Figures]]:
    """The last measurement of each register, and the one 30 days before, over the towns that the actor reaches."""
    days = {code: timezone.localdate(card.measured_at) for code, card in cards.items() if card.measured_at}
    earlier = timezone.localdate(now) - timedelta(days=30)
    wanted = _any(Q(register=code, day=day) for code, day in days.items()) | Q(day=earlier)
    measures = Measure.objects.filter(within(reach(actor, "catalogue.see"), "town__path"), wanted)
    groups: dict[tuple[str, bool], list[Measure]] = defaultdict(list)
    for measure in measures:
        if measure.day == days.get(measure.register):
            groups[measure.register, True].append(measure)
        if measure.day == earlier:
            groups[measure.register, False].append(measure)
    newest = {code: together(some) for (code, is_last), some in groups.items() if is_last}
    return newest, {code: together(some) for (code, is_last), some in groups.items() if not is_last}


def together(measures: Sequence[Measure]) -> Figures:
    """Several towns as one: records, score, counts."""
    records = sum(measure.records for measure in measures)
    weighed = [(measure.records, measure.score) for measure in measures if measure.score is not None]
    total = sum(n for n, _score in weighed)
    score = sum(n * score for n, score in weighed) / total if total else None
    return records, score, quality.added(measure.counts for measure in measures)


def by_town(register: Register, actor: Any, card: Card) -> list[Measure]:
    """The last measurement of a register town by town, as far as the actor reaches."""
    if card.measured_at is None:
        return []
    found = Measure.objects.filter(
        within(reach(actor, "catalogue.see"), "town__path"),
        register=register.code,
        day=timezone.localdate(card.measured_at),
    )
    return list(found.select_related("town").defer("town__boundary").order_by("town__code"))


def score_curve(register: Register, actor: Any, now: datetime) -> list[tuple[date, float]]:
    """Day → score of a register over the towns that the actor reaches."""
    since = timezone.localdate(now) - timedelta(days=SCORE_DAYS)
    found = Measure.objects.filter(
        within(reach(actor, "catalogue.see"), "town__path"), register=register.code, day__gte=since
    )
    days: dict[date, list[Measure]] = defaultdict(list)
    for measure in found.only("day", "records", "score", "counts"):
        days[measure.day].append(measure)
    curve = ((day, together(some)[1]) for day, some in sorted(days.items()))
    return [(day, score) for day, score in curve if score is not None]


def activity(register: Register, now: datetime, days: int = ACTIVITY_DAYS) -> list[int]:
    """Changed records on each of so many days up to today in the bureau's zone, the oldest first.

    An import counts with all of its records on the day on which it was put in force.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    today = timezone.localdate(now)
    first = today - timedelta(days=days - 1)
    since = datetime.combine(first, time(), tzinfo=zone)
    counts: dict[date, int] = defaultdict(int)
    single = Revision.objects.filter(register=register.code, n__isnull=False, record__isnull=False, at__gte=since)
    for at in single.order_by().values_list("at", flat=True).iterator(chunk_size=2_000):
        counts[timezone.localdate(at)] += 1
    batches = Batch.objects.filter(register=register.code, published_at__gte=since)
    for at, created, changed in batches.values_list("published_at", "created", "changed"):
        counts[timezone.localdate(at)] += created + changed
    return [counts[first + timedelta(days=n)] for n in range(days)]


def finding(register: Register, kind: str, field: str) -> list[int]:
    """Numbers of the records behind a figure of the last measurement; of every field where none is named."""
    found = Finding.objects.filter(register=register.code, kind=kind)
    if field:
        found = found.filter(field=field)
    pks: set[int] = set()
    for blob in found.values_list("pks", flat=True):
        pks.update(quality.unpacked(bytes(blob)))
    return sorted(pks)


def depth(register: Register) -> int:
    """How many owners stand over a register's records: 0, 1 for their parts, 2 for parts of these."""
    if not register.parent:
        return 0
    owner = of_model(register.model._meta.get_field(register.parent).related_model)
    return 1 + (depth(owner) if owner is not None and owner is not register else 0)


def places(actor: Any, verb: str) -> list[tuple[str, str]]:
    """The county and its towns in which the actor holds `verb`: code and name, as a choice."""
    prefixes = reach(actor, verb)
    root = regions.tree().root()
    nodes = sorted(regions.tree().by_id.values(), key=lambda node: node.path)
    return [
        (node.code, node.name)
        for node in nodes
        if node.level in (Level.CITY, Level.COUNTY, Level.TOWN)
        and (root is None or node.path.startswith(root.path))
        and any(node.path.startswith(prefix) or prefix == "/" for prefix in prefixes)
    ]
