"""The demo's imports: a sheet of small firms that is in force, and one in which rows wait to be decided."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timedelta

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.demo.county import model
from anlan.demo.county.model import County
from anlan.demo.county.noise import even
from anlan.formats.tables.writing import Column, Workbook
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.registers.importing import services, steps
from anlan.kernel.registers.importing.models import Import

ORDER = 850

HEADINGS = ("单位名称", "类别", "所在乡镇", "地址", "负责人", "联系电话")
_FIRMS = (
    ("蓼汀竹器加工坊", "other", "老街28号", "温如许"), ("砚溪豆制品作坊", "other", "桥头巷3号", "卓清和"),
    ("拾穗粮油代储点", "warehouse", "粮站路11号", "纪南柯"), ("听松板材仓库", "warehouse", "工业路62号", "封未央"),
    ("青禾饲料粉碎车间", "dust", "机耕路9号", "薄云深"), ("望舒五金冲压车间", "light", "文昌路15号", "祝余欢"),
)  # fmt: skip
#: What a clerk's sheet is like: a word of their own, a place that does not exist, a number that is none.
_ODD = (
    ("枕河农资存放点", "农资库房", "", "水闸旁", "盛年华"), ("折桂印刷小厂", "other", "老城关镇", "南门外", "闻人初"),
    ("", "warehouse", "", "仓储路", ""), ("揽月木器社", "木工房", "", "后山路7号", "阮惊鸿"),
)  # fmt: skip


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Take both sheets in by the verbs, for somebody whose duty the register is."""
    keeper = User.objects.filter(grants__role__code="record_keeper", grants__region__code=model.COUNTY).order_by("pk")
    owner = keeper.first() or actor
    towns = list(Region.objects.filter(level=Level.TOWN, path__contains=f"/{model.COUNTY}/").order_by("code"))
    firms = [
        (name, kind, towns[int(even(county.seed, 81, at) * len(towns))].name, address, keeper_name, f"1900001{at:04d}")
        for at, (name, kind, address, keeper_name) in enumerate(_FIRMS)
    ]
    odd = [
        (name, kind, town or towns[at % len(towns)].name, address, keeper_name, f"1900002{at:04d}")
        for at, (name, kind, town, address, keeper_name) in enumerate(_ODD)
    ]
    before = now - timedelta(days=6)
    done = _checked(firms, "小微企业补充台账.xlsx", owner, before)
    if done.open_rows:
        services.decide_many(done, "new_doubles", actor=owner, now=before)
        steps.check(done.pk, before)
        done.refresh_from_db()
    services.commit(done, actor=owner, now=before)
    steps.write(done.pk, before)
    _checked([*firms[:2], *odd], "乡镇报送小微企业.xlsx", owner, now - timedelta(hours=3))


def _checked(rows: Sequence[Sequence[str]], name: str, owner: User, now: datetime) -> Import:
    out = io.BytesIO()
    with Workbook(out) as book:
        page = book.page("台账", [Column(heading) for heading in HEADINGS])
        for row in rows:
            page.row(row)
    taken = services.take_in(ENTERPRISES, out.getvalue(), name, actor=owner, now=now)
    columns = dict(enumerate(("name", "kind", "region", "address", "keeper", "keeper_phone")))
    services.name_columns(taken, {"sheet": 0, "header": 0, "columns": columns}, actor=owner, now=now)
    steps.check(taken.pk, now)
    taken.refresh_from_db()
    return taken
