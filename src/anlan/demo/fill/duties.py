"""The demo's duties: pairs in every village with some gaps, lists of responsibility, absences, two rosters."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from anlan.demo.county import model
from anlan.demo.county.model import County, Place
from anlan.demo.county.names import person_name, phone
from anlan.demo.county.noise import even
from anlan.kernel.duties import absences, lists, rosters, swaps
from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.models import Member, Roster, RosterDuty
from anlan.kernel.duties.months import first_of, next_month
from anlan.kernel.duties.posts import enter_person, name_holder
from anlan.kernel.people import services as people
from anlan.kernel.people.models import Department, Post, User
from anlan.kernel.regions.models import Region

ORDER = 200

#: Shares of villages without an A, without a B, and of those whose A has no phone on record.
NO_A, NO_B, NO_PHONE = 0.02, 0.08, 0.02

#: People who lead a duty beside the two leaders of the bureau: user name, name, section.
DEPUTIES = (("fujuzhang1", "祝汀远", "yjj"), ("fujuzhang2", "闻景微", "yjj"))

#: Lines of the bureau's own: section, post, duty, document, clause.
OWN = (
    ("yjj-zhzx", "值班长", "接报、核实、续报突发事件信息，组织交接班", "安澜县应急值班工作制度", "第三条"),
    ("yjj-zhzx", "值班员", "监视预警信息和报警，三分钟内确认红色报警", "安澜县应急值班工作制度", "第五条"),
    ("yjj-jck", "监测岗", "监测点在线率每日通报，离线超过 24 小时的督促修复", "安澜县监测预警管理办法", "第八条"),
    ("yjj-whk", "危化监管岗", "重大危险源企业每季度检查一次，汛期前逐企核查", "安澜县安全生产监管计划", "二（一）"),
    ("yjj-ksk", "矿山监管岗", "尾矿库头顶库汛期每周检查，雨后 24 小时内核查", "安澜县安全生产监管计划", "二（三）"),
    ("yjj-fxb", "防汛岗", "水库、山塘三个责任人上墙公示，汛前更新一次", "安澜县防汛抗旱应急预案", "3.2"),
    ("yjj-fxb", "防汛岗", "山洪预警叫应：橙色 30 分钟、红色 15 分钟内叫应到村", "安澜县防汛抗旱应急预案", "4.1"),
    ("yjj-xxk", "系统管理员", "平台备份每日核查，每季度恢复演练一次", "安澜县应急平台运行制度", "第六条"),
)
#: The same for every town.
TOWN = (
    ("应急管理办公室主任", "组织本镇灾害信息员值守，灾情初报 2 小时内上报", "安澜县灾情管理实施细则", "第四条"),
    ("应急管理办公室", "地质灾害隐患点主汛期每日巡查，险情先转移后上报", "安澜县地质灾害防治方案", "五"),
    ("综合应急救援队队长", "队伍 15 分钟集结，每月点名一次", "安澜县基层应急能力建设方案", "三（二）"),
)


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter everything by the verbs that a bureau's people use."""
    regions = {region.code: region for region in Region.objects.defer("boundary")}
    _pairs(county, regions, actor, now)
    _lists(county, regions, actor, now)
    bureau = regions[model.COUNTY]
    _members(county, bureau, actor, now)
    _absences(county, actor, now)
    _rosters(bureau, actor, now)


def _pairs(county: County, regions: dict[str, Region], actor: User, now: datetime) -> None:
    """Two officers a village and its grid worker; some seats stay empty, as they do."""
    workers: dict[str, tuple[str, str]] = {}
    for grid in county.grids:
        workers.setdefault(grid.parent, grid.worker)
    held = set(Post.objects.exclude(holder=None).values_list("region__code", "duty", "slot"))
    for k, village in enumerate(county.villages):
        region = regions[village.code]
        for n, slot in enumerate("AB"):
            chance = float(even(county.seed, 910, 2 * k + n))
            if chance < (NO_A if slot == "A" else NO_B):
                continue
            number = "" if slot == "A" and chance > 1 - NO_PHONE else phone(county.seed, 5000 + 2 * k + n)
            name = person_name(county.seed, 5000 + 2 * k + n)
            _seat(region, "information_officer", slot, name, number, actor, now)
        if (village.code, "grid_worker", "A") not in held and village.code in workers:
            _seat(region, "grid_worker", "A", *workers[village.code], actor, now)
    for k, town in enumerate(county.towns):
        _flood(town, k, regions, county, actor, now)


def _flood(town: Place, k: int, regions: dict[str, Region], county: County, actor: User, now: datetime) -> None:
    """The mayor and a deputy answer for flood control; one town has no deputy at the moment."""
    for n, slot in enumerate("AB"):
        if slot == "B" and k == 4:
            continue
        serial = 7000 + 2 * k + n
        name, number = person_name(county.seed, serial), phone(county.seed, serial)
        _seat(regions[town.code], "flood_control", slot, name, number, actor, now)


def _seat(region: Region, duty: str, slot: str, name: str, number: str, actor: User, now: datetime) -> None:
    person = enter_person(name=name, phone=number, region=region, actor=actor, now=now)
    name_holder(region=region, duty=duty, slot=slot, holder=person, actor=actor, now=now)


def _lists(county: County, regions: dict[str, Region], actor: User, now: datetime) -> None:
    offices = {one.code: one for one in Department.objects.all()}
    since = timezone.localdate(now) - timedelta(days=200)
    for code, post, words, standard, clause in OWN:
        lists.add_line(
            region=regions[model.COUNTY], department=offices[code], post=post, words=words, standard=standard,
            clause=clause, since=since, actor=actor, now=now,
        )  # fmt: skip
    for town in county.towns:
        for post, words, standard, clause in TOWN:
            lists.add_line(
                region=regions[town.code], department=offices[f"yjb-{town.code[6:9]}"], post=post, words=words,
                standard=standard, clause=clause, since=since, actor=actor, now=now,
            )  # fmt: skip


def _members(county: County, bureau: Region, actor: User, now: datetime) -> None:
    """Leaders and duty officers of the bureau; deputies lead as well."""
    offices = {one.code: one for one in Department.objects.filter(code__startswith="yjj")}
    for n, (username, name, section) in enumerate(DEPUTIES):
        made = people.add_person(
            username=username, name=name, phone=phone(county.seed, 180 + n), department=offices[section], actor=actor,
            now=now,
        )  # fmt: skip
        people.give_role(user=made, role="leader", region=bureau, actor=actor, now=now)
    since = first_of(first_of(timezone.localdate(now)) - timedelta(days=1))
    for role in ("leader", "duty_officer"):
        standing = User.objects.filter(grants__role__code=role, grants__region=bureau).order_by("pk")
        for user in standing:
            rosters.join(region=bureau, person=user, role=role, since=since, actor=actor, now=now)


def _absences(county: County, actor: User, now: datetime) -> None:
    """A village's first officer is away today, so the other stands in; a duty officer has leave next month."""
    today = timezone.localdate(now)
    first = Post.objects.filter(duty="information_officer", slot="A", region__level="village").exclude(holder=None)
    for k, post in enumerate(first.select_related("holder").order_by("region__code")[3:60:14]):
        if post.holder is not None:
            absences.go_away(
                person=post.holder, first=today - timedelta(days=k), last=today + timedelta(days=3 + 2 * k),
                why=("leave", "training", "sick", "travel")[k % 4], note="", actor=actor, now=now,
            )  # fmt: skip
    month = next_month(today)
    officers = list(Member.objects.filter(role="duty_officer", until=None).select_related("person").order_by("pk"))
    for k, member in enumerate(officers[1:3]):
        absences.go_away(
            person=member.person, first=month + timedelta(days=8 + 5 * k), last=month + timedelta(days=11 + 5 * k),
            why="leave", note="年休假", actor=actor, now=now,
        )  # fmt: skip
    absences.wish(
        person=officers[0].person, day=month + timedelta(days=18), wanted=True, note="孩子家长会", actor=actor, now=now
    )  # fmt: skip


def _rosters(bureau: Region, actor: User, now: datetime) -> None:
    """This month's roster and the next one's, published; one swap agreed, one that waits for an answer."""
    today, begun = timezone.localdate(now), now - timedelta(days=2)
    for month in (first_of(today), next_month(today)):
        rosters.ask_for_drawing(region=bureau, month=month, actor=actor, now=begun)
        row = Roster.objects.get(region=bureau, month=month)
        rosters.draw(roster=row.pk, seed=row.seed, actor=actor.pk, now=begun)
        row.refresh_from_db()
        rosters.put_in_force(row, with_gaps=True, actor=actor, now=begun)
    later = now + timedelta(days=1)
    coming = RosterDuty.objects.filter(role="duty_officer", starts_at__gt=later, roster__region=bureau)
    known = Post.objects.filter(duty="duty_officer", slot="A", region=bureau).values_list("holder", flat=True).first()
    _swap(coming.exclude(person=known), known, agreed=False, now=now)
    _swap(coming.exclude(person=known), None, agreed=True, now=now)


def _swap(coming: QuerySet[RosterDuty], asked: int | None, *, agreed: bool, now: datetime) -> None:
    """The first swap of two duties that breaks no rule, asked of `asked` or of anybody."""
    duties = list(coming.select_related("person", "roster").order_by("starts_at"))
    for duty in duties:
        later = now + timedelta(days=1)
        for back in RosterDuty.objects.filter(roster=duty.roster, role=duty.role, starts_at__gt=later):
            if back.person_id == duty.person_id or asked not in (None, back.person_id):
                continue
            with contextlib.suppress(Refused):
                swap = swaps.ask(
                    duty,
                    to=back.person,
                    back=back,
                    reason="家中有事，申请调班",
                    actor=duty.person,
                    now=now - timedelta(hours=3),
                )
                if agreed:
                    swaps.agree(swap, actor=back.person, now=now - timedelta(hours=2))
                return
