"""The page of device health: who sends what is due, with what gaps, clock and battery; worst first, also as CSV."""

from __future__ import annotations

import csv
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan.apps.monitoring import health
from anlan.kernel.sensing.models import PointHealth, PointKind
from anlan.kernel.sensing.views import PAGE, tabs
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.gate import holds

#: Cells that a spreadsheet would take for a formula begin so (S10).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Points or devices by town, kind and text; `as=csv` gives all of them as a table."""
    if not holds(request.user, "point.see"):
        return render(request, "web/denied.html", status=403)
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "kind", "town", "order", "by")}
    asked["kind"] = asked["kind"] if asked["kind"] in PointKind.values else ""
    asked["order"] = asked["order"] if asked["order"] in health.ORDERS else "week"
    by_device = asked["by"] == "device"
    towns = list(health.towns(request.user))
    asked["town"] = asked["town"] if asked["town"] in {town.code for town in towns} else ""
    choice = {"typed": asked["q"], "kind": asked["kind"], "town": asked["town"], "order": asked["order"]}
    found = health.devices(request.user, **choice) if by_device else health.points(request.user, **choice)
    if request.GET.get("as") == "csv":
        return _table(_rows(list(found), by_device, request.user))
    pages = Paginator(found, PAGE).get_page(request.GET.get("page"))
    params = request.GET.copy()
    params.pop("page", None)
    without_order = params.copy()
    without_order.pop("order", None)
    newest = PointHealth.objects.order_by("-at").values_list("at", flat=True).first()
    context = {
        "page": pages,
        "rows": _rows(list(pages), by_device, request.user),
        "kinds": [(code, name) for code, name in PointKind.choices if code != PointKind.GROUP],
        "towns": towns,
        "asked": asked,
        "by_device": by_device,
        "heads": _heads(asked["order"]),
        "query": params.urlencode(),
        "order_query": without_order.urlencode(),
        "filtered": bool(asked["q"] or asked["kind"] or asked["town"]),
        "counted_at": newest,
        "now": timezone.now(),
        "tabs": tabs(request, "health"),
    }
    return render(request, "monitoring/health.html", context)


def _rows(found: list[Any], by_device: bool, actor: Any) -> list[health.Row]:
    return health.device_rows(found, actor) if by_device else health.point_rows(found)


def _labels() -> dict[str, str]:
    return {
        "today": _("Online today"),
        "week": _("7 days"),
        "month": _("30 days"),
        "gaps": _("Gaps"),
        "longest": _("Longest gap"),
        "offset": _("Clock offset"),
        "battery": _("Battery"),
        "seen": _("Newest reading"),
    }


def _heads(order: str) -> list[tuple[str, str, bool]]:
    """Name in the address, words, whether the list is sorted by it."""
    return [(name, label, name == order) for name, label in _labels().items()]


def _table(rows: list[health.Row]) -> HttpResponse:
    """Everything that was asked for, for a spreadsheet: rates 0 to 1, spans in seconds, times in the bureau's zone."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="device-health.csv"'
    answer.write("\ufeff")  # so that a spreadsheet reads it as UTF-8
    out = csv.writer(answer)
    out.writerow(
        [
            _("Code"), _("Name"), _("Kind"), _("Place"), _("Device"), _("Points"), _("Online today"), _("7 days"),
            _("30 days"), _("Gaps"), _("Longest gap"), _("since"), _("Clock offset"), _("worst"), _("Battery"),
            _("Newest reading"), _("Set aside"),
        ]
    )  # fmt: skip
    for row in rows:
        words = [row.code, row.name, row.kind, row.place, row.device]
        rates = [_figure(rate) for rate in (row.rate_today, row.rate_week, row.rate_month)]
        offsets = ["" if ms is None else f"{ms / 1000:.3f}" for ms in (row.offset_ms, row.worst_ms)]
        times = [bureau_time(at) if at else "" for at in (row.longest_from, row.last_at)]
        out.writerow(
            [
                *(f"'{word}" if word.startswith(FORMULA) else word for word in words), row.points, *rates, row.gaps,
                round(row.longest_s), times[0], *offsets, _figure(row.battery), times[1], row.aside,
            ]
        )  # fmt: skip
    return answer


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
