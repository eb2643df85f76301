"""The demo's cameras and the spot checks of the last two weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from anlan import environment
from anlan.apps.sites import declarations as registers
from anlan.apps.sites.models import Condition, Lookers, Protocol, Watches
from anlan.apps.sites.services.spot_checks import draw, record_check
from anlan.demo.camera_feed import addresses
from anlan.demo.county import model
from anlan.demo.county.model import County
from anlan.demo.entering import Dice, Ground, enter, word
from anlan.kernel.people.models import User

ORDER = 122

Row = dict[str, Any]
#: Days of spot checks before today; today's list stands open.
DAYS = 14
#: Cameras of each kind whose picture moves.
DRAWN = 2
_SITES = {
    "chemical": (Watches.CHEMICAL, ("罐区全景", "装置区")),
    "tailings": (Watches.MINE, ("坝体", "库尾水边线")),
    "mine": (Watches.MINE, ("采场",)),
    "slope": (Watches.SLOPE, ("坡面",)),
    "hydro": (Watches.WATER, ("水尺",)),
    "school": (Watches.SCHOOL, ("校门",)),
}
_FAULTS = {
    Condition.OFFLINE: ("画面中断，已报运维", "设备离线，疑似停电", "链路不通，已派单"),
    Condition.COVERED: ("镜头有蛛网遮挡", "画面模糊，镜头结露", "树枝遮挡半幅画面"),
    Condition.ANGLE: ("角度偏向天空，看不到水尺", "云台偏转，未对准作业区"),
}


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter the cameras, then draw and answer the lists by the officers on duty."""
    rows = _moving(list(_cameras(county, Ground(county))), environment.port("ANLAN_DEMO_CAMERA_PORT"))
    enter(registers.CAMERAS, rows, title="视频点位底册", actor=actor, now=now - timedelta(days=90))
    _checks(county, Dice(county, 8131), now)


def _cameras(county: County, ground: Ground) -> Iterator[Row]:
    dice = Dice(county, 8130)
    for site in county.sites:
        watches, pictures = _SITES.get(site.kind, (None, ()))
        if watches is None or (site.kind in ("slope", "hydro", "school") and dice.chance(0.4)):
            continue
        for picture in pictures:
            yield _camera(f"{site.name}{picture}", watches, picture, dice) | {
                **ground.at(site.lon, site.lat), "address": site.address, "owner": site.name,
                "keeper": site.keeper, "keeper_phone": site.keeper_phone,
            }  # fmt: skip
    for watches, words, step, at in ((Watches.FOREST, "林区瞭望", 13, 4), (Watches.ROAD, "村口道路", 12, 8)):
        for village in county.villages[at::step]:
            yield _camera(f"{word(village)}{words}", watches, words, dice) | ground.near(village, dice, 0.02)
    for town in county.towns:
        yield _camera(f"{town.name}广场", Watches.TOWN, "广场人流", dice) | ground.near(town, dice)


def _moving(rows: list[Row], port: int) -> list[Row]:
    """The rows, the first of each kind with the address of a picture that the demo itself draws."""
    seen: Counter[str] = Counter()
    for row in rows:
        seen[row["watches"]] += 1
        if seen[row["watches"]] <= DRAWN:
            key = f"{row['watches']}-{seen[row['watches']]}"
            row |= {"protocol": Protocol.MJPEG, **addresses(key, port)}
    return rows


def _camera(name: str, watches: str, subject: str, dice: Dice) -> Row:
    """A camera of a video network that this machine does not reach; a good part has no address yet."""
    host = f"10.66.{dice.whole(1, 12)}.{dice.whole(2, 250)}"
    protocol = dice.one((Protocol.RTSP, Protocol.HLS, Protocol.MJPEG, "", "", ""))
    stream = {
        Protocol.RTSP: f"rtsp://{host}:554/stream1",
        Protocol.HLS: f"http://{host}:8080/live/{dice.whole(100, 999)}/index.m3u8",
        Protocol.MJPEG: f"http://{host}:8080/video",
    }.get(protocol, "")  # type: ignore[call-overload]
    return {
        "name": name, "watches": watches, "subject": subject, "protocol": protocol, "stream": stream,
        "still": f"http://{host}:8080/still.jpg" if protocol == Protocol.MJPEG else "",
        "lookers": Lookers.COUNTY if watches == Watches.SCHOOL else Lookers.ALL,
        "heading": float(dice.whole(0, 35) * 10), "movable": dice.chance(0.5), "night": dice.chance(0.8),
        "owner": "县视频共享平台", "keeper": dice.person(), "keeper_phone": dice.phone(),
    }  # fmt: skip


def _checks(county: County, dice: Dice, now: datetime) -> None:
    names = [one.username for one in county.people if "duty_officer" in one.roles]
    officers = list(User.objects.filter(username__in=names).order_by("username"))
    region = Ground(county).region(model.COUNTY)
    for back in range(DAYS, -1, -1):
        at = timezone.localtime(now - timedelta(days=back)).replace(hour=9, minute=dice.whole(0, 50))
        at = min(at, now)
        officer = dice.one(officers)
        drawn = draw(region, actor=officer, now=at, seed=f"{county.seed + back:032x}")
        checks = list(drawn.checks.order_by("position"))
        for check in checks[: len(checks) // 2] if back == 0 else checks:
            condition = dice.one(tuple(_FAULTS)) if dice.chance(0.12) else Condition.ONLINE
            note = dice.one(_FAULTS[condition]) if condition in _FAULTS else ""
            at = min(at + timedelta(minutes=1), now)
            record_check(check, condition=condition, note=note, actor=officer, now=at)
