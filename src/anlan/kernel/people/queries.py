"""Questions about people and posts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from anlan.kernel.people.models import Grant, Post, Role, User
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.pinyin import matching
from anlan.kernel.regions.queries import prefixes

#: (duty, region, at) -> who stands that duty there by a roster in force; none when no roster says so.
Standing = Callable[[str, Region, datetime], list[User]]
#: (at) -> numbers of the people who are away then.
Away = Callable[[datetime], frozenset[int]]

_standing: list[Standing] = []
_away: list[Away] = []


def register_presence(*, standing: Standing, away: Away) -> None:
    """Name the functions that know rosters and absences; called once, by the duties room, at start."""
    _standing[:] = [standing]
    _away[:] = [away]


def persons() -> QuerySet[User]:
    """Accounts of people, without the product's own hands."""
    return User.objects.filter(is_system=False)


def anybody_here() -> bool:
    """Is there an account of a person yet? False only before the first start."""
    return persons().exists()


def search(typed: str) -> QuerySet[User]:
    """People by name, user name, pinyin or initials."""
    return persons().filter(matching(typed) | matching(typed, name="username"))


def people_with(verb: str, region: Region, exclude: Iterable[User] = (), *, at: datetime | None = None) -> list[User]:
    """Everyone who holds `verb` in `region` at `at` (now when not given), by user name; system hands never."""
    at = at or timezone.now()
    roles = [pk for pk, names in Role.objects.values_list("pk", "verbs") if verb in names]
    grants = (
        Grant.objects.filter(role_id__in=roles, region__path__in=prefixes(region.path))
        .filter(Q(valid_from=None) | Q(valid_from__lte=at))
        .filter(Q(valid_to=None) | Q(valid_to__gt=at))
    )
    found = persons().filter(is_active=True, pk__in=grants.values("user_id"))
    return list(found.exclude(pk__in=[user.pk for user in exclude]).order_by("username"))


def holder(duty: str, region: Region, *, at: datetime | None = None) -> list[User]:
    """Who answers for a duty at a place at a moment (None: now): whoever stands it by a roster, else the posts.

    Of the posts A then B of the nearest region, walking up, that has somebody in them; who is away comes behind who is
    there. Empty when nobody up to the root holds it.
    """
    at = at or timezone.now()
    for standing in _standing:
        if on_roster := standing(duty, region, at):
            return on_roster
    posts = Post.objects.filter(
        duty=duty, region__path__in=prefixes(region.path), holder__is_active=True, holder__is_system=False
    ).select_related("holder", "region")
    ordered = sorted(posts, key=lambda post: (-len(post.region.path), post.slot, post.pk))
    found: list[User] = []
    for post in ordered:
        if post.region.path != ordered[0].region.path:
            break
        if post.holder is not None and post.holder not in found:
            found.append(post.holder)
    gone = frozenset[int]().union(*(away(at) for away in _away)) if found else frozenset[int]()
    return sorted(found, key=lambda user: user.pk in gone)


def unit_holders(duty: str, region: Region) -> list[User]:
    """As `holder`, but only of `region` itself."""
    here = holder(duty, region)
    own = Post.objects.filter(duty=duty, region=region, holder__in=here)
    return here if own.exists() else []
