"""Tell the duty desk of an earthquake, by the rulebook: a notice and a line of audit, never an alarm.

Each is told once in the transaction that keeps it; a change of magnitude and a rejection are told to the same desk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.outside import rules
from anlan.apps.outside.models import Feed, Quake
from anlan.apps.outside.queries.quakes import twins
from anlan.apps.outside.rules import Telling
from anlan.kernel.audit import services as audit
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import User
from anlan.kernel.people.queries import people_with
from anlan.kernel.people.services import system_user
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import ref_of
from anlan.science.coverage import distances_km

#: Whoever answers alarms sits at the duty desk.
DUTY = "alarm.acknowledge"


def tell(feed: Feed, quakes: Iterable[Quake], *, now: datetime) -> int:
    """Tell what has to be told of events that are new or have changed; returns how many were told one by one."""
    rule = rules.telling(now, feed.region)
    told = 0
    hearers: list[User] | None = None
    for quake in sorted(quakes, key=lambda one: (-(one.magnitude or -9.0), one.pk)):
        words = _news(quake, rule, now)
        if words is None:
            continue
        hearers = people_with(DUTY, feed.region) if hearers is None else hearers
        told += _one(feed, quake, words, hearers, rule, now)
    return told


def _news(quake: Quake, rule: Telling, now: datetime) -> Callable[[], str] | None:
    """The title of what is new for the duty desk; None for nothing."""
    if quake.told_at is not None:
        if quake.is_rejected:
            return None if quake.told_off else lambda: _("Earthquake taken back by its catalogue: %(q)s") % {"q": quake}
        changed = abs((quake.magnitude or 0.0) - (quake.told_magnitude or 0.0))
        if round(changed, 2) >= rule.again:
            return lambda: _("Earthquake, magnitude corrected: %(q)s") % {"q": quake}
        return None
    recent = now - rule.within <= quake.at <= now + timedelta(minutes=5)
    if not recent or quake.is_rejected or quake.type not in ("", "earthquake", "null"):
        return None
    if not rule.tells(quake.magnitude, quake.county_km) or _told_by_another(quake, rule):
        return None
    return lambda: _("Earthquake %(q)s") % {"q": quake}


def _told_by_another(quake: Quake, rule: Telling) -> bool:
    """Whether another catalogue's word of the same event was told, as at least as strong to a change of `again`."""
    span, km = rule.same
    others = [
        one for one in twins(quake, span, km) if one.told_at is not None and one.feed.region_id == quake.feed.region_id
    ]
    if not others:
        return False
    far = distances_km([quake.lon], [quake.lat], [one.lon for one in others], [one.lat for one in others])[0]
    return any(
        float(at) <= km and (one.told_magnitude or 0.0) + rule.again > (quake.magnitude or 0.0)
        for at, one in zip(far, others, strict=True)
    )


def _one(feed: Feed, quake: Quake, title: Callable[[], str], hearers: list[User], rule: Telling, now: datetime) -> bool:
    lately = Quake.objects.filter(feed__region=feed.region, told_at__gt=now - timedelta(hours=1)).count()
    # One more tells that there are more; then the list is enough.
    many = lately >= rule.most
    if quake.told_at is None:
        quake.told_at = now
    if quake.is_rejected:
        quake.told_off = now
    quake.told_magnitude = quake.magnitude
    quake.save(update_fields=("told_at", "told_magnitude", "told_off"))
    if lately > rule.most:
        return False
    notices.tell(
        hearers,
        title=(lambda: _("More earthquakes are coming in")) if many else title,
        body=(lambda: _("The list of earthquakes has all of them.")) if many else lambda: _body(quake, rule),
        ref=ref_of(quake),
        url=reverse("outside:quakes") if many else reverse("outside:quake", args=[quake.pk]),
        region=feed.region,
        now=now,
        sound=not many,
    )
    after = {"magnitude": quake.magnitude, "km": quake.county_km, "hearers": len(hearers), "rule": rule.entry.code}
    audit.record(actor=system_user("outside"), verb="outside.tell", obj=quake, region=feed.region, after=after, now=now)
    return not many


def _body(quake: Quake, rule: Telling) -> str:
    parts = [bureau_time(quake.at, seconds=True)]
    if quake.county_km == 0:
        parts.append(_("inside the county"))
    elif quake.county_km is not None:
        parts.append(_("%(km)s km from the county") % {"km": f"{quake.county_km:.0f}"})
    if quake.town and quake.town_km is not None:
        parts.append(_("%(km)s km from %(town)s") % {"km": f"{quake.town_km:.0f}", "town": quake.town})
    if quake.depth_m is not None and not quake.depth_doubt:
        parts.append(_("depth %(km)s km") % {"km": f"{quake.depth_m / 1000:.0f}"})
    if quake.mode == "automatic":
        parts.append(_("automatic, not reviewed"))
    parts.append(quake.agency or quake.feed.name)
    return " · ".join(parts)
