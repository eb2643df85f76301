"""What the chain itself tells, and what the rooms below it cannot: clocks that ran out, and who was told.

Clocks and notices lie lower than chains and know of no story; here they become lines of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anlan.kernel.audit.models import Entry
from anlan.kernel.chains.models import Chain
from anlan.kernel.chains.queries import refs_of
from anlan.kernel.chains.timeline import Proof, Step
from anlan.kernel.clocks.models import Clock
from anlan.kernel.clocks.queries import is_late
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.rights import may
from anlan.kernel.rulebook.models import Entry as Rule
from anlan.kernel.web import refs
from anlan.kernel.web.formatting import bureau_time, span

#: Subjects whose notices and overdue clocks are told; a storm of alarms is told by its alarms.
MOST_SUBJECTS = 100

#: Notices of one subject that were written within this span are one line.
ONE_LINE = timedelta(seconds=2)

#: Names in such a line; the rest is counted.
MOST_NAMES = 3


def of_itself(chain: Chain, viewer: Any) -> Iterator[Step]:
    """Opened, merged, closed: by the audit trail, which knows who it was."""
    titles = {
        "chain.open": _("Chain %(number)s opened"),
        "chain.merge": _("Joined with another chain"),
        "chain.close": _("Chain closed"),
    }
    rows = Entry.objects.filter(ref=f"chain:{chain.pk}", verb__in=titles).order_by("at", "id")
    for entry in rows:
        other = entry.after.get("from") or entry.after.get("into") or ""
        yield Step(
            at=entry.at,
            title=titles[entry.verb] % {"number": chain.number},
            detail=other,
            who=entry.actor_name,
            mark="decision" if entry.verb == "chain.merge" else "ring",
            order=9 if entry.verb == "chain.close" else 2,
        )


def of_clocks(chain: Chain, viewer: Any) -> Iterator[Step]:
    """The moment at which a clock ran out, where the viewer may see whose it was."""
    now = timezone.now()
    late = [clock for clock in Clock.objects.filter(chain_id=chain.pk).select_related("entry") if is_late(clock, now)]
    visible = _visible((clock.ref for clock in late), viewer)
    for clock in late:
        if clock.ref not in visible:
            continue
        over = ((clock.stopped_at or now) - clock.due).total_seconds()
        yield Step(
            at=clock.due,
            title=_("Time ran out: %(what)s") % {"what": rule_title(clock.entry)},
            detail=refs.label_of(clock.ref),
            clock_label=allowed_words(clock),
            clock_used=_("over by %(span)s") % {"span": span(over)},
            late=True,
            order=5,
            **rule_fields(clock.entry),
        )


def of_notices(chain: Chain, viewer: Any) -> Iterator[Step]:
    """Who was told of what, one line for those told together, with how many of them have read it."""
    subjects = _visible(refs_of(chain)[:MOST_SUBJECTS], viewer)
    if not subjects or not may(viewer, "chain.see", chain.region):
        return
    rows = list(Notice.objects.filter(ref__in=subjects).select_related("to").order_by("ref", "created_at", "id"))
    for _ref, told in groupby(rows, key=lambda notice: notice.ref):
        for together in _bursts(list(told)):
            yield _told(together)


def _bursts(notices: list[Notice]) -> Iterator[list[Notice]]:
    """Notices of one subject, cut where more than `ONE_LINE` lies between."""
    burst: list[Notice] = []
    for notice in notices:
        if burst and notice.created_at - burst[0].created_at > ONE_LINE:
            yield burst
            burst = []
        burst.append(notice)
    if burst:
        yield burst


def _told(notices: list[Notice]) -> Step:
    names = list(dict.fromkeys(notice.to.name for notice in notices))
    shown = _(", ").join(names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        shown += _(" and %(n)d more") % {"n": len(names) - MOST_NAMES}
    read = len({notice.to_id for notice in notices if notice.read_at})
    receipts = _("Read %(read)d / %(all)d") % {"read": read, "all": len(names)}
    return Step(
        at=notices[0].created_at,
        title=_("Told: %(names)s") % {"names": shown},
        detail=_in_reach(notices).title,
        proofs=(Proof(receipts, "", "bell"),),
        order=6,
    )


def _in_reach(notices: list[Notice]) -> Notice:
    """The one whose words are in the language of the page, as far as any is."""
    language = get_language() or ""
    return next((n for n in notices if n.to.language == language), notices[0])


def _visible(subjects: Any, viewer: Any) -> set[str]:
    return {ref for ref in dict.fromkeys(subjects) if refs.may_see(viewer, ref)}


def rule_title(entry: Rule) -> str:
    """The title of a rule: Chinese where the reader reads Chinese and the rulebook has it."""
    return (entry.title_zh if (get_language() or "").startswith("zh") else "") or entry.title


def rule_fields(entry: Rule) -> dict[str, Any]:
    """The fields of a step that say which rule decided."""
    return {
        "rule_label": f"{entry.code} v{entry.version} {rule_title(entry)}",
        "rule_clause": " ".join(part for part in (entry.standard, entry.clause) if part),
        "rule_url": reverse("rulebook:entry", args=[entry.pk]),
        "verified": entry.verified,
    }


def allowed_words(clock: Clock) -> str:
    """The time that a clock gave, with what was added: "4 h 0 min, extended to 2026-11-24 12:00"."""
    words = span((clock.original_due - clock.started_at).total_seconds())
    if clock.extensions:
        words += _(", extended to %(at)s") % {"at": bureau_time(clock.due)}
    return words


def used_words(clock: Clock, at: datetime) -> str:
    """The time that was used up to `at`, without pauses."""
    return _("used %(span)s") % {"span": span(max(0.0, (at - clock.started_at).total_seconds() - clock.paused_s))}
