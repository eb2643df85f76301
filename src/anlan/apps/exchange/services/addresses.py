"""The list of places to which data may be sent: nothing leaves for any other (S9)."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.exchange import outside
from anlan.apps.exchange.models import Address, Way
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries as regions

#: Subjects lie under this one, so that one stream of a broker holds all of them.
PREFIX = "anlan.exchange."
SUBJECT = re.compile(r"anlan\.exchange(\.[A-Za-z0-9_-]{1,40}){1,6}")


class Refused(ValueError):
    """What was asked cannot be done; says why in words for the person who asked."""


@transaction.atomic
def add_address(*, kind: str, place: str, note: str, actor: User, now: datetime) -> Address:
    """Put an address on the list. Raises NotAllowed without exchange.address; Refused for one that cannot be meant."""
    require(actor, "exchange.address", regions.root())
    place, note = place.strip(), note.strip()
    if not note:
        raise Refused(_("Say whose address this is."))
    if kind == Way.NATS and not SUBJECT.fullmatch(place):
        raise Refused(
            _("A subject is written %(prefix)scity: letters, digits, dash and underscore.") % {"prefix": PREFIX}
        )
    if kind == Way.HTTP and (fault := outside.fault_of(place)):
        raise Refused(
            _("A name or a password does not belong into an address; it would stand in lists and logs.")
            if fault == "secret"
            else _("An address is written https://host/path.")
        )
    if kind not in Way.values or len(place) > 300:
        raise Refused(_("An address is an HTTP address or a NATS subject of at most 300 characters."))
    if Address.objects.filter(place=place, ended_at=None).exists():
        raise Refused(_("%(place)s is on the list already.") % {"place": place})
    address = Address.objects.create(kind=kind, place=place, note=note[:120], by=actor, at=now)
    _tell(address, "exchange.address", actor, now, {}, {"place": place, "note": note})
    return address


@transaction.atomic
def end_address(address: Address, *, actor: User, now: datetime) -> Address:
    """Take an address off the list: from now on nothing is sent there. Raises NotAllowed."""
    require(actor, "exchange.address", regions.root())
    address = Address.objects.select_for_update().get(pk=address.pk)
    if address.ended_at is None:
        address.ended_at = now
        address.save(update_fields=("ended_at",))
        _tell(address, "exchange.address_end", actor, now, {"place": address.place}, {"ended_at": now})
    return address


def _tell(
    address: Address, verb: str, actor: User, now: datetime, before: dict[str, object], after: dict[str, object]
) -> None:
    audit.record(
        actor=actor, verb=verb, obj=f"exchange_address:{address.pk}", region=regions.root(), before=before, after=after,
        now=now,
    )  # fmt: skip
