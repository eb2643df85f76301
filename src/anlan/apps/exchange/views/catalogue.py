"""The data catalogue: every register with owner, freshness and quality, and the records behind each figure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from anlan.apps.exchange import quality, queries, rules
from anlan.apps.exchange.forms import CardForm
from anlan.apps.exchange.models import Card, FindingKind, Subscription
from anlan.apps.exchange.services import catalogue as services
from anlan.apps.exchange.services.queueing import enqueue_once
from anlan.apps.exchange.views.common import ROWS, show
from anlan.kernel.people.doors import actor_of, needs
from anlan.kernel.people.rights import holds, may
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level
from anlan.kernel.registers import selecting
from anlan.kernel.registers.declarations import Register, get
from anlan.kernel.registers.info import Kind
from anlan.kernel.registers.services import clean
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import address_of
from anlan.kernel.web.sheets import csv_sheet

#: Records that are measured while the person waits; more are measured by a job.
WHILE_WAITING = 2_000
#: What kinds of field are called.
KINDS = {
    Kind.TEXT: gettext_lazy("Text"),
    Kind.LONG: gettext_lazy("Long text"),
    Kind.CHOICE: gettext_lazy("One of a list"),
    Kind.CHOICES: gettext_lazy("Several of a list"),
    Kind.LEVEL: gettext_lazy("Level"),
    Kind.FLAG: gettext_lazy("Yes or no"),
    Kind.INTEGER: gettext_lazy("Whole number"),
    Kind.NUMBER: gettext_lazy("Number"),
    Kind.DATE: gettext_lazy("Day"),
    Kind.MOMENT: gettext_lazy("Moment"),
    Kind.REGION: gettext_lazy("Region"),
    Kind.RECORD: gettext_lazy("Record of a register"),
    Kind.PERSON: gettext_lazy("Person"),
    Kind.OUTLINE: gettext_lazy("Outline"),
}
VERDICTS = ("fresh", "stale", "never")


def _words(verdict: str) -> str:
    return {"fresh": _("Fresh"), "stale": _("Out of date"), "never": _("Never filled")}[verdict]


@require_safe
@needs("catalogue.see")
def catalogue(request: HttpRequest) -> HttpResponse:
    """Every register; narrowed by words, verdict and owner, as a table to download with `as=csv`."""
    now = timezone.now()
    typed = request.GET.get("q", "").strip().casefold()
    verdict = request.GET.get("verdict", "")
    owner = request.GET.get("owner", "")
    every = queries.rows(request.user, now)
    found = [
        row
        for row in every
        if typed in f"{row.register.title} {row.register.code} {row.card.note}".casefold()
        and (verdict not in VERDICTS or row.freshness.verdict == verdict)
        and (not owner or (row.card.owner.code if row.card.owner else "none") == owner)
    ]
    if request.GET.get("as") == "csv":
        return _sheet(found)
    owners = sorted({(row.card.owner.code, row.card.owner.name) for row in every if row.card.owner})
    scored = [(row.records, row.score) for row in every if row.score is not None]
    total = sum(n for n, _score in scored)
    return show(
        request, "catalogue.html", "catalogue",
        rows=[_line(row) for row in found],
        total=len(every), records=sum(row.records for row in every),
        score=sum(n * score for n, score in scored) / total if total else None,
        stale=sum(row.freshness.verdict == "stale" for row in every),
        never=sum(row.freshness.verdict == "never" for row in every),
        ownerless=sum(row.card.owner is None for row in every),
        asked={"q": request.GET.get("q", ""), "verdict": verdict, "owner": owner},
        verdicts=[(code, _words(code)) for code in VERDICTS], owners=owners,
        filtered=bool(typed or verdict or owner), query=request.GET.urlencode(),
    )  # fmt: skip


def _line(row: queries.Row) -> dict[str, Any]:
    """A register as the table shows it."""
    most = max(row.card.activity, default=0)
    bars = [
        {"x": at, "y": 20 - (2 + 18 * n / most if n else 0.6), "h": 2 + 18 * n / most if n else 0.6}
        for at, n in enumerate(row.card.activity)
    ]
    return {
        "row": row,
        "verdict": _words(row.freshness.verdict),
        "bars": bars,
        "changes": sum(row.card.activity),
        "change": None if row.score is None or row.before is None else row.score - row.before,
        "url": reverse("exchange:register", args=[row.register.code]),
    }


def _sheet(rows: list[queries.Row]) -> HttpResponse:
    head = [
        _("Code"), _("Register"), _("Group of registers"), _("Owner"), _("What it is for"), _("Records"), _("Fields"),
        _("Personal fields"), _("Last changed"), _("Confirmed"), _("Promised within (days)"), _("Freshness"),
        _("Changes in 30 days"), _("Quality score"), *(str(words) for words in rules.PARTS.values()), _("Measured"),
    ]  # fmt: skip

    def line(row: queries.Row) -> list[Any]:
        shares = row.shares
        return [
            row.register.code, str(row.register.title), str(row.register.group), row.card.owner or "", row.card.note,
            row.records, len(row.register.fields), row.personal,
            bureau_time(row.freshness.changed_at) if row.freshness.changed_at else "",
            bureau_time(row.freshness.confirmed_at) if row.freshness.confirmed_at else "",
            row.freshness.days, _words(row.freshness.verdict), sum(row.card.activity),
            None if row.score is None else round(row.score, 1),
            *(None if part not in shares else round(shares[part], 4) for part in rules.PARTS),
            bureau_time(row.card.measured_at) if row.card.measured_at else "",
        ]  # fmt: skip

    return csv_sheet("catalogue", head, (line(row) for row in rows))


def _register_or_404(code: str) -> Register:
    register = get(code)
    if register is None:
        raise Http404
    return register


@require_safe
@needs("catalogue.see")
def register_page(request: HttpRequest, code: str) -> HttpResponse:
    """One register: what it holds, how fresh and how good it is, and who gets it."""
    return _register_page(request, _register_or_404(code))


def _register_page(
    request: HttpRequest, register: Register, *, form: CardForm | None = None, status: int = 200
) -> HttpResponse:  # fmt: skip
    now = timezone.now()
    (row,) = queries.rows(request.user, now, [register])
    weights = rules.weights(now)
    total = sum(weights[part] for part in row.shares) or 1
    parts = [
        {
            "label": str(rules.PARTS[part]),
            "share": 100 * share,
            "weight": 100 * weights[part] / total,
            "n": _count(row, part),
            "url": _rows_url(register, quality.AGAINST.get(part, FindingKind.EMPTY)),
        }
        for part, share in row.shares.items()
    ]
    towns = [
        {
            "town": measure.town,
            "records": measure.records,
            "score": measure.score,
            "found": [
                (FindingKind(kind).label, n, _rows_url(register, kind, town=measure.town.code))
                for kind, n in measure.counts.items()
                if kind != FindingKind.EMPTY and n
            ],
        }
        for measure in queries.by_town(register, request.user, row.card)
    ]
    getting = ()
    if holds(request.user, "exchange.see"):
        getting = (
            Subscription.objects.for_actor(request.user, "exchange.see")
            .filter(allowed__register=register.code)
            .exclude(state="ended")
        )
    return show(
        request, "register.html", "catalogue", status=status,
        line=_line(row), row=row, register=register, parts=parts, towns=towns,
        fields=[_field(row, name) for name in register.fields],
        getting=getting, form=form or CardForm(instance=row.card),
        quality_rule=rules.rule(rules.QUALITY, now), fresh_rule=rules.rule(rules.FRESH, now),
        may_manage=may(request.user, "catalogue.manage", regions.root()),
    )  # fmt: skip


def _count(row: queries.Row, part: str) -> int:
    if part == "complete":
        return sum(row.counts.get(FindingKind.EMPTY, {}).values())
    return int(row.counts.get(quality.AGAINST[part], 0))


def _rows_url(register: Register, kind: str, **more: str) -> str:
    asked = {"kind": str(kind), **more}
    return reverse("exchange:rows", args=[register.code]) + "?" + urlencode(asked)


def _field(row: queries.Row, name: str) -> dict[str, Any]:
    info = row.register.info(name)
    counted = name in quality.counted_fields(row.register)
    empty = row.counts.get(FindingKind.EMPTY, {}).get(name, 0)
    return {
        "info": info,
        "kind": str(KINDS[info.kind]),
        "personal": queries.is_personal(row.register, name),
        "choices": [str(words) for _value, words in info.choices],
        "counted": counted and row.measured > 0,
        "filled": 100 * (1 - empty / row.measured) if counted and row.measured else None,
        "empty": empty,
        "url": _rows_url(row.register, FindingKind.EMPTY, field=name),
    }


@require_safe
@needs("catalogue.see")
def rows(request: HttpRequest, code: str) -> HttpResponse:
    """The records behind a figure of the last measurement, as far as the viewer may see the register."""
    register = _register_or_404(code)
    kind, field = request.GET.get("kind", ""), request.GET.get("field", "")
    if kind not in FindingKind.values or (field and field not in register.fields):
        raise Http404
    if not holds(request.user, register.see):
        return show(request, "register_closed.html", "catalogue", register=register, status=403)
    town = regions.tree().by_code.get(request.GET.get("town", ""))
    pks = set(queries.finding(register, kind, field))
    is_town = town is not None and town.level == Level.TOWN
    if town is not None and not is_town:  # what lies in no town stands for itself
        pks &= set(register.model.present.filter(region_id=town.id).values_list("pk", flat=True))
    asked = selecting.question(register, request.user, {"region": town.code} if is_town else {}, timezone.now())
    found = selecting.select(register, replace(asked, pks=frozenset(pks)))
    page = Paginator(found.pks, ROWS).get_page(request.GET.get("page"))
    records = selecting.records(register, list(page))
    params = request.GET.copy()
    params.pop("page", None)
    return show(
        request, "rows.html", "catalogue",
        register=register, kind=FindingKind(kind), field=register.info(field) if field else None, town=town,
        page=page, query=params.urlencode(),
        lines=[{"record": one, "url": address_of(one), "why": _why(register, one, kind)} for one in records],
        card=Card.objects.filter(register=register.code).first(),
    )  # fmt: skip


def _why(register: Register, record: Any, kind: str) -> list[str]:
    """What stands against a record now, in the register's own words; nothing once it is mended."""
    if kind == FindingKind.EMPTY:
        empty = [
            name for name in quality.counted_fields(register) if getattr(record, name) in (None, "", [])
        ]  # fmt: skip
        return [register.info(name).label for name in empty]
    raw = {name: getattr(record, name) for name in register.fields if name != "outline"}
    faults = clean(register, raw, record=record).faults
    if kind == FindingKind.OUTSIDE:
        return [fault.words for fault in faults if fault.code == "outside"]
    if kind in (FindingKind.INVALID, FindingKind.MISSING):
        return [
            f"{register.info(fault.field).label}: {fault.words}" if fault.field in register.infos() else fault.words
            for fault in faults
            if fault.code != "outside" and (fault.code == "missing") == (kind == FindingKind.MISSING)
        ]
    return []


@require_safe
@needs("catalogue.see")
def curve(request: HttpRequest, code: str) -> JsonResponse:
    """The score of a register over time, as chart.js takes it."""
    register = _register_or_404(code)
    found = queries.score_curve(register, request.user, timezone.now())
    series = [[_noon(day), round(score, 2)] for day, score in found]
    ends = (series[0][0], series[-1][0]) if series else (0, 0)
    return JsonResponse({"series": series, "name": _("Quality score"), "unit": "", "from": ends[0], "to": ends[1]})


def _noon(day: Any) -> int:
    return round(datetime.combine(day, time(4), tzinfo=UTC).timestamp() * 1000)


@require_POST
@needs("catalogue.manage")
def describe(request: HttpRequest, code: str) -> HttpResponse:
    """Say whose a register is, what it is for and what is promised."""
    register = _register_or_404(code)
    form = CardForm(request.POST)
    if not form.is_valid():
        return _register_page(request, register, form=form, status=422)
    services.describe(register, **form.cleaned_data, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Kept."))
    return redirect("exchange:register", code=register.code)


@require_POST
@needs("catalogue.manage")
def confirm(request: HttpRequest, code: str) -> HttpResponse:
    """Somebody looked through it and found nothing to change."""
    register = _register_or_404(code)
    services.confirm(register, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Noted: looked through today, nothing to change."))
    return redirect("exchange:register", code=register.code)


@require_POST
@needs("catalogue.manage")
def measure(request: HttpRequest, code: str) -> HttpResponse:
    """Measure now: at once where it is small, else by a job."""
    register = _register_or_404(code)
    actor, now = actor_of(request), timezone.now()
    if register.model.present.count() <= WHILE_WAITING:
        services.measure(register, actor=actor, now=now)
        messages.success(request, _("Measured."))
    else:
        services.require_manage(actor)
        enqueue_once("exchange.measure", {"register": register.code, "by": actor.pk}, now=now)
        messages.success(request, _("It is being measured; the page shows the new figures in a few minutes."))
    return redirect("exchange:register", code=register.code)
