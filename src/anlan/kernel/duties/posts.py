"""Who answers where: the chain from a village up to the county, pairs of A and B, and what is lacking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.models import Responsibility
from anlan.kernel.duties.presence import away
from anlan.kernel.duties.rules import PostRule, post_rules, responsibilities
from anlan.kernel.people import services as people
from anlan.kernel.people.models import Department, Post, Slot, User
from anlan.kernel.people.rights import may, reach, require
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.pinyin import pinyin_key
from anlan.kernel.regions.scope import within
from anlan.kernel.rulebook.models import Entry

#: What may be lacking at a place, by code.
LACKS: dict[str, Any] = {
    "A": gettext_lazy("nobody as A"),
    "B": gettext_lazy("nobody as B"),
    "same": gettext_lazy("A and B are one person"),
    "phone": gettext_lazy("no phone"),
    "away": gettext_lazy("everyone is away"),
}


@dataclass(frozen=True, slots=True)
class Seat:
    """One slot of a post at a place. `post` None: nobody was ever named; `stands_in`: speaks for A, who is away."""

    slot: str
    post: Post | None
    away: bool = False
    stands_in: bool = False

    @property
    def holder(self) -> User | None:
        """Who sits there and has an open account."""
        held = self.post.holder if self.post is not None else None
        return held if held is not None and held.is_active else None


@dataclass(frozen=True, slots=True)
class Pair:
    """A post at a place with its slots; `rule` None for one that no rule asks for."""

    duty: str
    title: str
    region: Region
    seats: tuple[Seat, ...]
    rule: PostRule | None


@dataclass(frozen=True, slots=True)
class Rung:
    """One place of the chain: its pairs, what the law says of it, and the bureau's own lines."""

    region: Region
    pairs: tuple[Pair, ...]
    laws: tuple[Entry, ...]
    own: tuple[Responsibility, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """What is lacking at one place; `lacks` are keys of `LACKS`."""

    pair: Pair
    above: str
    lacks: tuple[str, ...]


def chain(region: Region, viewer: Any, now: datetime) -> list[Rung]:
    """Everyone who answers for a place, from the place itself up to the bureau's own region."""
    places = [region, *reversed(regions.ancestors(region))]
    root = regions.tree().root()
    if root is not None:
        places = [one for one in places if one.path.startswith(root.path)]
    gone = away(now)
    by_region: dict[int, list[Post]] = {one.pk: [] for one in places}
    rows = Post.objects.filter(region__in=places).select_related("holder", "department", "region")
    for post in rows.order_by("duty", "slot", "pk"):
        by_region[post.region_id].append(post)
    own = Responsibility.records.filter(region__in=places, until=None).select_related("department")
    rungs = []
    for place in places:
        rules = [rule for rule in post_rules(now, place) if place.level in rule.levels]
        rungs.append(
            Rung(
                region=place,
                pairs=tuple(_pairs(place, by_region[place.pk], rules, gone)),
                laws=tuple(responsibilities(now, place)),
                own=tuple(line for line in own if line.region_id == place.pk),
            )
        )
    return rungs


def _pairs(region: Region, posts: Iterable[Post], rules: Iterable[PostRule], gone: frozenset[int]) -> list[Pair]:
    by_duty: dict[str, list[Post]] = {}
    for post in posts:
        by_duty.setdefault(post.duty, []).append(post)
    found = [_pair(region, rule.duty, str(rule), by_duty.pop(rule.duty, []), rule, gone) for rule in rules]
    return found + [_pair(region, duty, own[0].name, own, None, gone) for duty, own in by_duty.items()]


def _pair(
    region: Region, duty: str, title: str, posts: list[Post], rule: PostRule | None, gone: frozenset[int]
) -> Pair:
    seats = []
    slots = list(dict.fromkeys([*(rule.slots if rule else ()), *(post.slot for post in posts)]))
    first_gone = False
    for slot in sorted(slots):
        post = next((one for one in posts if one.slot == slot and one.holder_id), None)
        is_away = post is not None and post.holder_id in gone
        stands_in = slot != Slot.A and first_gone and post is not None and not is_away
        seats.append(Seat(slot, post, is_away, stands_in))
        first_gone |= slot == Slot.A and (post is None or is_away)
    return Pair(duty, title, region, tuple(seats), rule)


def gaps(viewer: Any, now: datetime, *, duty: str = "", inside: Region | None = None) -> list[Gap]:
    """Every place, where the viewer may see duties, that lacks somebody whom a rule asks for."""
    root = regions.root()
    if root is None:
        return []
    rules = [rule for rule in post_rules(now, root) if duty in ("", rule.duty)]
    levels = {level for rule in rules for level in rule.levels}
    places = Region.objects.filter(within(reach(viewer, "duty.see"), "path"), level__in=levels).defer("boundary")
    if inside is not None:
        places = places.filter(path__startswith=inside.path)
    posts: dict[tuple[int, str], list[Post]] = {}
    wanted = Post.objects.filter(duty__in=[rule.duty for rule in rules]).select_related("holder")
    for post in wanted.order_by("slot", "pk"):
        posts.setdefault((post.region_id, post.duty), []).append(post)
    gone = away(now)
    names = regions.tree().by_id
    found = []
    for place in places.order_by("path"):
        for rule in rules:
            if place.level in rule.levels:
                pair = _pair(place, rule.duty, str(rule), posts.get((place.pk, rule.duty), []), rule, gone)
                if lacks := tuple(_lacks(pair)):
                    above = names.get(place.parent_id or 0)
                    found.append(Gap(pair, above.name if above else "", lacks))
    return found


def _lacks(pair: Pair) -> Iterable[str]:
    held = [seat for seat in pair.seats if seat.holder is not None]
    for seat in pair.seats:
        if seat.holder is None:
            yield seat.slot
    if len(held) > 1 and len({seat.post.holder_id for seat in held if seat.post}) == 1:
        yield "same"
    if any(not (seat.holder and seat.holder.phone) for seat in held):
        yield "phone"
    if held and all(seat.away for seat in held):
        yield "away"


@transaction.atomic
def name_holder(*, region: Region, duty: str, slot: str, holder: User | None, actor: User, now: datetime) -> Post:
    """Name who answers for a duty at a place as A or B; None empties the slot.

    Raises NotAllowed without duty.manage there; Refused for a duty that no rule knows, or one person as both.
    """
    rule = rule_of(duty, region, now)
    if slot not in rule.slots:
        raise Refused(_("This post has no slot %(slot)s.") % {"slot": slot})
    if holder is not None:
        twin = Post.objects.filter(duty=duty, region=region, holder=holder).exclude(slot=slot).exists()
        if twin:
            raise Refused(_("%(name)s is already the other one of this pair.") % {"name": holder.name})
    kept = Post.objects.filter(duty=duty, region=region, slot=slot).select_related("department").first()
    department = kept.department if kept is not None else office_of(region)
    title = kept.name if kept is not None else rule.title_zh or rule.title
    return people.fill_post(
        duty=duty, name=title, department=department, region=region, holder=holder, actor=actor, now=now, slot=slot,
        right="duty.manage",
    )  # fmt: skip


@transaction.atomic
def enter_person(*, name: str, phone: str, region: Region, actor: User, now: datetime) -> User:
    """A person who answers somewhere without signing in: an account without a password. The same name and phone is one.

    Raises NotAllowed without duty.manage there, Refused without a name.
    """
    require(actor, "duty.manage", region)
    name, phone = " ".join(name.split()), phone.strip()
    if not name:
        raise Refused(_("Write the name."))
    known = User.objects.filter(name=name, phone=phone, is_system=False).first() if phone else None
    if known is not None:
        return known
    return people.add_person(
        username=_free_name(name), name=name, phone=phone, department=office_of(region), actor=actor, now=now,
        right="duty.manage",
    )  # fmt: skip


def _free_name(name: str) -> str:
    login = pinyin_key(name).partition("|")[0][:40] or "person"
    taken = set(User.objects.filter(username__startswith=login).values_list("username", flat=True))
    number = 1
    while (login if number == 1 else f"{login}{number}") in taken:
        number += 1
    return login if number == 1 else f"{login}{number}"


def rule_of(duty: str, region: Region, now: datetime) -> PostRule:
    """The rule that asks for a duty at a place of this level. Raises Refused when none does."""
    for rule in post_rules(now, region):
        if rule.duty == duty and region.level in rule.levels:
            return rule
    raise Refused(_("No post of this kind is kept at %(place)s.") % {"place": region.name})


def office_of(region: Region) -> Department:
    """The department of a place or of the nearest above it. Raises Refused when there is none at all."""
    paths = regions.prefixes(region.path)
    found = Department.objects.filter(region__path__in=paths).exclude(code__startswith="qy-").select_related("region")
    nearest = max(found, key=lambda one: (len(one.region.path), one.parent_id is None), default=None)
    if nearest is None:
        raise Refused(_("There is no department at %(place)s or above it yet.") % {"place": region.name})
    return nearest


def may_unmask(viewer: Any, region: Region) -> bool:
    """May the viewer see phones of people here in clear?"""
    return may(viewer, "personal.unmask", region)
