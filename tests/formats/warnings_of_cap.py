"""A warning of the county's weather office as values, and parts of it to change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from anlan.formats.cap import Alert, Area, CodeBook, Info, Named

SENDER = "51072741600000"
SQUARE = "32.3,104.4 32.3,104.7 32.6,104.7 32.6,104.4 32.3,104.4"

AREA = Area(
    description="平武县",
    polygons=(SQUARE,),
    circles=("32.407,104.528 20",),
    geocodes=(Named(name="GB/T 2260", value="510727"),),
)
INFO = Info(
    language="zh-CN",
    categories=("Met",),
    event="暴雨",
    responses=("Prepare",),
    urgency="Expected",
    severity="Severe",
    certainty="Likely",
    event_codes=(Named(name="GB/T 35561", value="11B03"),),
    effective="2026-07-15T08:30:00+08:00",
    onset="2026-07-15T09:00:00+08:00",
    expires="2026-07-15T20:30:00+08:00",
    sender_name="平武县气象台",
    headline="平武县气象台发布暴雨橙色预警",
    parameters=(Named(name="color", value="ORANGE"),),
    areas=(AREA,),
)
ALERT = Alert(
    identifier="51072741600000_20260715083000_0",
    sender=SENDER,
    sent="2026-07-15T08:30:00+08:00",
    status="Actual",
    msg_type="Alert",
    scope="Public",
    infos=(INFO,),
)
COLOURS = {"RED": "Extreme", "ORANGE": "Severe", "YELLOW": "Moderate", "BLUE": "Minor"}
BOOK = CodeBook(events={"11B03": "暴雨"}, colours=COLOURS, regions={"510727": "平武县"}, institutions={"416": "气象局"})


def with_info(**changed: Any) -> Alert:
    return replace(ALERT, infos=(replace(INFO, **changed),))


def with_area(**changed: Any) -> Alert:
    return with_info(areas=(replace(AREA, **changed),))
