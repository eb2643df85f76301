"""Section 5: hostile files at the door of imports are refused within five seconds, in words, and leave nothing."""

from __future__ import annotations

import html
import io
import json
import os
import random
import time
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from importing_world import GOOD, geojson, run_jobs, workbook
from small_county import sign_in

from anlan.kernel.registers.importing.models import Import, Step

START = "/registers/enterprise/-/import/"
POINT = {"type": "Point", "coordinates": [104.1, 31.6]}


def repacked(change: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A good workbook with parts replaced or added."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(GOOD))) as old, zipfile.ZipFile(target, "w", compression) as new:
        for part in old.namelist():
            if part not in change:
                new.writestr(part, old.read(part))
        for part, data in change.items():
            new.writestr(part, data)
    return target.getvalue()


def sheet(inside: str, head: str = "") -> dict[str, bytes]:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = f'<?xml version="1.0"?>{head}<worksheet xmlns="{space}"><sheetData>{inside}</sheetData></worksheet>'
    return {"xl/worksheets/sheet1.xml": text.encode()}


def merged() -> dict[str, bytes]:
    part = sheet('<row r="1"><c r="A1" t="inlineStr"><is><t>名称</t></is></c></row>')
    ((name, data),) = part.items()
    end = b'</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    return {name: data.replace(b"</sheetData>", end)}


def nested(depth: int) -> bytes:
    return b'{"type":"FeatureCollection","features":' + b"[" * depth + b"]" * depth + b"}"


def kml(inside: str, head: str = "") -> bytes:
    return f'{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{inside}</Document></kml>'.encode()


def zipped(**parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name.replace("_", "."), data)
    return target.getvalue()


HOSTILE = {
    "empty": (b"", "a.xlsx"),
    "nothing but zeros": (bytes(4096), "a.xlsx"),
    "noise": (random.Random(1).randbytes(60_000), "a.xls"),
    "cut": (workbook(GOOD)[:900], "a.xlsx"),
    "pdf": (b"%PDF-1.7\n%%EOF", "a.xlsx"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(100), "a.csv"),
    "program": (b"MZ\x90\x00" + bytes(100), "a.csv"),
    "macros by name": (workbook(GOOD), "a.xlsm"),
    "macros inside": (repacked({"xl/vbaProject.bin": b"x" * 200}), "a.xlsx"),
    "zip bomb": (repacked({"xl/sharedStrings.xml": b"<sst>" + b" " * 60_000_000 + b"</sst>"}), "a.xlsx"),
    "doctype": (repacked(sheet("", '<!DOCTYPE x [<!ENTITY a "b">]>')), "a.xlsx"),
    "billion laughs": (
        repacked(sheet("&c;", '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>')), "a.xlsx",
    ),
    "giant merge": (repacked(merged()), "a.xlsx"),
    "far cell": (repacked(sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')), "a.xlsx"),
    "far column": (repacked(sheet('<row r="1"><c r="ZZ1"><v>1</v></c></row>')), "a.xlsx"),
    "deep xml": (repacked(sheet("<row>" * 5000 + "</row>" * 5000)), "a.xlsx"),
    "wide text": (",".join(f"列{n}" for n in range(300)).encode(), "a.csv"),
    "long text": (b"a,b\n" + b"x" * 100_000 + b",1\n", "a.csv"),
    "open quote": (b'a,b\n"1,2\n3,4\n', "a.csv"),
    "no encoding": (b"\x81\xff\xfe\x80\x00\xd8,\xff\xff\xff\xff\n" * 50, "a.csv"),
    "no ending": (workbook(GOOD), "table"),
    "path in the name": (b"%PDF-1.7", "../../etc/passwd.xlsx"),
    "not json": (b"{type: FeatureCollection", "a.geojson"),
    "deep json": (nested(50_000), "a.geojson"),
    "not geojson": (b'{"hello": 1}', "a.geojson"),
    "no features": (b'{"type":"FeatureCollection","features":[]}', "a.geojson"),
    "many vertices": (
        geojson([({"type": "LineString", "coordinates": [[104 + n / 1e6, 31] for n in range(20_000)]}, {})]),
        "a.geojson",
    ),
    "json as kml": (geojson([(POINT, {})]), "a.kml"),
    "kml doctype": (kml("", '<!DOCTYPE kml [<!ENTITY a "b">]>'), "a.kml"),
    "network link": (kml("<NetworkLink><Link><href>http://x</href></Link></NetworkLink>"), "a.kml"),
    "broken kml": (kml("<Placemark>"), "a.kml"),
    "zip without layer": (zipped(readme_txt=b"x"), "a.zip"),
    "shp without parts": (zipped(a_shp=b"\x00\x00\x27\x0a" + bytes(96)), "a.zip"),
    "lying shp": (zipped(a_shp=b"\x00\x00\x27\x0a" + bytes(96), a_shx=bytes(100), a_dbf=bytes(33)), "a.zip"),
    "archive in archive": (zipped(inner_zip=zipped(a_txt=b"x"), a_shp=b"x", a_dbf=b"x"), "a.zip"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.kml"),
    "too large": (b"a,b\n" + b"1,2\n" * 6_000_000, "a.csv"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.DATA = tmp_path


@pytest.mark.parametrize("which", HOSTILE)
def test_S10_hostile_files_are_refused_in_time_and_in_words(client, keeper, tmp_path, which):
    sign_in(client, keeper)
    data, name = HOSTILE[which]
    began = time.monotonic()
    answer = client.post(START, {"file": SimpleUploadedFile(name, data)} if data else {})
    took = time.monotonic() - began
    assert answer.status_code == 422, answer.status_code
    assert 'role="alert"' in answer.content.decode()
    assert not Import.objects.exists()
    left = tmp_path / "imports"
    assert not left.exists() or not os.listdir(left)
    assert took < 5, f"{took:.1f} s"


FAR = '<row r="1"><c r="A1"><v>1</v></c></row>' * 9 + '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
LONG = {"type": "LineString", "coordinates": [[104 + n / 1e6, 31] for n in range(60_000)]}
NOISE = random.Random(2).randbytes(1_200_000)
LARGE = {
    "zip bomb": (repacked({"xl/sharedStrings.xml": b"<sst>" + b" " * 60_000_000 + b"</sst>", "xl/n": NOISE}), "a.xlsx"),
    "noise in a workbook": (NOISE, "a.xlsx"),
    "far cell at the end": (repacked(sheet(FAR) | {"xl/n": NOISE}), "a.xlsx"),
    "wide text": (",".join(f"列{n}" for n in range(250_000)).encode(), "a.csv"),
    "open quote": (b'a,b\n"1,2\n' + b"3,4\n" * 400_000, "a.csv"),
    "more rows than are taken": (b"a,b\n" + b"1,2\n" * 400_000, "a.csv"),
    "deep json": (nested(700_000), "a.geojson"),
    "places without end": (geojson([(LONG, {})]), "a.geojson"),
    "not json": (b"[" + b'{"a": 1}, ' * 200_000, "a.json"),
}  # fmt: skip


@pytest.mark.parametrize("which", LARGE)
def test_S10_large_hostile_files_are_answered_at_once_and_refused_by_their_job(client, keeper, tmp_path, which):
    sign_in(client, keeper)
    data, name = LARGE[which]
    began = time.monotonic()
    answer = client.post(START, {"file": SimpleUploadedFile(name, data)})
    answered = time.monotonic() - began
    assert answer.status_code == 302
    assert b"<progress" in client.get(answer.url).content
    run_jobs()
    took = time.monotonic() - began
    row = Import.objects.get()
    assert row.step == Step.REFUSED
    page = client.get(answer.url).content.decode()
    assert 'role="alert"' in page
    assert row.note in html.unescape(page)
    assert row.note
    assert not os.listdir(tmp_path / "imports")
    assert answered < 2, f"{answered:.1f} s"
    assert took < 5, f"{took:.1f} s"


def test_formulas_and_scripts_in_cells_stay_plain_text(client, keeper):
    sign_in(client, keeper)
    rows = [("<script>alert(1)</script>", "=cmd|' /C calc'!A0", "", "丹崖镇", "", "", "", "", "", "")]
    answer = client.post(START, {"file": SimpleUploadedFile("a.xlsx", workbook(rows))})
    page = client.get(answer.url).content.decode()
    assert "<script>alert(1)" not in page
    assert json.dumps(Import.objects.get().sources)
