"""API tokens of those who can sign in to the demo: one in use, one for maps of a town, one that was revoked."""

from __future__ import annotations

from datetime import datetime, timedelta

from anlan.demo.county.model import County
from anlan.kernel.people import tokens
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import EVERYWHERE, reach
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.registers.declarations import declared

ORDER = 910


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Give and revoke them as their owners would; nobody knows the keys."""
    seeing = sorted({register.see for register in declared()})
    people = [person for person in User.objects.filter(is_system=False) if person.has_usable_password()]
    for person in people:
        verbs = tokens.verbs_for(person)
        looking = [verb for verb in verbs if verb in seeing]
        if not looking:
            continue
        earlier = now - timedelta(days=40)
        old, _key = tokens.give(
            owner=person, name="旧月报脚本", verbs=looking, region=None, days=90, now=earlier
        )  # fmt: skip
        tokens.revoke(old, actor=person, now=now - timedelta(days=12))
        tokens.give(
            owner=person, name="月报汇总脚本", verbs=looking, region=None, days=180, now=now - timedelta(days=12)
        )
        town = _town(person, looking[0])
        if town is not None:
            tokens.give(owner=person, name="QGIS 制图", verbs=looking[:1], region=town, days=366, now=now)


def _town(person: User, verb: str) -> Region | None:
    """A town in which the person holds the verb."""
    towns = Region.objects.filter(level=Level.TOWN).order_by("code")
    paths = reach(person, verb)
    return next((town for town in towns if EVERYWHERE in paths or town.path.startswith(tuple(paths))), None)
