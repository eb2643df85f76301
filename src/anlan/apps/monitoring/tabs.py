"""The readings of a record in its archive, and points that come along when two records are merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.people.rights import holds
from anlan.kernel.registers.declarations import Register, Tab
from anlan.kernel.sensing import queries as sensing
from anlan.kernel.sensing.models import Point
from anlan.kernel.web.refs import ref_of

#: Points shown on an archive; the list of points has all.
MOST = 60


def tabs(register: Register, record: Any, viewer: Any) -> Iterator[Tab]:
    """Readings, where points hang on the record and the viewer may see them."""
    if not register.located or not holds(viewer, "point.see"):
        return
    points = sensing.measuring_for(viewer).filter(site_ref=ref_of(record), enabled=True).order_by("kind", "code")
    if n := points.count():
        yield Tab(
            "readings", _("Readings"), "monitoring/tab_readings.html", count=n, panel=True, order=15,
            context=lambda: _readings(points),
        )  # fmt: skip


def _readings(points: QuerySet[Point]) -> Mapping[str, Any]:
    here = list(points[:MOST])
    newest = sensing.latest(here, timezone.now())
    levels = sensing.open_levels(here)
    rows = [(point, newest.get(point.pk), levels.get(point.pk)) for point in here]
    # What is in alarm comes first, so that the short form on the first page shows it.
    return {"rows": sorted(rows, key=lambda row: row[2] or 9)}


def move_points(gone: str, stays: Any) -> int:
    """Points that hang on a record that is merged into another one hang on that one."""
    return Point.records.filter(site_ref=gone).update(site_ref=ref_of(stays), site_name=stays.name[:120])
