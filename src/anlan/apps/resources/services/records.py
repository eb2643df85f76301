"""What the registers of resources ask of other rooms' words: checks, figures, what stays behind, what moves along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.resources.models import (
    Balance,
    Document,
    FireStation,
    Machine,
    Opening,
    Posting,
    Requisition,
    Reserve,
    Shelter,
    Store,
    Team,
)
from anlan.apps.resources.models.forces import Rank
from anlan.apps.resources.models.requisitions import OPEN
from anlan.apps.resources.models.shelters import RULES, ShelterKind
from anlan.apps.resources.queries import norms, reach, shelters
from anlan.apps.resources.queries.supplies import find, supplies
from anlan.kernel.people.models import User
from anlan.kernel.registers.declarations import (
    Fault,
    Register,
    register_check,
    register_effect,
    register_figures,
    register_move,
)
from anlan.kernel.registers.services import Refused
from anlan.kernel.rulebook.queries import NoRule, lookup
from anlan.science.norms import Norm, Standing, standing
from anlan.science.shelters import capacity


def register() -> None:
    """Called once at start."""
    register_check("resources.team", check_team)
    register_check("resources.supply", check_supply)
    register_check("resources.shelter", check_shelter)
    register_check("resources.station", check_station)
    register_effect("resources.in_use", keep_what_is_in_use)
    register_figures("resources.team_norm", team_norms)
    register_figures("resources.station_reach", station_reach)
    register_figures("resources.stocked", stocked)
    register_figures("resources.machine_requisition", machine_requisitions)
    register_figures("resources.reserve_available", reserves_available)
    register_figures("resources.shelter_capacity", shelter_capacities)
    register_figures("resources.shelter_occupancy", shelter_occupancies)
    register_move("resources", move_along)


STANDINGS = {
    Standing.BELOW: lambda: _("below the norm"),
    Standing.WITHIN: lambda: _("within the norm"),
    Standing.ABOVE: lambda: _("above the norm"),
}


# --- checks -----------------------------------------------------------------------------------------------------------
def check_team(values: Mapping[str, Any], _record: Any) -> Iterator[Fault]:
    """Members against the norm of towns and villages: said, not refused. Full-time members are members."""
    members, full_time = values.get("members"), values.get("full_time")
    if members is not None and full_time is not None and full_time > members:
        yield Fault("full_time", "range", _("More full-time members than members."))
    code = norms.TEAM_RULES.get(values.get("rank") or "")
    if code is None or members is None:
        return
    try:
        entry = lookup("norm", code, at=timezone.now(), region=values.get("region"))
    except NoRule:
        return
    rule = Norm.of(entry.body)
    if standing(rule, members) is not Standing.WITHIN:
        words = _("The norm is %(least)d to %(most)d members (%(source)s); these are %(have)d.")
        told = {"least": rule.least or 0, "most": rule.most or 0, "source": entry.standard, "have": members}
        yield Fault("members", "norm", words % told, blocks=False)


def check_supply(values: Mapping[str, Any], _record: Any) -> Iterator[Fault]:
    """A class that the list of supplies does not know finds no norm and no sum: said, not refused."""
    word = values.get("supply")
    if not word:
        return
    try:
        classes = supplies(timezone.now())
    except NoRule:
        return
    if find(word, classes) is None:
        words = _("“%(word)s” is no class of the list of supplies; it will be missing in sums.")
        yield Fault("supply", "unknown", words % {"word": word}, blocks=False)


def check_shelter(values: Mapping[str, Any], _record: Any) -> Iterator[Fault]:
    """An area that can be meant; a sign that promises more places than the rule gives is told."""
    area, stated, kind = values.get("usable_m2"), values.get("stated_places"), values.get("kind")
    if area is not None and area <= 0:
        yield Fault("usable_m2", "range", _("An effective area is above zero."))
        return
    if area is None or stated is None or kind not in ShelterKind.values:
        return
    try:
        entry = lookup(shelters.KIND, RULES[ShelterKind(kind)], at=timezone.now(), region=values.get("region"))
    except NoRule:
        return
    fits = int(capacity(area, entry.body["m2_per_person"]))
    if stated > fits:
        words = _(
            "The sign says %(stated)d places; by the rule %(fits)d people fit on %(area)g m² (%(space)g m² each)."
        )
        told = {"stated": stated, "fits": fits, "area": area, "space": entry.body["m2_per_person"]}
        yield Fault("stated_places", "places", words % told, blocks=False)


def check_station(values: Mapping[str, Any], _record: Any) -> Iterator[Fault]:
    """An area larger than the standard allows to the class is told."""
    code, area = reach.AREA_RULES.get(values.get("kind") or ""), values.get("area_km2")
    if code is None or area is None:
        return
    try:
        entry = lookup("norm", code, at=timezone.now(), region=values.get("region"))
    except NoRule:
        return
    most = entry.body["most"]
    if area > most:
        words = _("A station of this class has at most %(most)g km² in its charge (%(source)s); this is %(have)g.")
        told = {"most": most, "source": entry.standard, "have": area}
        yield Fault("area_km2", "norm", words % told, blocks=False)


# --- columns that are counted -----------------------------------------------------------------------------------------
def team_norms(pks: list[int]) -> dict[int, Any]:
    """How each team stands to the norm of its rank."""
    rules = norms.norms(timezone.now())
    found = {}
    for pk, rank, members in Team.present.filter(pk__in=pks).values_list("pk", "rank", "members"):
        entry = rules.get(norms.TEAM_RULES.get(Rank(rank), ""))
        if entry is not None:
            found[pk] = STANDINGS[standing(Norm.of(entry.body), members)]()
    return found


def station_reach(pks: list[int]) -> dict[int, Any]:
    """Villages that each station reaches in time."""
    far = reach.radius(timezone.now())
    if far is None:
        return {}
    stations = list(FireStation.present.filter(pk__in=pks))
    return dict(reach.picture(stations, reach.villages_of_county(), far).by_station)


def stocked(pks: list[int]) -> dict[int, Any]:
    """Different items in each store."""
    rows = Balance.objects.filter(store__in=pks, milli__gt=0).order_by().values_list("store")
    return dict(rows.annotate(n=Count("lot__item", distinct=True)))


def machine_requisitions(pks: list[int]) -> dict[int, Any]:
    """The running requisition of each machine."""
    rows = Requisition.records.filter(machine__in=pks, stage__in=OPEN)
    return dict(rows.values_list("machine", "number"))


def reserves_available(pks: list[int]) -> dict[int, Any]:
    """What of each reserve is not away."""
    away = dict(
        Requisition.records.filter(reserve__in=pks, stage__in=OPEN)
        .order_by()
        .values_list("reserve")
        .annotate(n=Sum("quantity"))
    )
    rows = Reserve.present.filter(pk__in=pks).values_list("pk", "quantity")
    return {pk: max(quantity - away.get(pk, 0), 0) for pk, quantity in rows}


def shelter_capacities(pks: list[int]) -> dict[int, Any]:
    """Places of each shelter by the rule of today."""
    return dict(shelters.capacities(Shelter.present.filter(pk__in=pks), timezone.now()))


def shelter_occupancies(pks: list[int]) -> dict[int, Any]:
    """Open with how many people, or closed."""
    running = shelters.open_now(pks)
    return {
        pk: _("open, %(people)d of %(places)d") % {"people": running[pk].people, "places": running[pk].places}
        if pk in running
        else _("closed")
        for pk in pks
    }


# --- what a change of a record entails --------------------------------------------------------------------------------
def keep_what_is_in_use(register: Register, record: Any, *, actor: User, now: datetime) -> None:
    """A store with goods, an open shelter, a thing that is away: none of them is taken out of use.

    Raises the registers' Refused, which gives up the removal.
    """
    if record.removed_at is None or record.merged_into is not None:
        return
    words = ""
    if isinstance(record, Store) and Balance.objects.filter(store=record, milli__gt=0).exists():
        words = _("Goods lie in %(name)s; transfer or scrap them first.")
    elif isinstance(record, Shelter) and Opening.records.filter(shelter=record, closed_at=None).exists():
        words = _("%(name)s is open; close it first.")
    elif (isinstance(record, Machine) and Requisition.records.filter(machine=record, stage__in=OPEN).exists()) or (
        isinstance(record, Reserve) and Requisition.records.filter(reserve=record, stage__in=OPEN).exists()
    ):
        words = _("%(name)s is requisitioned; enter its return first.")
    if words:
        raise Refused([Fault("", "in_use", words % {"name": record.name})])


def move_along(ref: str, record: Any) -> int:
    """What hangs on a record that is merged into another goes with it: goods, documents, openings, requisitions.

    Raises the registers' Refused where both are in use at once.
    """
    pk = int(ref.partition(":")[2])
    if isinstance(record, Store):
        return _move_stock(pk, record)
    if isinstance(record, Shelter):
        mine = Opening.records.filter(shelter=pk)
        if mine.filter(closed_at=None).exists() and record.openings.filter(closed_at=None).exists():
            raise Refused([Fault("", "in_use", _("Both shelters are open; close one of them first."))])
        return mine.update(shelter=record)
    if isinstance(record, Machine):
        rows = Requisition.records.filter(machine=pk)
        if rows.filter(stage__in=OPEN).exists() and record.requisitions.filter(stage__in=OPEN).exists():
            raise Refused([Fault("", "in_use", _("Both machines are requisitioned; enter a return first."))])
        return rows.update(machine=record)
    if isinstance(record, Reserve):
        return Requisition.records.filter(reserve=pk).update(reserve=record)
    return 0


def _move_stock(pk: int, store: Store) -> int:
    """Two stores that were one: their books become one book."""
    moved = Document.records.filter(store=pk).update(store=store)
    moved += Document.records.filter(to_store=pk).update(to_store=store)
    Posting.objects.filter(store=pk).update(store=store)
    for row in Balance.objects.filter(store=pk):
        kept, _new = Balance.objects.get_or_create(store=store, account=row.account, lot_id=row.lot_id)
        Balance.objects.filter(pk=kept.pk).update(milli=F("milli") + row.milli)
    Balance.objects.filter(store=pk).delete()
    return moved
