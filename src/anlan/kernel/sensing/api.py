"""JSON for scripts of our own pages."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from anlan.kernel.sensing import queries
from anlan.kernel.sensing.models import Point
from anlan.kernel.sensing.store import Busy, ColdMissing

#: Most steps of a curve; more than a screen has pixels.
MOST_STEPS = 4000
LONGEST_HOURS = 24 * 366
#: Moments outside 1970 … 2089 cannot be stored, so they cannot be asked for.
LAST_MS = 3_755_000_000_000


class BadQuestion(ValueError):
    """A parameter of the address that cannot be meant; names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def _number(request: HttpRequest, name: str, low: float, high: float) -> float | None:
    text = request.GET.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise BadQuestion(name) from None
    if not low <= value <= high:  # not a number is neither
        raise BadQuestion(name)
    return value


def _moment(ms: float | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


def span_asked(request: HttpRequest, point: Point, now: datetime) -> tuple[datetime, datetime]:
    """The span that an address means: `from` and `to` in ms, or the last `hours`, or `hours` around `at`.

    Raises BadQuestion for a parameter that cannot be meant, and for more than LONGEST_HOURS.
    """
    start = _moment(_number(request, "from", 0, LAST_MS))
    end = _moment(_number(request, "to", 0, LAST_MS))
    at = _moment(_number(request, "at", 0, LAST_MS))
    hours = _number(request, "hours", 0.01, LONGEST_HOURS) or 24.0
    if start is None or end is None:
        start, end = queries.span_of(point, hours, at, now)
    if end <= start or (end - start).total_seconds() > LONGEST_HOURS * 3600:
        raise BadQuestion("to")
    return start, end


@require_safe
def curve(request: HttpRequest, pk: int) -> JsonResponse:
    """The curve of a point: `from`, `to` in ms, or the last `hours`, or `hours` around `at`; at most `n` steps."""
    point = queries.points_for(request.user, exercise=None).filter(pk=pk).first()
    if point is None:
        raise Http404
    now = timezone.now()
    try:
        steps = int(_number(request, "n", 2, MOST_STEPS) or 1200)
        start, end = span_asked(request, point, now)
    except BadQuestion as wrong:
        return JsonResponse({"error": "bad_parameter", "field": wrong.field}, status=422)
    try:
        return JsonResponse(queries.curve(point, start, end, steps=steps, now=now))
    except Busy:
        answer = JsonResponse({"error": "busy", "words": _("The readings are busy; try again")}, status=503)
        answer["Retry-After"] = "1"
        return answer
    except ColdMissing as missing:
        return JsonResponse({"error": "cold", "words": str(missing)}, status=409)
