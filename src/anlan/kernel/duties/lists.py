"""The list of responsibilities: lines by law from the rulebook, and lines of the bureau's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.models import Responsibility
from anlan.kernel.duties.rules import RESPONSIBILITY, spoken
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.rulebook.queries import entries


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is shown; `own` is None for one by law."""

    who: str
    words: str
    where: str
    source: str
    verified: bool
    entry: Any = None
    own: Responsibility | None = None


def lines(
    viewer: Any, now: datetime, *, region: Region, typed: str = "", level: str = "", department: str = ""
) -> list[Line]:
    """Lines by law for the levels that lie in `region`, then the bureau's own that the viewer may see there."""
    found = []
    if not department:
        for entry in entries(RESPONSIBILITY, now, region):
            levels = [one for one in entry.body["levels"] if level in ("", one)]
            if levels:
                found.append(
                    Line(
                        who=spoken(entry.body["who"], entry.body.get("who_zh", "")),
                        words=spoken(entry.title, entry.title_zh),
                        where=_(", ").join(str(Level(one).label) for one in levels),
                        source=f"{entry.standard} {entry.clause}".strip(),
                        verified=entry.verified,
                        entry=entry,
                    )
                )
    rows = Responsibility.objects.for_actor(viewer, "duty.see").filter(region__path__startswith=region.path)
    rows = rows.filter(Q(until=None) | Q(until__gt=timezone.localdate(now))).select_related("region", "department")
    if level:
        rows = rows.filter(region__level=level)
    if department:
        rows = rows.filter(department__code=department)
    for row in rows:
        who = " · ".join(word for word in (row.department.name if row.department else "", row.post) if word)
        source = f"{row.standard} {row.clause}".strip()
        found.append(Line(who, row.words, row.region.name, source, verified=True, own=row))
    words = typed.strip().lower()
    return [one for one in found if words in f"{one.who} {one.words} {one.source} {one.where}".lower()]


@transaction.atomic
def add_line(
    *,
    region: Region,
    department: Department | None,
    post: str,
    words: str,
    standard: str,
    clause: str,
    since: date,
    actor: User,
    now: datetime,
) -> Responsibility:
    """Put a line of the bureau's own into the list. Raises NotAllowed without duty.manage there, Refused."""
    require(actor, "duty.manage", region)
    words, post = words.strip(), post.strip()
    if len(words) < 2:
        raise Refused(_("Say what the duty is."))
    if department is None and not post:
        raise Refused(_("Say who answers: a department, a post, or both."))
    row = Responsibility.records.create(
        region=region, department=department, post=post[:80], words=words, standard=standard.strip()[:120],
        clause=clause.strip()[:80], since=since, by=actor,
    )  # fmt: skip
    after = {"region": region.code, "department": department.code if department else None, "post": post, "words": words}
    audit.record(actor=actor, verb="duty.list", obj=row, region=region, after=after, now=now)
    return row


@transaction.atomic
def end_line(row: Responsibility, *, reason: str, actor: User, now: datetime) -> None:
    """Let a line of the bureau's own end today; it stays in the history.

    Raises NotAllowed; Refused without a reason or for one that ended.
    """
    kept = Responsibility.records.select_for_update(of=("self",)).select_related("region").get(pk=row.pk)
    require(actor, "duty.manage", kept.region)
    if kept.until is not None:
        raise Refused(_("This line has ended already."))
    if len(reason.strip()) < 2:
        raise Refused(_("Say why it ends."))
    kept.until = max(timezone.localdate(now), kept.since)
    kept.save(update_fields=["until"])
    audit.record(
        actor=actor, verb="duty.list_end", obj=kept, region=kept.region, before={"words": kept.words},
        after={"until": kept.until}, note=reason.strip(), now=now,
    )  # fmt: skip
