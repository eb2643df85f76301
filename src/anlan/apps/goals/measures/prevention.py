"""Prevention: standardisation, hidden dangers, mines and chemical enterprises."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anlan.apps.goals.measures import sources, units
from anlan.apps.sites.models.enterprises import Operation, Sector
from anlan.apps.sites.models.mines import MineKind, MineState
from anlan.kernel.indicators.declarations import Better, Indicator, Input, Kind, declare, declare_input
from anlan.kernel.indicators.formulas import growth, plain, share
from anlan.kernel.indicators.live import local_day

GROUP = _("Prevention")

#: Sectors whose risk is higher than that of ordinary industry and trade.
RISKY = (Sector.CHEMICAL, Sector.MINE, Sector.FIREWORKS, Sector.METAL, Sector.DUST, Sector.AMMONIA)
HIGH_RISK = "enterprises_high_risk"
#: Grades of major hazard installations whose connection the plan asks for.
GRADES = (3, 4)


def high_risk(now: datetime) -> Q:
    """Enterprises of risky sectors that are not closed down."""
    return Q(kind__in=RISKY) & ~Q(state=Operation.CLOSED)


def standardised(now: datetime) -> Q:
    """Of them, those whose standardisation is valid on the day; one without an end is not known to be."""
    return high_risk(now) & ~Q(standardisation="") & Q(standardised_until__gte=local_day(now))


def _rows(code: str, title: Any, unit: Any, source: Any, counted: Any = None, **more: Any) -> None:
    declare_input(Input(code, title, unit, source=source, counted=counted, flow=bool(source.moment), **more))


def _figure(
    code: str, title: Any, unit: Any, giver: Any = units.SAFETY, *, flow: bool = True, rolls: bool = True
) -> None:
    declare_input(Input(code, title, unit, giver, flow=flow, rolls=rolls))


def _share(code: str, title: Any, kind: Kind, formula: Any, above: str, below: str, *, note: Any = "") -> None:
    declare(Indicator(
        code, title, units.PERCENT, Better.HIGHER, kind, formula, (above, below), share(above, below), GROUP, note=note
    ))  # fmt: skip


_rows(HIGH_RISK, _("Enterprises of higher-risk sectors"), units.PIECES, sources.ENTERPRISES, high_risk)
_rows(
    "enterprises_standardised",
    _("Higher-risk enterprises with valid standardisation"),
    units.PIECES,
    sources.ENTERPRISES,
    standardised,
)
_rows(
    "enterprises_chemical", _("Chemical enterprises"), units.PIECES, sources.ENTERPRISES,
    lambda _now: Q(kind=Sector.CHEMICAL) & ~Q(state=Operation.CLOSED),
)  # fmt: skip
_rows(
    "chemical_new", _("Chemical enterprises founded"), units.PIECES, sources.FOUNDED,
    lambda _now: Q(kind=Sector.CHEMICAL),
)  # fmt: skip
_rows(
    "chemical_new_in_park", _("Chemical enterprises founded in a park"), units.PIECES, sources.FOUNDED,
    lambda _now: Q(kind=Sector.CHEMICAL) & ~Q(park=""),
)  # fmt: skip
_rows(
    "major_hazards", _("Major hazard installations of grades III and IV"), units.PIECES, sources.MAJOR_HAZARDS,
    lambda _now: Q(level__in=GRADES),
)  # fmt: skip
_rows(
    "major_hazards_online", _("Of them monitored online"), units.PIECES, sources.MAJOR_HAZARDS,
    lambda _now: Q(level__in=GRADES, online=True),
)  # fmt: skip
_rows(
    "mines_non_coal", _("Non-coal mines"), units.PIECES, sources.MINES,
    lambda _now: ~Q(kind=MineKind.COAL) & ~Q(state=MineState.CLOSED),
)  # fmt: skip
_rows("dangers", _("Hidden dangers reported"), units.PIECES, sources.DANGERS_FOUND)
_rows(
    "dangers_due",
    _("Hidden dangers whose deadline fell in the year"),
    units.PIECES,
    sources.DANGERS_DUE,
    sources.due_by,
)
_rows(
    "dangers_in_time", _("Of them closed by the deadline in force"), units.PIECES, sources.DANGERS_DUE, sources.in_time
)
_rows(
    "dangers_in_first_time", _("Of them closed by the first deadline"), units.PIECES, sources.DANGERS_DUE,
    sources.in_first_time,
)  # fmt: skip
_figure("audits", _("Standardisation audits by third parties"), units.TIMES)
_figure("audits_passed", _("Standardisation audits passed"), units.TIMES)
_figure("rechecks", _("Re-checks of enterprises of standardisation level 3"), units.PIECES)
_figure("chemical_platforms", _("Chemical enterprises whose safety platform was accepted"), units.PIECES, flow=False)
_figure(
    "exposed_days",
    _("Longest time from assigning an exposed danger to its closure"),
    units.DAYS,
    flow=False,
    rolls=False,
)
_figure("mine_posts", _("Posts or output of mines"), units.PIECES, flow=False)
_figure("mine_posts_mechanised", _("Of it mechanised"), units.PIECES, flow=False)
_figure("mines_with_video", _("Non-coal mines with video"), units.PIECES, flow=False)
_figure("industries_risky", _("High-risk industries"), units.PIECES, flow=False)
_figure(
    "industries_insured",
    _("High-risk industries with a service standard of liability insurance"),
    units.PIECES,
    flow=False,
)
_figure(
    "review_call_days",
    _("Longest time until a bad review is called back"),
    units.DAYS,
    units.TECHNOLOGY,
    flow=False,
    rolls=False,
)
_figure(
    "review_mend_days",
    _("Longest time until a bad review is rectified"),
    units.DAYS,
    units.TECHNOLOGY,
    flow=False,
    rolls=False,
)

_share(
    "WS08", _("Standardisation pass rate of higher-risk key-industry units"), Kind.LEVEL,
    _("higher-risk enterprises with valid standardisation / higher-risk enterprises × 100"), "enterprises_standardised",
    HIGH_RISK, note=_("Sectors counted: dangerous chemicals, mines, fireworks, metal smelting, dust, ammonia."),
)  # fmt: skip
declare(Indicator(
    "WS09", _("Third-party standardisation audits"), units.TIMES, Better.HIGHER, Kind.FLOW, _("audits in the year"),
    ("audits",), plain("audits"), GROUP, digits=0,
))  # fmt: skip
_share(
    "WS10", _("Standardisation audit pass rate"), Kind.RATE, _("audits passed / audits × 100"), "audits_passed",
    "audits"
)  # fmt: skip
declare(Indicator(
    "WS11", _("Growth of reported hazards"), units.PERCENT, Better.HIGHER, Kind.RATE,
    _("(hidden dangers reported in the year − in the year before) / in the year before × 100"), ("dangers",),
    growth("dangers"), GROUP,
    note=_(
        "The plan names no base; the year before is taken. While the year runs, its number so far stands against a "
        "whole year."
    ),
))  # fmt: skip
_share(
    "WS12", _("On-time hazard rectification rate"), Kind.RATE,
    _("closed by the deadline in force, extensions included / deadline in the year × 100"), "dangers_in_time",
    "dangers_due",
    note=_("WS12-O says the same by the first deadline, without extensions."),
)  # fmt: skip
_share(
    "WS12-O", _("On-time hazard rectification rate by the first deadline"), Kind.RATE,
    _("closed by the deadline they were opened with / deadline in the year × 100"), "dangers_in_first_time",
    "dangers_due",
)  # fmt: skip
_share(
    "WS17", _("Chemical enterprise safety platform acceptance rate"), Kind.LEVEL,
    _("chemical enterprises whose platform was accepted / chemical enterprises × 100"), "chemical_platforms",
    "enterprises_chemical",
)  # fmt: skip
declare(Indicator(
    "WS29", _("Rectification limit for exposed hazards"), units.DAYS, Better.LOWER, Kind.FLOW,
    _("the longest time of the year from assigning an exposed danger to its verified closure"), ("exposed_days",),
    plain("exposed_days"), GROUP,
))  # fmt: skip
_share(
    "WS30", _("New high-risk chemical enterprises sited in parks"), Kind.RATE,
    _("chemical enterprises founded in a park / chemical enterprises founded × 100"), "chemical_new_in_park",
    "chemical_new",
)  # fmt: skip
declare(Indicator(
    "WS31", _("Re-checks of level-3 standardised enterprises"), units.PIECES, Better.HIGHER, Kind.FLOW,
    _("enterprises checked again in the year"), ("rechecks",), plain("rechecks"), GROUP, digits=0,
))  # fmt: skip
_share(
    "WS32", _("Video and monitoring build-out of key chemical enterprises"), Kind.LEVEL,
    _("major hazard installations of grades III and IV monitored online / all of these grades × 100"),
    "major_hazards_online", "major_hazards",
)  # fmt: skip
_share(
    "WS44", _("Liability-insurance service-standard coverage of high-risk industries"), Kind.LEVEL,
    _("high-risk industries with a service standard / high-risk industries × 100"), "industries_insured",
    "industries_risky",
)  # fmt: skip
_share(
    "WS55", _("Mine mechanisation rate"), Kind.LEVEL, _("mechanised posts or output / posts or output of mines × 100"),
    "mine_posts_mechanised", "mine_posts",
    note=_("The plan does not define it; count posts or output, the same for both."),
)  # fmt: skip
_share(
    "WS56", _("Non-coal mine video coverage"), Kind.LEVEL, _("non-coal mines with video / non-coal mines × 100"),
    "mines_with_video", "mines_non_coal",
)  # fmt: skip
declare(Indicator(
    "WS43", _("Call-back after a bad review"), units.DAYS, Better.LOWER, Kind.FLOW,
    _("the longest time of the year until a bad review was called back"), ("review_call_days",),
    plain("review_call_days"), GROUP,
))  # fmt: skip
declare(Indicator(
    "WS43-R", _("Rectification after a bad review"), units.DAYS, Better.LOWER, Kind.FLOW,
    _("the longest time of the year until a bad review was rectified"), ("review_mend_days",),
    plain("review_mend_days"), GROUP,
))  # fmt: skip
