"""Open and close shelters; let people in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from anlan.apps.resources.models import Guest, Opening, Passage, Shelter
from anlan.apps.resources.queries.shelters import places_in
from anlan.apps.resources.services.refusing import Refused
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.web.events import publish

#: More people than this at once are a slip of the keyboard.
MOST_PEOPLE = 20_000


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who gave a name."""

    name: str
    identity: str = ""
    phone: str = ""
    need: str = ""


@transaction.atomic
def open_shelter(shelter: Shelter, *, reason: str, actor: User, now: datetime) -> Opening:
    """Open a shelter; its places are reckoned by the rulebook of this moment and stay so while it is open.

    Raises NotAllowed, NoRule; Refused without a reason, for one that is open or out of use.
    """
    shelter = Shelter.records.select_for_update(of=("self",)).select_related("region").get(pk=shelter.pk)
    require(actor, "shelter.open", shelter.region)
    if len(reason.strip()) < 2:
        raise Refused(_("Say why."), "reason")
    if shelter.removed_at is not None:
        raise Refused(_("%(name)s was taken out of use.") % {"name": shelter.name})
    if Opening.records.filter(shelter=shelter, closed_at=None).exists():
        raise Refused(_("%(name)s is open already.") % {"name": shelter.name})
    places, rule = places_in(shelter, now)
    opening = Opening.records.create(
        shelter=shelter, region=shelter.region, reason=reason.strip()[:200], opened_at=now, opened_by=actor,
        places=places, rule=rule,
    )  # fmt: skip
    _tell(opening, "shelter.open", actor, now, {"places": places, "reason": opening.reason})
    return opening


@transaction.atomic
def close_shelter(opening: Opening, *, note: str = "", actor: User, now: datetime) -> Opening:
    """Close a shelter. Raises NotAllowed; Refused while people are in it."""
    opening = _locked(opening)
    require(actor, "shelter.open", opening.region)
    if opening.closed_at is not None:
        return opening
    if opening.people:
        words = _("%(n)d people are still in %(name)s; enter where they went first.")
        raise Refused(words % {"n": opening.people, "name": opening.shelter.name})
    opening.closed_at, opening.closed_by, opening.close_note = now, actor, note.strip()[:200]
    opening.save(update_fields=("closed_at", "closed_by", "close_note"))
    _tell(opening, "shelter.close", actor, now, {"peak": opening.peak, "note": opening.close_note})
    return opening


@transaction.atomic
def admit(
    opening: Opening, count: int, *, named: Sequence[Named] = (), origin: str = "", note: str = "", key: str,
    actor: User, now: datetime,
) -> Passage:  # fmt: skip
    """People come in: `count` of them, some with names. More than fit are let in all the same, and it is said.

    Raises NotAllowed; Refused for a closed shelter, or fewer people than names. The same key again is the same passage.
    """
    opening = _locked(opening)
    require(actor, "shelter.admit", opening.region)
    if (known := Passage.objects.filter(key=key, opening=opening).first()) is not None:
        return known
    _check(opening, count)
    if len(named) > count:
        raise Refused(
            _("%(names)d names were given for %(count)d people.") % {"names": len(named), "count": count}, "count"
        )
    if any(not one.name.strip() for one in named):
        raise Refused(_("A person with a number or a need has a name."), "names")
    passage = _pass(opening, count, origin, note, key, actor, now)
    Guest.objects.bulk_create(
        Guest(
            opening=opening, name=one.name.strip(), identity=one.identity, phone=one.phone, need=one.need, came=passage
        )
        for one in named
    )
    after = {"count": count, "people": passage.inside, "named": len(named), "places": opening.places}
    _tell(opening, "shelter.admit", actor, now, after)
    return passage


@transaction.atomic
def let_go(
    opening: Opening, count: int, *, guests: Sequence[int] = (), origin: str = "", note: str = "", key: str,
    actor: User, now: datetime,
) -> Passage:  # fmt: skip
    """People leave: `count` of them, those of `guests` by name. Raises NotAllowed; Refused for more than are in."""
    opening = _locked(opening)
    require(actor, "shelter.admit", opening.region)
    if (known := Passage.objects.filter(key=key, opening=opening).first()) is not None:
        return known
    _check(opening, count)
    if count > opening.people:
        words = _("%(n)d people are in %(name)s; %(count)d cannot leave.")
        raise Refused(words % {"n": opening.people, "name": opening.shelter.name, "count": count}, "count")
    going = list(opening.guests.filter(pk__in=list(guests), left=None))
    if len(going) != len(set(guests)):
        raise Refused(_("One of these persons has left already; look at the list again."), "guests")
    staying = opening.guests.filter(left=None).count() - len(going)
    if len(going) > count or staying > opening.people - count:
        words = _("Of those who leave at least %(n)d have names; tick them.")
        raise Refused(words % {"n": max(len(going), staying + len(going) - (opening.people - count))}, "guests")
    passage = _pass(opening, -count, origin, note, key, actor, now)
    opening.guests.filter(pk__in=[guest.pk for guest in going]).update(left=passage)
    _tell(opening, "shelter.let_go", actor, now, {"count": count, "people": passage.inside, "named": len(going)})
    return passage


def _locked(opening: Opening) -> Opening:
    rows = Opening.records.select_for_update(of=("self",)).select_related("region", "shelter")
    return rows.get(pk=opening.pk)


def _check(opening: Opening, count: int) -> None:
    if opening.closed_at is not None:
        raise Refused(_("%(name)s is closed.") % {"name": opening.shelter.name})
    if not 0 < count <= MOST_PEOPLE:
        raise Refused(_("Enter how many people, from 1 to %(most)d.") % {"most": MOST_PEOPLE}, "count")


def _pass(
    opening: Opening, count: int, origin: str, note: str, key: str, actor: User, now: datetime
) -> Passage:  # fmt: skip
    inside = opening.people + count
    Opening.records.filter(pk=opening.pk).update(people=inside, peak=Greatest(F("peak"), inside))
    return Passage.objects.create(
        opening=opening, count=count, inside=inside, origin=origin.strip()[:80], note=note.strip()[:200], key=key,
        by=actor, at=now,
    )  # fmt: skip


def _tell(opening: Opening, verb: str, actor: User, now: datetime, after: Mapping[str, object]) -> None:
    audit.record(actor=actor, verb=verb, obj=opening, region=opening.region, after=after, now=now)
    publish("shelter.changed", region=opening.region, verb="resource.see", at=now, data={"shelter": opening.shelter_id})
