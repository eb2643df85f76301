"""The small county with its bureau, two towns' offices and people who give, do and check tasks."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from small_county import NOW, make_user, plant_county

from anlan.apps.goals.models import Task
from anlan.apps.goals.services import tasks
from anlan.kernel.evidence import services as evidence
from anlan.kernel.people.models import Department
from anlan.kernel.web.refs import ref_of

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)


def days(n: float) -> datetime:
    """So many days after NOW, 2026-11-22 in the bureau's zone."""
    return NOW + timedelta(days=n)


def make_world() -> SimpleNamespace:
    """Boss gives and checks, mining does, canglang and danya are towns with an officer each, leader decides."""
    county = plant_county()
    bureau = Department.objects.create(code="yjj", name="县应急管理局", region=county.county)
    mines = Department.objects.create(code="yjj-ksk", name="矿山科", region=county.county, parent=bureau)
    chem = Department.objects.create(code="yjj-whk", name="危化科", region=county.county, parent=bureau)
    canglang = Department.objects.create(code="yjb-101", name="沧浪镇应急办", region=county.canglang, parent=bureau)
    danya = Department.objects.create(code="yjb-102", name="丹崖镇应急办", region=county.danya, parent=bureau)
    user = {"boss": ("supervision_officer", county.county, bureau), "leader": ("leader", county.county, bureau),
            "miner": ("task_officer", county.county, mines), "miner2": ("task_officer", county.county, mines),
            "chemist": ("task_officer", county.county, chem), "cang": ("town_officer", county.canglang, canglang),
            "dan": ("town_officer", county.danya, danya)}  # fmt: skip
    people = {
        name: make_user(name, role, region=region, department=unit) for name, (role, region, unit) in user.items()
    }
    return SimpleNamespace(
        county=county, bureau=bureau, mines=mines, chem=chem, canglang=canglang, danya=danya, **people
    )  # fmt: skip


def give(world: SimpleNamespace, *, at: datetime = NOW, **more: Any) -> Task:
    """A task of the mining section, due thirty days later."""
    fields = {"title": "尾矿库整治", "unit": world.mines, "lead": world.miner, "due": at + timedelta(days=30)} | more
    return tasks.give(**fields, actor=world.boss, now=at)


def prove(task: Task, by: Any, at: datetime) -> None:
    """A picture of the result."""
    evidence.keep(
        file=PNG, name="p.png", ref=ref_of(task.case), role="task_result", region=task.region, actor=by, now=at
    )  # fmt: skip


def finish(world: SimpleNamespace, task: Task, *, submitted: datetime, checked: datetime | None = None) -> Task:
    """Take it up, submit it with a proof, have it confirmed."""
    who = task.case.assignee
    task = tasks.step(task, "accept", note="", revision=None, actor=who, now=task.case.opened_at)
    prove(task, who, submitted)
    task = tasks.step(task, "submit", note="已完成", revision=None, actor=who, now=submitted)
    return tasks.step(task, "close", note="已核查", revision=None, actor=world.boss, now=checked or submitted)
