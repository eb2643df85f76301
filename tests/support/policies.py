"""Texts of plans for tests of the ledger: one written for the tests, and the recordings beside the project."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from small_county import NOW

from anlan.apps.goals.models import Draft, DraftState, Edition
from anlan.apps.goals.services import documents, reviewing
from anlan.apps.goals.services.documents import Facts
from anlan.formats.policy import source_of

SHARED = Path(os.environ.get("ANLAN_SHARED_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
RECORDINGS = (
    "gaochun_2021-2023_action_plan.txt",
    "hangzhou_2020_work_points.txt",
    "pingwu_14th_five_year_plan.txt",
    "shenzhen_2020-2025_action_plan.txt",
    "wujin_2023_work_points.txt",
)
#: Two headings, three items, a number that is missing, a person of the county and one whom nobody knows.
POINTS = """首页 > 政务公开
安澜县应急管理局2026年工作要点
一、主要目标
重大事故隐患按期整改率达到100%。
二、重点工作
一是健全值班制度。严格执行24小时专人值班制度,6月底前完成值班室改造。(牵头领导:沈知微)
二是做好物资保障。物资储备点每季度盘点一次,6月1日前完成盘点。(牵头领导:王不在)
四是开展宣传。开展“五进”宣传活动60场次。(责任单位:宣传科)
"""
#: The next edition: one item rewritten, one gone, one new.
POINTS_AGAIN = POINTS.replace("每季度盘点一次", "每月盘点一次,纳入考核").replace(
    "四是开展宣传。开展“五进”宣传活动60场次。(责任单位:宣传科)",
    "三是开展演练。组织综合应急演练2次。(责任单位:宣传科)",
)


def recording(name: str) -> bytes:
    """A recorded text; the test is skipped where it is not on this machine."""
    path = SHARED / "policy" / name
    if not path.is_file():
        pytest.skip(f"the recording {name} is not on this machine (ANLAN_SHARED_DATA)")
    return path.read_bytes()


def take(world: Any, text: str | bytes = POINTS, name: str = "points.txt", **more: Any) -> Edition:
    """Take a document in as the record keeper of the county."""
    data = text.encode() if isinstance(text, str) else text
    facts = Facts(more.pop("kind", "work_points"), more.pop("region", world.county))
    source = source_of(name, data.decode())  # the process of its own is tested by the uploads
    return documents.lay_out(source, data, name, facts, **{"actor": world.keeper, "now": NOW, **more})


def decide_all(edition: Edition, actor: Any, now: datetime = NOW) -> None:
    """Accept whatever waits."""
    for draft in Draft.objects.filter(clause__edition=edition, state=DraftState.PROPOSED).order_by("id"):
        reviewing.accept(draft, actor=actor, now=now)


def in_force(world: Any, text: str = POINTS, **more: Any) -> Edition:
    """A document that was reviewed and put in force."""
    edition = take(world, text, **more)
    decide_all(edition, world.keeper)
    return documents.put_in_force(edition, actor=world.keeper, now=NOW)
