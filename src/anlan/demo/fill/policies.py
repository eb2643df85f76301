"""The demo's documents with demands: read, decided and joined as people would, some clauses left without an answer.

Where recorded texts of real bureaus lie beside the project (`ANLAN_SHARED_DATA`), they come in too, and say that they
are of other places and only show what an import looks like.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from django.conf import settings

from anlan.apps.goals.models import Clause, Draft, DraftKind, DraftState, Edition, Kind
from anlan.apps.goals.queries.ledger import asked_of
from anlan.apps.goals.queries.standing import kind_of, kinds
from anlan.apps.goals.services import aiming, documents, joining, reviewing
from anlan.apps.goals.services.documents import Facts
from anlan.demo.county import model
from anlan.demo.county.model import County
from anlan.formats.policy import source_of
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region

ORDER = 910

FOLDER = files("anlan") / "demo" / "policies"
BUREAU = f"{model.COUNTY_NAME}应急管理局"
#: File, kind, number, issuer.
OWN = (
    ("plan-2026-2030", "plan", "安政发〔2026〕3号", f"{model.COUNTY_NAME}人民政府"),
    ("work-points-2026", "work_points", "安应急〔2026〕8号", BUREAU),
    ("demonstration-city-2026", "checklist", "安安委〔2026〕2号", f"{model.COUNTY_NAME}安全生产委员会"),
)
#: What a task read in a heading is worth: below this a person takes the clauses under it and not the heading.
HEADING = 0.56
#: Words of a clause, and what a person joins to it: kind and target.
JOINS = (
    ("报警", "screen", "sensing:alarms"),
    ("15分钟", "rule", "clock:alarm.handle.1"),
    ("报警质量", "screen", "monitoring:quality"),
    ("设备", "screen", "monitoring:health"),
    ("监测", "screen", "sensing:points"),
    ("地质灾害隐患点", "rule", "patrol:PATROL-GEO"),
    ("巡查", "screen", "sites:patrols"),
    ("责任人", "screen", "duties:index"),
    ("责任清单", "screen", "duties:index"),
    ("值班", "rule", "roster:DUTY"),
    ("值班", "screen", "duties:roster_now"),
    ("重大危险源", "rule", "major_hazard:MH-LEVELS"),
    ("头顶库", "rule", "norm:HEAD-POND-DISTANCE"),
    ("标准化", "rule", "licence:LIC-STANDARDISATION"),
    ("物资", "rule", "norm:STOCK-TENT"),
    ("物资", "screen", "resources:gaps"),
    ("盘点", "screen", "resources:stores"),
    ("避难", "rule", "shelter_type:SHELTER-FIXED-LONG"),
    ("避难", "screen", "resources:shelters"),
    ("普查", "screen", "census:overview"),
    ("数据目录", "rule", "exchange:EXC-02"),
    ("数据共享", "screen", "exchange:catalogue"),
    ("一张图", "screen", "desks:map"),
    ("应急指挥平台", "screen", "desks:duty"),
)
#: Recorded texts of other counties, when they are there: file and kind.
RECORDED = (
    ("gaochun_2021-2023_action_plan.txt", "action_plan"),
    ("hangzhou_2020_work_points.txt", "work_points"),
    ("pingwu_14th_five_year_plan.txt", "plan"),
    ("shenzhen_2020-2025_action_plan.txt", "action_plan"),
    ("wujin_2023_work_points.txt", "work_points"),
)


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter all of it by the verbs that a bureau's people use."""
    region = Region.objects.get(code=model.COUNTY)
    for name, kind, number, issuer in OWN:
        data = (FOLDER / f"{name}.txt").read_bytes()
        facts = Facts(kind, region, number=number, issuer=issuer)
        edition = _through(data, f"{name}.txt", facts, actor, now)
        _work(edition, actor, now)
    _recorded(region, actor, now)


def _through(data: bytes, name: str, facts: Facts, actor: User, now: datetime) -> Edition:
    # Our own texts need no process of their own to be read in.
    edition = documents.lay_out(source_of(name, data.decode()), data, name, facts, actor=actor, now=now)
    _decide(edition, actor, now)
    documents.put_in_force(edition, actor=actor, now=now)
    _join(edition.clauses.select_related("edition__document__region"), actor, now)
    return edition


def _work(edition: Edition, actor: User, now: datetime) -> None:
    """Join our own texts to the tasks and projects that carry them out, and let them set the county's targets."""
    for clause in edition.clauses.select_related("edition__document__region").exclude(drafts=None).distinct():
        for link in clause.links.filter(kind="indicator", removed_at=None):
            aiming.aim(clause, link.target, actor=actor, now=now)
        for kind in (kind_of("task"), kind_of("project"), kind_of("campaign")):
            assert kind is not None
            for offer in kind.offers(f"{clause.heading}{clause.text}", asked_of(edition, now=now), actor)[:1]:
                joining.join(clause, kind=kind.code, target=offer.target, actor=actor, now=now)


def _decide(edition: Edition, actor: User, now: datetime) -> None:
    """Accept what was read, but for headings that only announce the clauses below them."""
    headings = set(edition.clauses.exclude(children=None).values_list("pk", flat=True))
    for draft in Draft.objects.filter(clause__edition=edition, state=DraftState.PROPOSED).order_by("id"):
        announces = draft.kind == DraftKind.TASK and draft.clause_id in headings and (draft.confidence or 0) < HEADING
        verb = reviewing.reject if announces else reviewing.accept
        verb(draft, actor=actor, now=now)


def _join(clauses: Iterable[Clause], actor: User, now: datetime) -> None:
    """Join what the product has; figures that other rooms measure are joined where one fits an indicator's name."""
    measured = next((kind for kind in kinds() if kind.code == "indicator"), None)
    for clause in clauses:
        said = f"{clause.heading}{clause.text}"
        drafts = list(clause.drafts.filter(state=DraftState.ACCEPTED))
        if not drafts and (clause.edition.document.kind != Kind.CHECKLIST or clause.parent is None):
            continue
        for words, kind, target in JOINS:
            if words in said:
                joining.join(clause, kind=kind, target=target, actor=actor, now=now)
        for draft in drafts if measured is not None else ():
            if draft.kind != DraftKind.INDICATOR:
                continue
            offers = measured.offers(draft.body["name"], asked_of(clause.edition, now=now), actor)
            if offers:
                joining.join(clause, kind="indicator", target=offers[0].target, actor=actor, now=now)


def _recorded(region: Region, actor: User, now: datetime) -> None:
    shared = Path(os.environ.get("ANLAN_SHARED_DATA") or settings.ROOT.parent / "shared" / "data") / "policy"
    for name, kind in RECORDED:
        path = shared / name
        if path.is_file():
            facts = Facts(kind, region, issuer="外地公开文件（仅供演示导入，与本县无关）")
            _through(path.read_bytes(), name, facts, actor, now)
