"""The demo's tasks in every state, a campaign, projects, last year's appraisal and this year's running one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.utils import timezone

from anlan.apps.goals import rules
from anlan.apps.goals.models import Appraisal, Campaign, LetterKind, Listed, ListItem, Sort, Task
from anlan.apps.goals.queries.tasks import first_of, next_month
from anlan.apps.goals.services import appraisal, campaigns, letters, papers, projects, tasks
from anlan.apps.goals.services.tasks import Share, Stone
from anlan.demo.county import model
from anlan.demo.county.model import County
from anlan.demo.county.noise import even
from anlan.formats.official import pdf
from anlan.formats.official.paper import Heading, Paper, Text
from anlan.kernel.evidence import services as evidence
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import may
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.web.refs import ref_of

ORDER = 900

POINTS = f"{model.COUNTY_NAME}应急管理工作要点"
#: Work of every town in a year: title, what has to be there, clause of the year's work points.
TOWN_WORK = (
    ("完成“一队一库一平台”规范化建设", "队伍、物资库、平台各一处通过县局核查", "三（一）"),
    ("地质灾害隐患点“隐患点＋风险区”双控落实", "每个隐患点有责任人、预案和一次演练记录", "三（四）"),
)
#: Work of the sections: code, title, what has to be there, clause, towns that take part (by their place in the list).
SECTION_WORK = (
    ("yjj-whk", "重大危险源企业包保责任落实情况全覆盖检查", "每家企业一份检查记录，问题闭环", "二（一）", (0, 2)),
    ("yjj-whk", "化工园区封闭化管理改造督导", "园区卡口、视频、人员定位三项投用", "二（二）", (0,)),
    ("yjj-ksk", "头顶库安全风险综合治理", "坝体位移、浸润线在线监测全部恢复并联网", "二（三）", (4,)),
    ("yjj-ksk", "非煤矿山外包工程专项清理", "外包单位台账和安全管理协议齐全", "二（四）", (3, 4)),
    ("yjj-fxb", "水库山塘三个责任人公示与培训", "公示牌到位，培训签到和考核记录齐全", "三（二）", ()),
    ("yjj-fxb", "山洪灾害预警叫应机制实测", "橙色 30 分钟、红色 15 分钟内叫应到村的测试记录", "三（三）", (5,)),
    ("yjj-jck", "监测点在线率提升至 98%", "连续三个月的在线率统计", "四（一）", ()),
    ("yjj-zhzx", "修订县级总体应急预案并组织桌面推演", "预案报批稿和推演评估报告", "四（二）", ()),
)
#: What is said month by month.
WORDS = ("已部署，明确责任人和分工", "完成摸底，建立台账", "按计划推进，问题边查边改", "收尾，整理证明材料")
#: Problems of the campaign: title, place in the list of towns, days to the date, how far it is.
PROBLEMS = (
    ("尾矿库排洪沟局部淤堵，汛期过流能力不足", 4, -12, Listed.VERIFIED),
    ("尾矿库坝面位移监测点 3 处离线超过 7 天", 4, -6, Listed.DOING),
    ("采石场临时边坡坡度大于设计值", 3, -3, Listed.OPEN),
    ("矿山值守记录连续 5 天缺签", 3, 9, Listed.DONE),
    ("外包施工队未纳入统一安全管理", 3, 20, Listed.DOING),
    ("排土场截水沟未按设计施工", 1, 26, Listed.OPEN),
    ("民用爆炸物品领退登记不全", 1, -20, Listed.VERIFIED),
    ("应急物资库编织袋不足，缺 2000 条", 4, 15, Listed.DONE),
)
MEASURES = (
    ("清淤排洪沟 320 米并复核过流断面", 0, Listed.VERIFIED),
    ("更换位移监测终端，恢复联网并连续观测 7 天", 1, Listed.DOING),
    ("停产削坡，按设计坡度重新验收", 2, Listed.OPEN),
    ("值守记录改为平台签到，县局每周抽查", 3, Listed.DONE),
    ("签订统一安全管理协议，培训考核合格后上岗", 4, Listed.DOING),
    ("补购编织袋并建立最低库存预警", 7, Listed.DONE),
)


@dataclass(slots=True)
class Hands:
    """Who does what in this module."""

    boss: User
    leader: User
    units: dict[str, Department]
    towns: list[tuple[Region, Department, User]]
    seed: int

    def lead(self, code: str) -> User:
        """The first officer of a section who may report on tasks."""
        return self.officers(code)[0]

    def officers(self, code: str) -> list[User]:
        unit = self.units[code]
        members = User.objects.filter(department=unit, is_active=True).select_related("department").order_by("pk")
        return [one for one in members if may(one, "task.report", unit.region)]

    def share(self, *key: int) -> float:
        """A number from 0 to 1 that is the same on every machine."""
        return float(even(self.seed, 930, sum(n * 97**k for k, n in enumerate(key))))


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter everything by the verbs that a bureau's people use."""
    hands = _hands(county)
    year = timezone.localdate(now).year
    for of_year in (year - 1, year):
        _towns(hands, of_year, now)
        _sections(hands, of_year, now)
    _supervise(hands, now)
    campaign = _campaign(hands, county, now)
    _campaign_task(hands, campaign, now)
    _projects(hands, county, now)
    _appraisals(hands, county, year, now)


def _hands(county: County) -> Hands:
    units = {one.code: one for one in Department.objects.select_related("region")}
    regions = {one.code: one for one in Region.objects.defer("boundary").filter(level="town")}
    towns = []
    for town in county.towns:
        unit = units[f"yjb-{town.code[6:9]}"]
        officer = User.objects.filter(department=unit, grants__role__code="town_officer").order_by("pk")[0]
        towns.append((regions[town.code], unit, officer))
    holders = User.objects.filter(grants__region__code=model.COUNTY).order_by("pk")
    return Hands(
        holders.filter(grants__role__code="supervision_officer")[0],
        holders.filter(grants__role__code="leader")[0],
        units,
        towns,
        county.seed,
    )


def _at(day: date, hour: int = 9) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour)))


def _towns(hands: Hands, year: int, now: datetime) -> None:
    """Two tasks a town; most are done in time, some late, of this year's second ones many still run."""
    for k, (_region, unit, officer) in enumerate(hands.towns):
        for n, (title, measure, clause) in enumerate(TOWN_WORK):
            begun = _at(date(year, 3 + 4 * n, 4 + k))
            due = begun + timedelta(days=100 + 10 * n)
            if begun >= now:
                continue
            runs = n == 1 and k % 4 == 1 and year == timezone.localdate(now).year
            if runs:  # still in hand, with some days left
                due = now + timedelta(days=16 + k)
            task = _give(hands, unit, officer, title, measure, f"{year}年{POINTS} {clause}", begun, due)
            slow = hands.share(year, k, n)
            days = 900 if runs else 58 + 40 * slow if slow < 0.8 else 112 + 60 * slow
            _run(hands, task, begun + timedelta(days=days), now, forgets=hands.share(year, k, n, 7) > 0.75)


def _sections(hands: Hands, year: int, now: datetime) -> None:
    """The sections' work: of this year in every state."""
    this = year == timezone.localdate(now).year
    for k, (code, title, measure, clause, towns) in enumerate(SECTION_WORK):
        begun = now - timedelta(days=150 - 14 * k) if this else _at(date(year, 4, 2 + k))
        due = begun + timedelta(days=(120, 200, 110, 130, 60, 180, 90, 200)[k])
        parts = [Share(hands.towns[at][1], "现场落实，按月报送情况") for at in towns]
        stones = [Stone("完成排查摸底", timezone.localdate(begun + timedelta(days=30))),
                  Stone("完成中期评估", timezone.localdate(begun + timedelta(days=55)))]  # fmt: skip
        task = _give(
            hands, hands.units[code], hands.lead(code), title, measure, f"{year}年{POINTS} {clause}", begun, due,
            parts=parts, stones=stones,
        )  # fmt: skip
        if this:
            _this_year(hands, task, k, begun, now)
        else:
            _run(hands, task, begun + timedelta(days=50 + 9 * k), now, forgets=k == 3)


def _this_year(hands: Hands, task: Task, k: int, begun: datetime, now: datetime) -> None:
    lead = task.case.assignee
    assert lead is not None
    for stone in list(task.milestones.all())[: (2, 1, 1, 0, 2, 2, 1, 0)[k]]:
        on = min(stone.due_on + timedelta(days=3 * (k % 3)), timezone.localdate(now))
        tasks.reach(stone, on=on, actor=lead, now=max(_at(on, 17), begun + timedelta(hours=1)))
    if k == 7:  # given, nobody has taken it up
        return
    tasks.step(task, "accept", note="", revision=None, actor=lead, now=begun + timedelta(days=1))
    _report(hands, task, now - timedelta(days=1), forgets=k in (2, 3))
    if k == 0:  # submitted, waits for the check
        _submit(task, now - timedelta(days=2))
    elif k == 1:  # sent back once
        _submit(task, now - timedelta(days=9))
        note = "人员定位系统未提供联调报告，请补充后再报"
        tasks.step(task, "send_back", note=note, revision=None, actor=hands.boss, now=now - timedelta(days=6))
    elif k == 4:  # done
        _submit(task, begun + timedelta(days=52))
        note = "抽查 6 座山塘，公示牌和培训记录齐全"
        tasks.step(task, "close", note=note, revision=None, actor=hands.boss, now=begun + timedelta(days=56))
    elif k == 5:  # more time, and another officer
        tasks.extend(task, days=20, reason="汛期延后，测试窗口推迟", actor=hands.boss, now=now - timedelta(days=20))
    elif k == 6:
        note = "纳入市级统一考核，不再单列"
        tasks.step(task, "cancel", note=note, revision=None, actor=hands.boss, now=now - timedelta(days=4))


def _give(
    hands: Hands, unit: Department, lead: User, title: str, measure: str, basis: str, begun: datetime, due: datetime,
    *, parts: Sequence[Share] = (), stones: Sequence[Stone] = (),
) -> Task:  # fmt: skip
    end = timezone.make_aware(datetime.combine(timezone.localdate(due), time(23, 59)))
    return tasks.give(
        title=title, unit=unit, lead=lead, due=end, measure=measure, basis=basis, parts=parts, stones=stones,
        words=f"{title}。按月报送进展，办结时提供证明材料。", actor=hands.boss, now=begun,
    )  # fmt: skip


def _run(hands: Hands, task: Task, done: datetime, now: datetime, *, forgets: bool) -> None:
    """Take it up, report, submit and have it confirmed, as far as `now` has come."""
    lead = task.case.assignee
    assert lead is not None
    taken = task.case.opened_at + timedelta(days=1)
    if taken >= now:
        return
    tasks.step(task, "accept", note="", revision=None, actor=lead, now=taken)
    _report(hands, task, min(done, now), forgets=forgets)
    if done < now:
        _submit(task, done)
        checked = min(done + timedelta(days=3), now)
        note = "现场核查，材料齐全"
        tasks.step(task, "close", note=note, revision=None, actor=hands.boss, now=checked)


def _months(task: Task, end: datetime) -> Iterator[tuple[date, datetime]]:
    """Each month with the moment at which it is reported, on its last days or at the end."""
    month = first_of(timezone.localdate(task.case.opened_at))
    while _at(month) < end:
        at = min(_at(next_month(month) + timedelta(days=1), 10), end)
        yield month, max(at, task.case.opened_at + timedelta(hours=30))
        month = next_month(month)


def _report(hands: Hands, task: Task, end: datetime, *, forgets: bool) -> None:
    """Month by month; who forgets leaves out every second one."""
    lead = task.case.assignee
    assert lead is not None
    span = max((task.case.due or end) - task.case.opened_at, timedelta(days=1))
    for n, (month, at) in enumerate(_months(task, end)):
        if at > end or (forgets and n % 2):
            continue
        percent = min(95, round(100 * (at - task.case.opened_at) / span))
        words = ("已部署，明确责任人和分工", "完成摸底，建立台账", "按计划推进，问题边查边改", "收尾，整理证明材料")[
            min(n, 3)
        ]
        trouble = "资金拨付较慢" if hands.share(task.pk, n) > 0.85 else ""
        tasks.report(task, month=month, percent=percent, words=words, trouble=trouble, actor=lead, now=at)


def _submit(task: Task, at: datetime) -> None:
    """Submit with a report of what was done, which is the proof."""
    lead, unit = task.case.assignee, task.case.unit
    assert lead is not None and unit is not None
    on = timezone.localdate(at)
    paper = Paper(
        organ=unit.name, number=f"{unit.name[:2]}应急〔{on.year}〕{task.pk}号",
        title=f"关于“{task.case.title}”办结情况的报告", to=(f"{model.COUNTY_NAME}应急管理局",),
        body=(Heading(1, "完成情况"), Text(f"{task.measure}。"), Heading(1, "佐证材料"), Text("台账、照片存档。")),
        signed=unit.name, on=on, head_word="",
    )  # fmt: skip
    evidence.keep(
        file=pdf.made(paper), name="办结情况报告.pdf", ref=ref_of(task.case), role="task_result", region=task.region,
        actor=lead, now=at,
    )  # fmt: skip
    tasks.step(task, "submit", note="已完成，报请核查", revision=None, actor=lead, now=at)


def _supervise(hands: Hands, now: datetime) -> None:
    """Letters over the section's late task, one answered; an interview and a notice; an officer who changed posts."""
    rows = Task.records.filter(case__closed_at=None, case__unit=hands.units["yjj-ksk"]).order_by("pk")
    late = [task for task in tasks.with_case(rows) if task.case.due is not None and task.case.due < now]
    task = late[0] if late else tasks.with_case(rows)[0]
    lead = task.case.assignee
    assert lead is not None
    wrong = "坝体位移监测点 3 处离线，浸润线数据中断；已连续两个月未填报进展。"
    first = letters.write(
        task, LetterKind.SUPERVISE, words=wrong, demand="立即恢复监测联网。\n补报进展并说明原因。", actor=hands.boss,
        now=now - timedelta(days=20),
    )  # fmt: skip
    answer = "已更换 2 处终端，剩余 1 处待备件到货，预计一周内恢复；进展已补报。"
    letters.answer(first, words=answer, actor=lead, now=now - timedelta(days=16))
    letters.write(
        task, LetterKind.INTERVIEW, words="约谈指出整治进度滞后、督办答复未完全兑现，责任人作了说明并表态。",
        demand="倒排工期，每周报送一次。", interviewed="科室负责人", place="县局三楼会议室", actor=hands.leader,
        now=now - timedelta(days=9),
    )  # fmt: skip
    letters.write(
        task, LetterKind.SUPERVISE, words="约谈要求的每周报送未落实，监测仍有 1 处离线。",
        demand="三日内恢复，并提交联网截图。", actor=hands.boss, now=now - timedelta(days=8),
    )  # fmt: skip
    behind = Task.records.filter(case__closed_at=None, case__due__lt=now, case__unit__code__startswith="yjb-")
    for other in tasks.with_case(behind.order_by("case__due"))[:1]:
        words = "该任务逾期未办结，且未按要求填报进展，影响全县工作进度。"
        demand = "举一反三，限期整改。"
        letters.write(
            other, LetterKind.CRITICISM, words=words, demand=demand, actor=hands.leader, now=now - timedelta(days=3)
        )
    officers = hands.officers("yjj-whk")
    tasks.hand_over_all(
        officers[0], officers[1], reason="岗位调整，工作移交", actor=hands.boss, now=now - timedelta(hours=30)
    )  # fmt: skip


def _campaign(hands: Hands, county: County, now: datetime) -> Campaign:
    region = hands.units["yjj"].region
    begun = now - timedelta(days=45)
    today = timezone.localdate(now)
    row = campaigns.begin(
        title="非煤矿山安全风险百日攻坚行动", unit=hands.units["yjj-ksk"], region=region,
        begins_on=timezone.localdate(begun), ends_on=timezone.localdate(begun + timedelta(days=100)),
        basis=f"{model.COUNTY_NAME}非煤矿山百日攻坚工作方案",
        words="以尾矿库、露天采场、外包工程为重点，查清问题、逐项销号。",
        actor=hands.boss, now=begun,
    )  # fmt: skip
    lines = []
    for k, (title, town, span, state) in enumerate(PROBLEMS):
        place, unit, officer = hands.towns[town]
        line = campaigns.enter(
            row, Sort.PROBLEM, title=title, region=place, unit=unit, officer=officer.name,
            due_on=today + timedelta(days=span), actor=officer, now=begun + timedelta(days=3 + k),
        )  # fmt: skip
        lines.append((line, town))
        _move(hands, line, officer, state, now - timedelta(days=14 - k))
    for k, (title, at, state) in enumerate(MEASURES):
        problem, town = lines[at]
        place, unit, officer = hands.towns[town]
        line = campaigns.enter(
            row, Sort.MEASURE, title=title, region=place, unit=unit, officer=officer.name, due_on=problem.due_on,
            answers=problem, actor=officer, now=begun + timedelta(days=12 + k),
        )  # fmt: skip
        _move(hands, line, officer, state, now - timedelta(days=10 - k))
    papers.issue_brief(row, actor=hands.boss, now=now - timedelta(days=2))
    return row


def _move(hands: Hands, line: ListItem, officer: User, state: Listed, at: datetime) -> None:
    """Step by step to where it stands."""
    for step in (Listed.DOING, Listed.DONE, Listed.VERIFIED):
        if state is Listed.OPEN:
            return
        actor = hands.boss if step is Listed.VERIFIED else officer
        line = campaigns.move(
            line, step, result="已按要求整改，现场照片存档" if step is Listed.DONE else "", actor=actor, now=at
        )
        if step is state:
            return


def _campaign_task(hands: Hands, campaign: Campaign, now: datetime) -> None:
    unit = hands.units["yjj-ksk"]
    tasks.give(
        title="百日攻坚行动县级抽查", unit=unit, lead=hands.lead("yjj-ksk"), due=now + timedelta(days=30),
        words="每周抽查不少于 2 家，问题纳入清单。", measure="抽查记录和销号率", campaign=campaign, actor=hands.boss,
        now=now - timedelta(days=25),
    )  # fmt: skip


def _projects(hands: Hands, county: County, now: datetime) -> None:
    """One planned, one running, one that is late, one to be accepted, one accepted."""
    region = hands.units["yjj"].region
    wanted = (
        ("山洪灾害预警广播补点", "yjj-fxb", 25, 200, "1860000", 0),
        ("尾矿库在线监测升级", "yjj-ksk", -170, 120, "3420000", 1),
        ("乡镇应急物资前置点建设", "yjj-fxb", -300, -15, "2150000", 2),
        ("化工园区气体泄漏监测加密", "yjj-whk", -330, 20, "4980000", 3),
        ("县级指挥中心会商系统改造", "yjj-zhzx", -400, -90, "1280000", 4),
    )
    for k, (title, code, first, last, budget, stage) in enumerate(wanted):
        today = timezone.localdate(now)
        begins, ends = today + timedelta(days=first), today + timedelta(days=last)
        third = timedelta(days=(last - first) // 3)
        stones = [Stone("招标采购", begins + third), Stone("设备安装调试", begins + 2 * third), Stone("试运行", ends)]
        lead = hands.lead(code)
        at = _at(begins) if begins < today else now - timedelta(days=3)
        row = projects.plan(
            title=title, unit=hands.units[code], lead=lead, region=region, budget=Decimal(budget), begins_on=begins,
            ends_on=ends, money_from="县级财政专项", basis=f"{model.COUNTY_NAME}应急管理“十五五”规划", stages=stones,
            words=f"{title}，建成后接入本平台。", actor=hands.boss, now=at,
        )  # fmt: skip
        if stage == 0:
            continue
        projects.begin(row, actor=lead, now=at + timedelta(days=2))
        done = list(row.stages.all())[: (0, 1, 1, 3, 3)[stage]]
        for one in done:
            on = min(one.due_on, today - timedelta(days=6))
            projects.finish_stage(one, on=on, words="按合同完成", actor=lead, now=_at(on, 16))
        for n, share in enumerate((0.3, 0.4, 0.22)[: len(done) or 1]):
            on = min(begins + third * n + timedelta(days=20), today - timedelta(days=5))
            projects.spend(
                row, on=on, amount=(Decimal(budget) * Decimal(str(share))).quantize(Decimal("0.01")),
                words=("预付款", "到货款", "验收款")[n], voucher=f"PZ-{on.year}-{k}{n:03d}", actor=lead,
                now=_at(on, 15),
            )  # fmt: skip
        if stage >= 3:
            over = min(ends, today - timedelta(days=4))
            projects.finish(row, on=over, actor=lead, now=_at(over, 17))
        if stage == 4:
            on = min(ends + timedelta(days=12), today)
            note = "功能、性能符合合同，资料齐全，同意验收"
            projects.accept(row, on=on, conclusion=note, passed=True, actor=hands.boss, now=_at(on, 17))


def _appraisals(hands: Hands, county: County, year: int, now: datetime) -> None:
    """Last year's published, appealed against, published again and closed; this year's begun and half entered."""
    region = hands.units["yjj"].region
    for entry in _sheets(year - 1, date(year, 1, 20)):
        opened = _at(date(year, 1, 8))
        row = appraisal.open_sheet(entry, region, actor=hands.boss, now=opened)
        _mark(hands, row, opened + timedelta(days=3), every=True)
        result = appraisal.publish(
            row, note="个别指标当年无数据，不计入", with_unknown=True, actor=hands.boss, now=opened + timedelta(days=6)
        )
        if row.of == "town":
            place, _unit, officer = hands.towns[1]
            made = appraisal.appeal(
                result, "T06", f"region:{place.code}", words="全年 2 次抽查通报系设备故障所致，已有说明，申请复核。",
                actor=officer, now=opened + timedelta(days=7),
            )  # fmt: skip
            appraisal.decide(
                made, upheld=True, words="核实属实，该项按 9.5 分计。", points=Decimal("9.5"), actor=hands.leader,
                now=opened + timedelta(days=9),
            )  # fmt: skip
            result = appraisal.publish(
                row,
                note="申诉复核后更正值班值守一项",
                with_unknown=True,
                actor=hands.boss,
                now=opened + timedelta(days=10),
            )
        papers.issue_result(result, actor=hands.boss, now=opened + timedelta(days=11))
        if now > result.appeal_until + timedelta(days=1):
            appraisal.close(row, actor=hands.boss, now=result.appeal_until + timedelta(days=1))
    for entry in _sheets(year, timezone.localdate(now)):
        row = appraisal.open_sheet(entry, region, actor=hands.boss, now=now - timedelta(days=12))
        _mark(hands, row, now - timedelta(days=5), every=False)
        if row.of == "town":
            place = hands.towns[3][0]
            words = "9 月 12 日露天采场边坡垮塌事故（较大），调查报告已批复"
            appraisal.veto(
                row, "V01", f"region:{place.code}", words=words, actor=hands.boss, now=now - timedelta(days=4)
            )


def _sheets(year: int, day: date) -> list[Entry]:
    """The score sheets for a year that are in force on a day."""
    return [entry for entry in rules.sheets(day, _at(day)) if entry.body["year"] == year]


def _mark(hands: Hands, row: Appraisal, at: datetime, *, every: bool) -> None:
    """Points of the manual items; of a running appraisal only the first of them."""
    found = appraisal.sheet_of(row, at)
    manual = [item for item in found.items if item.kind == "manual"]
    for k, item in enumerate(manual if every else manual[:1]):
        for n, subject in enumerate(sorted(found.subjects)):
            share = 0.72 + 0.27 * hands.share(found.appraisal.year, k, n, 3)
            points = Decimal(str(round(2 * item.points * share) / 2))
            words = "现场考核得分" if share > 0.8 else "现场考核发现台账不全，扣分"
            appraisal.mark(row, item.code, subject, points=points, words=words, actor=hands.boss, now=at)
