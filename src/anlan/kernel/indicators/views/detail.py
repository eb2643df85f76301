"""One indicator: what it means, its years, its inputs, the places inside, its target, and how it came about."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anlan.kernel.indicators import queries, rules
from anlan.kernel.indicators.asking import State, code_of
from anlan.kernel.indicators.declarations import Better, Indicator, input_of, inputs
from anlan.kernel.indicators.errors import Refused
from anlan.kernel.indicators.models import Comparator, Target
from anlan.kernel.indicators.queries import Line
from anlan.kernel.indicators.services import aiming, measuring
from anlan.kernel.indicators.views.common import guard, indicator_or_404, place_of, region_or_404, show, year_of
from anlan.kernel.indicators.wording import input_title, number, plain, reason_words, where
from anlan.kernel.people.rights import NotAllowed, may, require
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.queries import Node
from anlan.kernel.web.refs import address_of

#: Measurements of one year that are shown, the newest first.
MOST_HISTORY = 30
ROWS = 50


@require_safe
def detail(request: HttpRequest, code: str) -> HttpResponse:
    """An indicator in a place and year."""
    viewer = guard(request)
    one = indicator_or_404(code)
    moment = queries.Moment.of(timezone.now())
    node = place_of(viewer, request.GET.get("region", ""))
    year = year_of(request.GET.get("year", ""), moment)
    return _page(request, viewer, one, node, year, moment)


def _page(
    request: HttpRequest, viewer: Any, one: Indicator, node: Node, year: int, moment: queries.Moment, *,
    status: int = 200, typed: Any = None, faults: tuple[str, ...] = (),
) -> HttpResponse:  # fmt: skip
    years = sorted(queries.years_measured(moment))
    over_years = queries.lines([one], [node], years, moment)
    line = next(found for found in over_years if found.year == year)
    inside = queries.lines([one], queries.inside(node), [year], moment)
    entry = line.entry
    region = region_or_404(viewer, node.code, queries.VIEW)
    kept = list(queries.history(one.code, node, year)[:MOST_HISTORY])
    aimed = rules.aimed(entry.body, year) if entry is not None else None
    seen = queries.places_seen(viewer)
    return show(
        request, "detail.html", "list", status=status, one=one, line=line, node=node, year=year, years=years[::-1],
        moment=moment, over_years=over_years[::-1], bars=_bars(over_years), entry=entry,
        inputs=_inputs(line), needs=[_need(need, node, year) for need in one.needs],
        ranked=_ranked(one, inside), above=[up for up in regions.tree().ancestors(node.path) if up in seen],
        history=[{"row": row, "value": number(row.value, one.digits), "why": reason_words(row.state, row.reason)}
                 for row in kept],
        may_target=may(viewer, "indicator.target", region), may_enter=may(viewer, "indicator.enter", region),
        comparators=Comparator.choices, aimed=aimed, faults=faults,
        typed=typed or _typed(line, aimed, entry), runs=year == moment.year,
    )  # fmt: skip


def _typed(line: Line, aimed: tuple[str, float] | None, entry: Any) -> dict[str, Any]:
    """What the form of a target begins with: the one in force, else what the plan gives."""
    if line.target is not None:
        own = line.target
        return {
            "comparator": own.comparator, "value": plain(own.value), "below": own.below, "standard": own.standard,
            "clause": own.clause, "words": own.words,
        }  # fmt: skip
    given = {"comparator": aimed[0], "value": plain(aimed[1])} if aimed is not None else {}
    higher = Comparator.AT_LEAST if line.indicator.better is Better.HIGHER else Comparator.AT_MOST
    return {
        "comparator": higher,
        **given,
        "standard": entry.standard if entry else "",
        "clause": entry.clause if entry else "",
    }


def _need(code: str, node: Node, year: int) -> dict[str, Any]:
    one = input_of(code)
    return {"title": one.title, "unit": one.unit, "entered": one.is_entered, "giver": one.giver,
            "register": one.source.title if one.source else "", "url": where(code, node.code, year)}  # fmt: skip


def _inputs(line: Line) -> list[dict[str, Any]]:
    """What the value was measured from, each with the page behind it."""
    held = line.measured.inputs if line.measured is not None else {}
    found = []
    for key, value in held.items():
        code, back = code_of(key.strip("?~"))
        if code not in inputs():
            continue
        carried, told = key.endswith("~"), key.startswith("?")
        year = line.year - back
        found.append(
            {
                "title": input_title(key),
                "value": f"{value:.4g}" if carried else plain(value),
                "unit": input_of(code).unit,
                "year": year,
                "url": "" if carried or told else where(code, line.place.code, year),
            }
        )
    return found


def _ranked(one: Indicator, found: list[Line]) -> list[dict[str, Any]]:
    """The places inside, the best first, those without a number last."""
    sign = -1 if one.better is Better.HIGHER else 1
    known = sorted(
        (line for line in found if line.value is not None), key=lambda line: (sign * (line.value or 0), line.place.code)
    )
    rest = [line for line in found if line.value is None and line.state != State.NOT_HERE]
    top = max((abs(line.value or 0) for line in known), default=0.0)
    ranked: list[dict[str, Any]] = []
    for at, line in enumerate(known):
        same = at > 0 and known[at - 1].value == line.value
        rank = ranked[-1]["rank"] if same else at + 1
        ranked.append({"line": line, "rank": rank, "width": round(100 * abs(line.value or 0) / top, 1) if top else 0})
    return ranked + [{"line": line, "rank": None, "width": 0} for line in rest]


def _bars(found: list[Line]) -> dict[str, Any]:
    """A bar for each year, hatched where there is no number, and where the target lies; heights of 100."""
    numbers = [line.value for line in found if line.value is not None]
    numbers += [line.target.value for line in found if line.target is not None]
    numbers += [line.forecast.value for line in found if line.forecast.value is not None]
    top, bottom = max([0.0, *numbers]), min([0.0, *numbers])
    span = (top - bottom) * 1.12 or 1.0

    def y(value: float) -> float:
        return round(100 * (top - value) / span + 4, 2)

    bars = []
    for at, line in enumerate(found):
        bar: dict[str, Any] = {"x": 60 * at + 12, "middle": 60 * at + 30, "line": line}
        if line.value is not None:
            bar |= {"y": min(y(line.value), y(0)), "h": max(0.8, abs(y(line.value) - y(0)))}
        if line.target is not None:
            bar["target"] = y(line.target.value)
        if line.forecast.value is not None and line.forecast.value != line.value:
            bar["ahead"] = y(line.forecast.value)
        bars.append(bar)
    return {"bars": bars, "width": 60 * len(found), "zero": y(0)}


@require_POST
def set_target(request: HttpRequest, code: str) -> HttpResponse:
    """Set the target of a place and year."""
    viewer = guard(request)
    one = indicator_or_404(code)
    moment = queries.Moment.of(timezone.now())
    region = region_or_404(viewer, request.POST.get("region", ""), queries.VIEW)
    node = place_of(viewer, region.code)
    year = year_of(request.POST.get("year", ""), moment)
    sent = {name: request.POST.get(name, "").strip() for name in ("comparator", "value", "words", "standard", "clause")}
    below = bool(request.POST.get("below"))
    try:
        aiming.set_target(
            code=one.code, region=region, year=year, comparator=sent["comparator"], value=_number(sent["value"]),
            below=below, words=sent["words"], standard=sent["standard"], clause=sent["clause"], actor=viewer,
            now=moment.now,
        )  # fmt: skip
    except Refused as refused:
        typed = {**sent, "below": below}
        return _page(request, viewer, one, node, year, moment, status=422, typed=typed, faults=refused.faults)
    messages.success(request, _("The target is set."))
    return redirect(_address(one, node, year))


@require_POST
def end_target(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a target back."""
    viewer = guard(request)
    target = get_object_or_404(Target.records.select_related("region"), pk=pk)
    if not may(viewer, queries.VIEW, target.region):
        raise Http404
    node = place_of(viewer, target.region.code)
    try:
        aiming.end_target(target, actor=viewer, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The target has ended."))
    return redirect(_address(indicator_or_404(target.indicator), node, target.year))


@require_POST
def measure(request: HttpRequest, code: str) -> HttpResponse:
    """Measure one indicator now, for every place and year."""
    viewer = guard(request)
    one = indicator_or_404(code)
    moment = queries.Moment.of(timezone.now())
    region = region_or_404(viewer, request.POST.get("region", ""), queries.VIEW)
    require(viewer, "indicator.enter", region)
    run = measuring.measure(actor=viewer, now=moment.now, codes=[one.code])
    messages.success(request, _("Measured; %(n)d numbers differ from before.") % {"n": run.changed})
    year = year_of(request.POST.get("year", ""), moment)
    return redirect(_address(one, place_of(viewer, region.code), year))


def _address(one: Indicator, node: Node, year: int) -> str:
    return f"{reverse('indicators:detail', args=[one.code])}?region={node.code}&year={year}"


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "").replace("，", ""))
    except ValueError:
        raise Refused(_("“%(text)s” is no number.") % {"text": text}) from None


@require_safe
def rows(request: HttpRequest, code: str) -> HttpResponse:
    """The very rows that an input counts in a place and year."""
    viewer = guard(request)
    one = inputs().get(code)
    if one is None or one.source is None or one.source.url:
        raise Http404
    moment = queries.Moment.of(timezone.now())
    node = place_of(viewer, request.GET.get("region", ""))
    region = region_or_404(viewer, node.code, queries.VIEW)
    if not may(viewer, one.source.verb, region):
        raise NotAllowed(one.source.verb, region)
    text = request.GET.get("year", "")
    year = int(text) if text.isdecimal() and len(text) == 4 else moment.year
    found = queries.rows_behind(code, region, year, moment.now)
    order = (f"-{one.source.moment}", "-pk") if one.source.moment else ("pk",)
    page = Paginator(found.order_by(*order).select_related("region"), ROWS).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    shown = [
        {"row": row, "url": address_of(row), "at": getattr(row, one.source.moment) if one.source.moment else None}
        for row in page
    ]
    return show(
        request, "rows.html", "list", one=one, node=node, year=year, page=page, rows=shown, query=kept.urlencode(),
        is_day=one.source.day, timed=bool(one.source.moment),
    )  # fmt: skip
