"""Kinds of links that this app knows by itself: rules, screens, cases, proofs handed in by people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.goals.queries.standing import Asked, LinkKind, Offer, Standing, State, likeness, register_kind
from anlan.kernel.cases.models import UNDONE, Case
from anlan.kernel.evidence.models import Evidence
from anlan.kernel.registers.declarations import declared
from anlan.kernel.rulebook import wording
from anlan.kernel.rulebook.models import Entry, Origin
from anlan.kernel.rulebook.queries import entries
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import may_see

#: A title that shares less of its pairs of signs with the clause is not offered.
LIKE = 0.34
#: What a file handed in for a clause is proof of.
PROOF = "goals.proof"
#: So many offers of one kind.
MOST = 12

#: Screens that may serve a clause: name of the address, words. Registers come beside them by themselves.
SCREENS = (
    ("desks:map", gettext_lazy("Map of the county: risks, resources, alarms")),
    ("desks:duty", gettext_lazy("Duty desk: alarms, reports and their clocks")),
    ("desks:work", gettext_lazy("My work: cases and their clocks")),
    ("desks:chains", gettext_lazy("Chains: how an incident was handled")),
    ("sensing:points", gettext_lazy("Monitoring and early warning: points and readings")),
    ("sensing:alarms", gettext_lazy("Alarms and how they were answered")),
    ("sensing:rules", gettext_lazy("Alarm rules")),
    ("sensing:devices", gettext_lazy("Monitoring devices")),
    ("monitoring:quality", gettext_lazy("Quality of alarms")),
    ("monitoring:health", gettext_lazy("Health of devices")),
    ("duties:index", gettext_lazy("Responsibility: who answers for each place")),
    ("duties:roster_now", gettext_lazy("Duty roster")),
    ("resources:stores", gettext_lazy("Relief and rescue supplies in store")),
    ("resources:gaps", gettext_lazy("Supplies against the norms")),
    ("resources:shelters", gettext_lazy("Emergency shelters and their opening")),
    ("resources:requisitions", gettext_lazy("Requisition of supplies and equipment")),
    ("sites:patrols", gettext_lazy("Patrols of hazard points")),
    ("sites:spot_checks", gettext_lazy("Spot checks of cameras")),
    ("exchange:catalogue", gettext_lazy("Data catalogue and exchange")),
    ("census:overview", gettext_lazy("Census of disaster risk")),
    ("knowledge:search", gettext_lazy("Library of laws, standards and cases")),
    ("rulebook:index", gettext_lazy("Rulebook")),
    ("goals:ledger", gettext_lazy("Ledger of duties")),
)


def register() -> None:
    """Called once at start."""
    register_kind(LinkKind("rule", gettext_lazy("Rule"), "rule", _rules, _rule_offers, order=30))
    register_kind(LinkKind("screen", gettext_lazy("Screen"), "screen", _screens, _screen_offers, order=40))
    register_kind(LinkKind("case", gettext_lazy("Case"), "case", _cases, _case_offers, _cases_seen, order=50))
    register_kind(
        LinkKind("proof", gettext_lazy("Proof handed in"), "file", _proofs, _no_offers, _proofs_seen, order=60)
    )


def _rules(targets: Collection[str], asked: Asked) -> Mapping[str, Standing]:
    """A rule in force serves a clause and decides nothing; one that ended answers nothing. A target: "kind:code"."""
    parts = {target: target.partition(":") for target in targets}
    rows = Entry.objects.filter(code__in={code for _kind, _colon, code in parts.values()}).select_related("region")
    by_rule: dict[tuple[str, str], list[Entry]] = {}
    for row in rows:
        if row.region is None or asked.region.path.startswith(row.region.path):
            by_rule.setdefault((row.kind, row.code), []).append(row)
    found = {}
    for target, (kind, _colon, code) in parts.items():
        versions = by_rule.get((kind, code), [])
        current = [one for one in versions if _holds_at(one, asked)]
        if not versions:
            continue
        if not current:
            newest = max(versions, key=lambda one: (one.valid_from, one.version))
            words = _("not in force on %(day)s") % {"day": date_format(timezone.localdate(asked.now), "Y-m-d")}
            found[target] = Standing(wording.title_of(newest), State.NOTHING, words, None, _entry_url(newest))
            continue
        best = max(current, key=_nearness)
        words = _("in force since %(day)s") % {"day": date_format(timezone.localdate(best.valid_from), "Y-m-d")}
        if not best.verified:
            words = _("%(words)s, unverified") % {"words": words}
        found[target] = Standing(wording.title_of(best), None, words, url=_entry_url(best))
    return found


def _holds_at(entry: Entry, asked: Asked) -> bool:
    return entry.valid_from <= asked.now and (entry.valid_to is None or entry.valid_to > asked.now)


def _nearness(entry: Entry) -> tuple[Any, ...]:
    depth = len(entry.region.path) if entry.region else 0
    return (depth, entry.origin == Origin.BUREAU, entry.valid_from, entry.version)


def _entry_url(entry: Entry) -> str:
    return reverse("rulebook:entry", args=[entry.pk])


def _rule_offers(words: str, asked: Asked, viewer: Any) -> Sequence[Offer]:
    rows = [
        one
        # What a plan asks of an indicator is joined as the indicator itself.
        for kind in Entry.objects.exclude(kind="indicator").order_by("kind").values_list("kind", flat=True).distinct()
        for one in entries(kind, asked.now, asked.region)
    ]
    return best_of(
        words,
        [
            (
                Offer(f"{one.kind}:{one.code}", wording.title_of(one), f"{wording.kind_label(one.kind)} · {one.code}"),
                (one.title, one.title_zh),
            )
            for one in rows
        ],
    )


def best_of(words: str, offers: Iterable[tuple[Offer, Iterable[str]]]) -> list[Offer]:
    """The offers that fit the words best; what is typed in short and stands in a title whole comes first.

    offers  each with its titles in every language, for documents are Chinese whoever reads them
    """
    scored = []
    typed = words.strip().lower()
    for offer, titles in offers:
        named = [title for title in titles if title]
        whole = 0 < len(typed) < 40 and any(typed in one.lower() for one in (*named, offer.target))
        score = 2.0 if whole else max((likeness(words, title) for title in named), default=0.0)
        if score >= LIKE:
            scored.append((-score, offer.title, offer))
    return [offer for _score, _title, offer in sorted(scored, key=lambda one: one[:2])[:MOST]]


def _all_screens() -> dict[str, tuple[str, str]]:
    """Target of every screen with its title and address; those of rooms that are not installed are left out."""
    found = {}
    for name, title in SCREENS:
        try:
            found[name] = (str(title), reverse(name))
        except NoReverseMatch:
            continue
    for register in declared():
        if register.parent:
            continue
        title = _("Register: %(title)s") % {"title": register.title}
        found[f"register:{register.code}"] = (title, reverse("registers:list", args=[register.code]))
    return found


def _screens(targets: Collection[str], asked: Asked) -> Mapping[str, Standing]:
    """A screen serves a clause and proves nothing: it decides no state."""
    every = _all_screens()
    return {
        target: Standing(
            every[target][0], None, _("serves this clause; decides nothing by itself"), url=every[target][1]
        )
        for target in targets
        if target in every
    }


def _screen_offers(words: str, asked: Asked, viewer: Any) -> Sequence[Offer]:
    with translation.override("zh-hans"):
        chinese = {target: title for target, (title, _url) in _all_screens().items()}
    return best_of(
        words,
        [(Offer(target, title, url), (title, chinese[target])) for target, (title, url) in _all_screens().items()],
    )


def _cases(targets: Collection[str], asked: Asked) -> Mapping[str, Standing]:
    """A case that was dealt with fulfils, one withdrawn or rejected answers nothing, one past its clock is late.

    A target is the number. Cases of other regions do not answer a clause.
    """
    found = {}
    for case in Case.records.filter(number__in=targets, region__path__startswith=asked.region.path, exercise=False):
        if case.state in UNDONE:
            words, state, at = _("ended on %(at)s with nothing done"), State.NOTHING, case.closed_at or case.opened_at
        elif case.closed_at is not None:
            late = case.due is not None and case.closed_at > case.due
            words = _("closed late %(at)s") if late else _("closed on %(at)s")
            state, at = State.FULFILLED, case.closed_at
        elif case.due is not None and case.due < asked.now:
            words, state, at = _("overdue since %(at)s"), State.LATE, case.due
        else:
            words, state, at = _("open since %(at)s"), State.PROGRESS, case.opened_at
        evidence = case.closed_at or case.opened_at
        found[case.number] = Standing(
            str(case), state, words % {"at": bureau_time(at)}, evidence, reverse("desks:case", args=[case.number])
        )
    return found


def _cases_seen(viewer: Any, targets: Collection[str]) -> Collection[str]:
    rows = Case.objects.for_actor(viewer, "case.see").filter(number__in=targets)
    return set(rows.values_list("number", flat=True))


def _case_offers(words: str, asked: Asked, viewer: Any) -> Sequence[Offer]:
    """Cases by number or words of their title; the words of a whole clause are too many to look for."""
    typed = words.strip()
    if not 2 <= len(typed) <= 40:
        return []
    rows = Case.objects.for_actor(viewer, "case.see").filter(region__path__startswith=asked.region.path)
    hits = rows.filter(Q(number__icontains=typed) | Q(title__icontains=typed)).order_by("-opened_at")[:MOST]
    return [Offer(case.number, str(case), bureau_time(case.opened_at)) for case in hits]


def _proofs(targets: Collection[str], asked: Asked) -> Mapping[str, Standing]:
    """A file that somebody handed in; whether it is enough a second person says, and that stands with the link."""
    rows = Evidence.objects.filter(pk__in=[int(one) for one in targets if one.isdigit()]).select_related("by")
    return {
        str(row.pk): Standing(
            row.name, None, _("handed in by %(who)s") % {"who": row.by}, row.at,
            reverse("evidence:file", args=[row.pk]),
        )
        for row in rows
    }  # fmt: skip


def _proofs_seen(viewer: Any, targets: Collection[str]) -> Collection[str]:
    rows = Evidence.objects.filter(pk__in=[int(one) for one in targets if one.isdigit()], role=PROOF)
    return {str(row.pk) for row in rows if may_see(viewer, row.ref)}


def _no_offers(words: str, asked: Asked, viewer: Any) -> Sequence[Offer]:
    return []
