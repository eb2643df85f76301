"""What tests of imports share: files made in memory, the steps run as the jobs process would run them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import shapefile
import xlsxwriter
from small_county import NOW

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.kernel.jobs import registry
from anlan.kernel.jobs.models import Job, State
from anlan.kernel.registers.importing import services
from anlan.kernel.registers.importing.models import Import, Verdict

HEADINGS = (
    "企业名称",
    "类型",
    "统一社会信用代码",
    "所在乡镇",
    "地址",
    "经度",
    "纬度",
    "风险等级",
    "负责人",
    "联系电话",
)
COLUMNS = ("name", "kind", "credit_code", "region", "address", "lon", "lat", "risk", "keeper", "keeper_phone")
GOOD = (
    ("沙头精细化工有限公司", "chemical", "91990123MA00000011", "990123101201", "经二路6号", 104.1, 31.6, "Ⅱ", "窦长微",
     "19000004855"),
    ("丹崖加油站", "filling", "", "丹崖镇", "国道旁", 104.6, 31.6, 4, "", ""),
    ("云台小厂", "light", "", "丹崖镇/云台村", "", "", "", "", "", ""),
)  # fmt: skip


def workbook(rows: Sequence[Sequence[Any]], headings: Sequence[str] = HEADINGS) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("企业")
        for at, heading in enumerate(headings):
            sheet.write(0, at, heading)
        for down, row in enumerate(rows, 1):
            for at, value in enumerate(row):
                if value != "":
                    sheet.write(down, at, value)
    return out.getvalue()


def text(rows: Sequence[Sequence[Any]], encoding: str = "utf-8", headings: Sequence[str] = HEADINGS) -> bytes:
    return "\r\n".join(",".join(map(str, row)) for row in (headings, *rows)).encode(encoding)


def geojson(features: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> bytes:
    rows = [{"type": "Feature", "geometry": shape, "properties": said} for shape, said in features]
    return json.dumps({"type": "FeatureCollection", "features": rows}, ensure_ascii=False).encode()


def kml(name: str, lon: float, lat: float) -> bytes:
    place = f"<Placemark><name>{name}</name><Point><coordinates>{lon},{lat}</coordinates></Point></Placemark>"
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{place}</Document></kml>'.encode()


def zipped_shapefile(name: str, lon: float, lat: float) -> bytes:
    shp, shx, dbf, target = (io.BytesIO() for _part in range(4))
    with shapefile.Writer(shp=shp, shx=shx, dbf=dbf, shapeType=shapefile.POINT, encoding="utf-8") as writer:
        writer.field("名称", "C", 40)
        writer.point(lon, lat)
        writer.record(name)
    with zipfile.ZipFile(target, "w") as packed:
        for ending, part in (("shp", shp), ("shx", shx), ("dbf", dbf), ("cpg", io.BytesIO(b"UTF-8"))):
            packed.writestr(f"层.{ending}", part.getvalue())
    return target.getvalue()


def run_jobs() -> int:
    """Do what waits, in this process."""
    done = 0
    for job in Job.objects.filter(state=State.WAITING, name__startswith="registers.import").order_by("id"):
        declared = registry.declared(job.name)
        assert declared is not None and declared.apart
        declared.func(now=NOW, **job.args)
        Job.objects.filter(pk=job.pk).update(state=State.DONE)
        done += 1
    return done


def taken(actor: Any, data: bytes, name: str = "企业.xlsx", register: Any = ENTERPRISES) -> Import:
    return services.take_in(register, data, name, actor=actor, now=NOW)


def named(row: Import, **other: Any) -> Import:
    """The columns as they are suggested, with WGS-84 unless said otherwise; then checked."""
    options = {**services.suggested(row, 0, 0), "system": "WGS-84", **other}
    options["columns"] = {int(at): name for at, name in options["columns"].items()}
    services.name_columns(row, options, actor=row.by, now=NOW)
    run_jobs()
    row.refresh_from_db()
    return row


def checked(actor: Any, data: bytes, name: str = "企业.xlsx", register: Any = ENTERPRISES, **other: Any) -> Import:
    return named(taken(actor, data, name, register), **other)


def committed(row: Import) -> Import:
    services.commit(row, actor=row.by, now=NOW)
    run_jobs()
    row.refresh_from_db()
    return row


def counts(row: Import) -> dict[str, int]:
    return {verdict.name.lower(): n for verdict in Verdict if (n := row.counts.get(str(int(verdict)), 0))}
