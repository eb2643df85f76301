"""What the map draws of monitoring: alarms, points, and the cases that came of alarms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.monitoring import cards, queries
from anlan.kernel.layers.declarations import Layer, LegendItem, declare
from anlan.kernel.sensing.models import PointKind
from anlan.kernel.web.formatting import COLOURS, NUMERALS


def _levels() -> tuple[LegendItem, ...]:
    return tuple(LegendItem(str(level), COLOURS[level], level) for level in NUMERALS)


ALARMS = declare(
    Layer(
        code="alarms",
        title=_("Alarms"),
        group=_("Live"),
        verb="alarm.see",
        source=queries.alarm_features,
        legend=_levels(),
        card=cards.alarm_card,
        icon="bell",
        draw="alarm",
        count=queries.count_alarms,
        search=queries.alarm_hits,
        events=("alarm.",),
        past=True,
        around=False,
        order=10,
    )
)

CASES = declare(
    Layer(
        code="cases",
        title=_("Cases in progress"),
        group=_("Live"),
        verb="case.see",
        source=queries.case_features,
        legend=_levels(),
        card=cards.case_card,
        icon="case",
        draw="mark",
        count=queries.count_cases,
        search=queries.case_hits,
        events=("case.",),
        past=True,
        around=False,
        order=20,
    )
)

POINTS = declare(
    Layer(
        code="points",
        title=_("Monitoring points"),
        group=_("Monitoring devices"),
        verb="point.see",
        source=queries.point_features,
        legend=tuple(
            LegendItem(kind.value, kind.label, None, queries.ICONS[kind])
            for kind in PointKind
            if kind not in (PointKind.GROUP, PointKind.OTHER)
        ),
        card=cards.point_card,
        icon="gauge",
        draw="dot",
        count=queries.count_points,
        search=queries.point_hits,
        events=("alarm.",),
        every_s=10,
        minzoom=10.5,
        order=60,
        hint=_("Hatched: no data for longer than the point may be silent"),
    )
)
