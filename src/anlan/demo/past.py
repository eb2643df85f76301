"""What the county's people did with the alarms of its history: cases in every state, through the same verbs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from PIL import Image, ImageDraw

from anlan.kernel.cases import services as cases
from anlan.kernel.cases.models import Case
from anlan.kernel.evidence import services as evidence
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import Department, Post, User
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing import alarms
from anlan.kernel.sensing.models import Alarm
from anlan.kernel.web.refs import ref_of


@dataclass(frozen=True, slots=True)
class Course:
    """How far a case goes, and what was written. Steps: accept, submit, send_back, submit again, close, withdraw."""

    steps: tuple[str, ...]
    order: str
    check: str = ""


#: The courses of closed cases, taken in turn.
CLOSED = (
    Course(("accept", "submit", "close"), "到场核实，查明原因，处置后拍照报回。", "现场恢复正常，已核验照片。"),
    Course(
        ("accept", "submit", "send_back", "submit", "close"), "到场排查，设警戒，处置后报回。", "补拍全景后符合要求。"
    ),
    Course(("accept", "submit", "close"), "请立即到场查看，注意个人防护。", "复测读数正常，同意办结。"),
)
#: The courses of cases that are open now, one for each state, the last withdrawn.
OPEN = (
    Course((), "请到场核实并反馈。"),
    Course(("accept",), "请到场核实，必要时组织撤离。"),
    Course(("accept", "submit"), "请到场处置并拍照报回。"),
    Course(("accept", "submit", "send_back"), "请处置后拍照报回。"),
    Course(("withdraw",), "请到场核实。"),
)
NOTES = {
    "send_back": "照片看不清设备铭牌，请补拍。",
    "withdraw": "经电话核实为检修放散，撤回。",
}
#: Alarms of the history that get a case; the others are closed with a word.
MOST_CASES = 12


def enact(now: datetime) -> Iterator[str]:
    """Work through the alarms of the history, each act in a transaction of its own; yields the case numbers.

    Does nothing when a case exists already. Older alarms were handled on their day; the newest few are being handled.
    """
    if Case.records.exists():
        return
    found = list(
        Alarm.records.filter(retrospective=True, exercise=False, condition="level", closed_at=None)
        .select_related("region", "point", "entry")
        .order_by("raised_at")
    )
    officer = _holder("duty_officer")
    if officer is None:
        return
    chosen = found[-MOST_CASES:]
    for alarm in found[: -len(chosen)]:
        alarms.close(alarm, actor=officer, now=now, note="历史数据补录，核实后办结")
    current = chosen[-len(OPEN) :]
    for place, alarm in enumerate(chosen):
        if alarm in current:
            turn = current.index(alarm)
            begun = now - timedelta(minutes=18 + 14 * turn)
            course = OPEN[turn]
        else:
            begun = alarm.raised_at + timedelta(minutes=4 + place % 5)
            course = CLOSED[place % len(CLOSED)]
        with transaction.atomic():
            case = _play(alarm, course, officer, begun)
        if case is not None:
            yield case.number


def _play(alarm: Alarm, course: Course, officer: User, begun: datetime) -> Case | None:
    """One case from its opening as far as the course goes, the steps some minutes apart."""
    town = next((region for region in (*regions.ancestors(alarm.region), alarm.region) if region.level == "town"), None)
    unit = Department.objects.filter(region=town, code__startswith="yjb-").first()
    helper = _holder("information_officer", town)
    if unit is None or helper is None:
        return None
    people = (officer, helper)
    case: Case = alarms.open_case_for(alarm, unit=unit, actor=officer, now=begun, note=course.order)
    at = begun
    for number, do in enumerate(course.steps):
        at += timedelta(minutes=6 + 9 * number)
        actor = helper if do in ("accept", "submit") else officer
        if do == "submit":
            _photo(case, helper, at - timedelta(minutes=1), number)
        note = course.check if do == "close" else NOTES.get(do, "")
        for person in people:  # whoever acts has read what came before
            notices.read_all(person, now=at)
        case = cases.act(case, do, actor=actor, now=at, note=note)
    if case.closed_at is not None:
        for person in people:
            notices.read_all(person, now=at)
    return case


def _holder(duty: str, region: Region | None = None) -> User | None:
    posts = Post.objects.filter(duty=duty).exclude(holder=None).select_related("holder").order_by("slot")
    if region is not None:
        posts = posts.filter(region=region)
    first = posts.first()
    return first.holder if first else None


def _photo(case: Case, actor: User, now: datetime, number: int) -> None:
    evidence.keep(
        file=io.BytesIO(draw_photo(case.pk * 7 + number)),
        name=f"现场照片-{number + 1}.jpg",
        ref=ref_of(case),
        role="photo_after",
        region=case.region,
        actor=actor,
        now=now,
    )


def draw_photo(seed: int) -> bytes:
    """A picture of a tank yard that nobody can take for a real photo, JPEG; `seed` varies light and tanks."""
    size = (960, 720)
    hour = seed % 5
    picture = Image.new("RGB", size, (196 - 14 * hour, 212 - 10 * hour, 222 - 6 * hour))
    draw = ImageDraw.Draw(picture)
    draw.polygon([(0, 380), (220, 250), (430, 360), (650, 220), (960, 350), (960, 480), (0, 480)], (150, 166, 158))
    draw.rectangle((0, 460, 960, 720), (172, 168, 158))
    for tank in range(2 + seed % 3):
        left = 90 + tank * 230 + seed % 37
        draw.rectangle((left, 300, left + 170, 560), (224, 226, 224), (120, 128, 130), 4)
        draw.ellipse((left, 272, left + 170, 328), (236, 238, 236), (120, 128, 130), 4)
        draw.line((left + 30, 330, left + 30, 556), (120, 128, 130), 5)
        draw.rectangle((left + 60, 400, left + 130, 440), (15, 118, 110))
    draw.line((0, 600, 960, 600), (214, 160, 60), 10)
    draw.rectangle((0, 676, 960, 720), (23, 33, 43))
    draw.text((20, 690), "DEMO PICTURE - ANLAN", (255, 255, 255))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()
