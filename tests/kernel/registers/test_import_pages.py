"""The wizard page by page, as a person walks it."""

from __future__ import annotations

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from importing_world import GOOD, checked, committed, counts, run_jobs, text, workbook
from python_calamine import CalamineWorkbook
from small_county import make_user, sign_in

from anlan.apps.sites.models import Enterprise
from anlan.formats.faults import MEANINGS
from anlan.kernel.audit.models import Entry
from anlan.kernel.jobs.models import Job, State
from anlan.kernel.registers.importing import files, services, wording
from anlan.kernel.registers.importing.models import Import, Step

START = "/registers/enterprise/-/import/"
BAD = ("", "飞船", "", "无此镇", "", "", "", "", "", "19000004855")


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.DATA = tmp_path


@pytest.fixture
def me(client, keeper):
    return sign_in(client, keeper)


def send(client, data: bytes, name: str):
    return client.post(START, {"file": SimpleUploadedFile(name, data)})


def rows_of(data: bytes, sheet: int = 0) -> list[list[object]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(sheet).to_python()


def test_a_person_walks_from_the_file_to_the_register_and_back(me, county):
    assert "模板" in me.get(START).content.decode() or me.get(START).status_code == 200
    answer = send(me, workbook(GOOD), "企业 台账.xlsx")
    row = Import.objects.get()
    assert answer.url == reverse("registers:import_open", args=["enterprise", row.pk])
    page = me.get(answer.url).content.decode()
    assert 'name="col.0"' in page
    assert "沙头精细化工有限公司" in page
    names = ("name", "kind", "credit_code", "region", "address", "lon", "lat", "risk", "keeper", "keeper_phone")
    columns = {f"col.{at}": name for at, name in enumerate(names)}
    address = reverse("registers:import_columns", args=["enterprise", row.pk])
    refused = me.post(address, {"sheet": 0, "header": 0, **columns, "system": ""})
    assert refused.status_code == 422
    assert me.post(address, {"sheet": 0, "header": 0, **columns, "system": "WGS-84"}).status_code == 302
    assert b"<progress" in me.get(answer.url).content
    assert b"<progress" in me.get(answer.url + "progress/").content
    run_jobs()
    assert me.get(answer.url + "progress/").headers["HX-Redirect"] == answer.url
    assert "丹崖加油站" in me.get(answer.url + "?show=new").content.decode()
    assert len(json.loads(me.get(answer.url + "places.json").content)["features"]) == 2
    assert me.get(answer.url + "?show=map").status_code == 200
    me.post(answer.url + "commit/")
    run_jobs()
    assert Enterprise.present.count() == 3
    assert "3" in me.get(answer.url).content.decode()
    assert "企业 台账.xlsx" in me.get(START).content.decode()
    me.post(answer.url + "undo/")
    run_jobs()
    assert not Enterprise.present.exists()
    assert me.get(answer.url).status_code == 200


def test_a_large_file_is_read_by_a_job_while_the_person_looks_on(me, county, monkeypatch):
    monkeypatch.setattr(files, "SMALL_BYTES", 0)
    answer = send(me, workbook(GOOD), "企业.xlsx")
    row = Import.objects.get()
    assert (row.step, row.kind, row.sources) == (Step.READING, "", {})
    assert b"<progress" in me.get(answer.url).content
    assert b"<progress" in me.get(answer.url + "progress/").content
    assert me.post(answer.url + "drop/").status_code == 302
    run_jobs()
    run_jobs()
    row.refresh_from_db()
    assert (row.step, row.kind) == (Step.MAPPING, "xlsx")
    assert me.get(answer.url + "progress/").headers["HX-Redirect"] == answer.url
    assert "沙头精细化工有限公司" in me.get(answer.url).content.decode()


def test_on_a_busy_machine_a_small_file_is_read_by_a_job_too(me, county, monkeypatch):
    monkeypatch.setattr(files, "_PATIENCE_S", 0.01)
    answer = send(me, text(GOOD, "gb18030"), "企业.csv")
    assert Import.objects.get().step == Step.READING
    run_jobs()
    assert b"col.0" in me.get(answer.url).content


def test_a_large_file_that_is_not_taken_leaves_why_and_nothing_else(me, county, monkeypatch, tmp_path):
    monkeypatch.setattr(files, "SMALL_BYTES", 0)
    answer = send(me, b"%PDF-1.4 nothing", "a.xlsx")
    run_jobs()
    row = Import.objects.get()
    assert (row.step, row.sources) == (Step.REFUSED, {})
    assert me.get(answer.url + "progress/").headers["HX-Redirect"] == answer.url
    page = me.get(answer.url)
    assert page.status_code == 200
    assert row.note in page.content.decode()
    assert not list((tmp_path / "imports").iterdir())
    assert Entry.objects.filter(verb="import.refuse").count() == 1
    services.forget_old(row.at + services.KEEP * 2)
    assert me.get(answer.url).status_code == 404


def test_a_reading_that_was_put_aside_ends_in_words(me, county, monkeypatch):
    monkeypatch.setattr(files, "SMALL_BYTES", 0)
    answer = send(me, workbook(GOOD), "企业.xlsx")
    Job.objects.update(state=State.FAILED, error="Ended: it ended with -9")
    page = me.get(answer.url).content.decode()
    assert "it ended with -9" in page
    assert Import.objects.get().step == Step.REFUSED


def test_a_faulty_row_is_mended_in_its_place(me, keeper):
    row = checked(keeper, workbook([BAD]))
    address = reverse("registers:import_open", args=["enterprise", row.pk])
    page = me.get(address).content.decode()
    assert "A2" in page
    assert "B2" in page
    answer = me.post(
        f"{address}rows/2/",
        {"name": "甲厂", "kind": "chemical", "region": "990123102", "do": ""},
        headers={"HX-Request": "true"},
    )
    assert "甲厂" in answer.content.decode()
    row.refresh_from_db()
    assert counts(row) == {"new": 1}
    me.post(f"{address}rows/2/", {"do": "skip"})
    row.refresh_from_db()
    assert counts(row) == {"skipped": 1}
    assert me.get(f"{address}rows/2/?every=1", headers={"HX-Request": "true"}).content.decode().count("<input") > 8
    assert me.get(f"{address}rows/99/").status_code == 404


def test_only_offered_records_may_be_chosen_as_the_same(me, keeper, sites):
    row = checked(keeper, workbook([("丹崖加油站有限公司", "filling", "", "", "", 104.6, 31.6, "", "", "")]))
    address = reverse("registers:import_open", args=["enterprise", row.pk])
    assert "S-2" in me.get(address).content.decode()
    me.post(f"{address}rows/2/", {"do": f"same:{sites['S-1'].pk}"})
    row.refresh_from_db()
    assert counts(row) == {"double": 1}
    me.post(f"{address}rows/2/", {"do": f"same:{sites['S-2'].pk}"})
    row.refresh_from_db()
    assert counts(row) == {"changed": 1}
    assert "<del>" in me.get(address).content.decode()


def test_words_and_decisions_for_all_rows(me, keeper):
    row = checked(keeper, workbook([("甲子仓", "库房", "", "丹崖镇", "", "", "", "", "", ""), BAD]))
    address = reverse("registers:import_open", args=["enterprise", row.pk])
    assert "库房" in me.get(address).content.decode()
    me.post(f"{address}words/", {"field": "kind", "word": "库房", "means": "warehouse"})
    run_jobs()
    me.post(f"{address}many/", {"do": "skip_faulty"})
    run_jobs()
    row.refresh_from_db()
    assert counts(row) == {"new": 1, "skipped": 1}
    me.post(f"{address}again/")
    run_jobs()
    me.post(f"{address}back/")
    assert b"col.0" in me.get(address).content
    me.post(f"{address}drop/")
    assert me.get(address).status_code == 404


def test_the_sheet_of_faults_holds_the_rows_and_what_is_wrong(me, keeper):
    row = checked(keeper, workbook([*GOOD, BAD]))
    data = me.get(reverse("registers:import_faults", args=["enterprise", row.pk])).content
    head, line = rows_of(data)
    assert line[0] == 5
    assert "飞船" in line
    assert "无此镇" in str(line[-1])
    assert len(head) == len(BAD) + 2


def test_the_sheet_of_faults_of_a_text_file_runs_no_formula(me, keeper):
    row = checked(keeper, text([("=1+1", "飞船", "", "丹崖镇", "", "", "", "", "", "")]), "a.csv")
    (_head, line) = rows_of(me.get(reverse("registers:import_faults", args=["enterprise", row.pk])).content)
    assert "=1+1" in line


def test_the_template_has_every_field_its_lists_and_hints(me):
    data = me.get(START + "template.xlsx").content
    (head,) = rows_of(data)
    assert len(head) >= 10
    hints = rows_of(data, 1)
    assert len(hints) == len(head) + 1


def test_S1_others_see_that_there_was_an_import_and_not_what_was_in_it(client, keeper, county):
    row = checked(keeper, workbook([BAD]))
    sign_in(client, make_user("other", "record_keeper", region=county.danya))
    address = reverse("registers:import_open", args=["enterprise", row.pk])
    for part in ("", "progress/", "places.json", "faults.xlsx", "rows/2/"):
        assert client.get(address + part).status_code == 404, part
    for part in ("commit/", "drop/", "again/", "columns/", "rows/2/", "many/", "words/", "undo/"):
        assert client.post(address + part).status_code in (302, 403, 404), part
    row.refresh_from_db()
    assert row.step == Step.CHECKED
    sign_in(client, make_user("nobody"))
    assert client.get(START).status_code == 404
    assert client.get(START + "template.xlsx").status_code == 404


def test_S1_an_import_of_another_is_undone_only_by_who_may_change_everywhere(client, keeper, county):
    row = committed(checked(keeper, workbook(GOOD)))
    address = reverse("registers:import_act", args=["enterprise", row.pk, "undo"])
    sign_in(client, make_user("danya", "record_keeper", region=county.danya))
    assert client.post(address).status_code == 403
    sign_in(client, make_user("chief", "record_keeper", region=county.county))
    assert client.post(address).status_code == 302
    run_jobs()
    assert not Enterprise.present.exists()
    assert Entry.objects.filter(verb="import.undo").count() == 1


def test_a_file_that_is_no_table_is_refused_in_words(me):
    answer = send(me, b"%PDF-1.4 nothing", "a.xlsx")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Import.objects.exists()
    assert me.post(START, {}).status_code == 422


def test_every_fault_of_a_file_has_words():
    codes = {code for code in MEANINGS if not code.startswith("wrong_") or code in ("wrong_type", "wrong_count")}
    assert {code for code in codes if not wording.knows(code)} == set()
