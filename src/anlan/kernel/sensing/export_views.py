"""Readings to take away: one or several points over a span, as CSV or, with the extra `analytics`, as Parquet."""

from __future__ import annotations

import re
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, Any
from zoneinfo import ZoneInfo

import numpy as np
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from anlan.kernel.sensing import queries
from anlan.kernel.sensing.api import BadQuestion, span_asked
from anlan.kernel.sensing.models import Point
from anlan.kernel.sensing.store import Columns, Store, open_store
from anlan.kernel.sensing.store.cold import arrow

#: Most points of one export.
MOST_POINTS = 50
#: Readings are fetched so much event time at once, ms: a day of a point that sends every second is 2 MB.
PORTION_MS = 86_400_000
#: Clocks change at a multiple of this, ms.
QUARTER_MS = 900_000
#: A cell that begins like this may be taken for a formula.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


@never_cache
@require_safe
def readings(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Readings of `point` (codes, separated by blanks or commas) over the span that a curve would show, by `format`.

    Points that the reader may not see and points that do not exist look the same.
    """
    codes = list(dict.fromkeys(re.split(r"[\s,，、;；]+", " ".join(request.GET.getlist("point")).strip())))
    if not codes[0]:
        raise Http404
    if len(codes) > MOST_POINTS:
        return _refused(request, _("At most %(n)d points can be exported at once.") % {"n": MOST_POINTS})
    found = {point.code: point for point in queries.points_for(request.user, exercise=None).filter(code__in=codes)}
    if missing := [code for code in codes if code not in found]:
        return _refused(request, _("There is no point with this code: %(codes)s") % {"codes": ", ".join(missing)})
    points = [found[code] for code in codes]
    try:
        start, end = span_asked(request, points[0], timezone.now())
    except BadQuestion as wrong:
        return _refused(request, _("The span cannot be meant: %(field)s") % {"field": wrong.field})
    store, from_ms, to_ms = open_store(), _ms(start), _ms(end)
    for point in points:
        if why := store.unreadable(point.pk, from_ms, to_ms):
            return _refused(request, why, status=409)
    name = f"{points[0].code}-{start:%Y%m%d}-{end:%Y%m%d}"
    if request.GET.get("format") == "parquet":
        if arrow() is None:
            return _refused(request, _("Parquet needs the extra “analytics”."), status=409)
        return _answer(request, _parquet(store, points, from_ms, to_ms), f"{name}.parquet", "application/octet-stream")
    return _answer(request, _csv(store, points, from_ms, to_ms), f"{name}.csv", "text/csv; charset=utf-8")


def _refused(request: HttpRequest, why: str, status: int = 422) -> HttpResponse:
    return render(request, "sensing/export_refused.html", {"why": why}, status=status)


def _answer(request: HttpRequest, pieces: Iterator[bytes], name: str, kind: str) -> StreamingHttpResponse:
    """Send pieces as they are made, whichever way the server works."""
    content: Any = _flow(pieces) if isinstance(request, ASGIRequest) else pieces
    answer = StreamingHttpResponse(content, content_type=kind)
    plain = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)
    answer["Content-Disposition"] = f'attachment; filename="{plain}"'
    return answer


async def _flow(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    step = sync_to_async(next)
    while (piece := await step(pieces, None)) is not None:
        yield piece


def _portions(store: Store, point: Point, from_ms: int, to_ms: int) -> Iterator[Columns]:
    """A point's readings in order of time, not more than a day at once."""
    for start in range(from_ms, to_ms + 1, PORTION_MS):
        columns = store.readings(point.pk, start, min(start + PORTION_MS - 1, to_ms))
        if len(columns):
            yield columns


# -- CSV --------------------------------------------------------------------------------------------------------------


def _csv(store: Store, points: Sequence[Point], from_ms: int, to_ms: int) -> Iterator[bytes]:
    zone = ZoneInfo(settings.TIME_ZONE)
    head = (_("Point"), f"{_('Time')} ({zone.key})", _("Value"), _("Quality (0 good, 1 uncertain, from 2 bad)"))
    # The mark lets Excel read the file as UTF-8.
    yield ("\ufeff" + ",".join(quoted(word) for word in head) + "\r\n").encode()
    for point in points:
        code = quoted(point.code)
        for columns in _portions(store, point, from_ms, to_ms):
            rows = zip(local_times(columns.t, zone), columns.value.tolist(), columns.quality.tolist(), strict=True)
            lines = [f"{code},{t},{'' if value != value else value},{quality}\r\n" for t, value, quality in rows]
            yield "".join(lines).encode()


def quoted(text: str) -> str:
    """A text as a cell: nothing in it is taken for a formula, a comma or the end of the cell."""
    if text.startswith(_FORMULA):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",\r\n\t]', text) else text


def local_times(t: Any, zone: ZoneInfo) -> list[str]:
    """Epoch ms as "2026-11-22 12:00:00.000" in a zone."""
    quarters, place = np.unique(t // QUARTER_MS, return_inverse=True)
    offsets = [
        datetime.fromtimestamp(quarter * QUARTER_MS / 1000, UTC).astimezone(zone).utcoffset()
        for quarter in quarters.tolist()
    ]
    shift = np.array([0 if offset is None else round(offset.total_seconds() * 1000) for offset in offsets], np.int64)
    local = np.datetime_as_string((t + shift[place]).astype("datetime64[ms]"), unit="ms")
    return [str(text).replace("T", " ") for text in local.tolist()]


# -- Parquet ----------------------------------------------------------------------------------------------------------


def _parquet(store: Store, points: Sequence[Point], from_ms: int, to_ms: int) -> Iterator[bytes]:
    """Written to a file without a name first: its directory stands at the end."""
    with tempfile.TemporaryFile() as file:
        _write_parquet(file, store, points, from_ms, to_ms)
        file.seek(0)
        while piece := file.read(1 << 20):
            yield piece


def _write_parquet(file: IO[bytes], store: Store, points: Sequence[Point], from_ms: int, to_ms: int) -> None:
    pa = arrow()
    stamp = pa.timestamp("ms", settings.TIME_ZONE)
    schema = pa.schema([("point", pa.string()), ("time", stamp), ("value", pa.float64()), ("quality", pa.uint8())])
    with pa.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for point in points:
            for columns in _portions(store, point, from_ms, to_ms):
                times = pa.array(columns.t, pa.int64()).cast(stamp)
                codes = pa.array([point.code]).take(pa.array(np.zeros(len(columns), np.int32)))
                writer.write_table(pa.table([codes, times, columns.value, columns.quality], schema=schema))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
