"""The archive of one record as PDF and Word."""

from __future__ import annotations

import io
import zipfile

import pytest
from docx import Document
from small_county import NOW, make_user, sign_in

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.kernel.audit.models import Entry
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import services
from anlan.kernel.registers.printing import pdf, word
from anlan.kernel.registers.printing.content import content_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client, sites, keeper):
    return sign_in(client, keeper)


def words_of(document):
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


def test_word_holds_facts_links_history_and_the_qr_code(client, sites):
    tests = system_user("tests")
    services.change(ENTERPRISES, sites["S-1"], {"remark": "一行\n两行", "address": "经三路1号"}, actor=tests, now=NOW)
    services.link(ENTERPRISES, sites["S-1"], sites["S-2"], words="相邻", actor=tests, now=NOW)
    answer = client.get("/registers/enterprise/S-1/-/archive.docx")
    assert answer.status_code == 200
    text = words_of(Document(io.BytesIO(answer.content)))
    for part in ("澜润化工仓储有限公司", "经三路1号", "经二路6号", "丹崖加油站", "相邻", "190****4855"):
        assert part in text
    assert "19000004855" not in text
    assert any(name.endswith(".png") for name in zipfile.ZipFile(io.BytesIO(answer.content)).namelist())


def test_pdf_is_made_and_opens_in_the_browser(client):
    answer = client.get("/registers/enterprise/S-1/-/archive.pdf")
    assert answer.content.startswith(b"%PDF-")
    assert b"STSong-Light" in answer.content
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("inline")


def test_long_texts_and_long_histories_fit_on_paper(sites, keeper):
    tests = system_user("tests")
    for turn in range(40):
        remark = f"第{turn}次：" + "很长的说明，" * 300 + "\x07<b>&"
        services.change(ENTERPRISES, sites["S-1"], {"remark": remark}, actor=tests, now=NOW)
    record = ENTERPRISES.model.present.select_related("region").get(pk=sites["S-1"].pk)
    content = content_of(ENTERPRISES, record, keeper, address="http://localhost/x", now=NOW)
    assert pdf.made(content).startswith(b"%PDF-")
    assert Document(io.BytesIO(word.made(content))).tables


def test_who_printed_is_written_down(client, keeper):
    client.get("/registers/enterprise/S-1/-/archive.pdf")
    entry = Entry.objects.get(verb="record.print")
    assert (entry.actor_id, entry.after) == (keeper.pk, {"as": "pdf"})


def test_S2_foreign_archives_are_not_printed(sites, county, client):
    sign_in(client, make_user("danya", "record_keeper", region=county.danya))
    assert client.get("/registers/enterprise/S-1/-/archive.pdf").status_code == 404
    assert client.get("/registers/enterprise/S-2/-/archive.exe").status_code == 404


def test_the_page_itself_prints_with_its_qr_code(client):
    page = client.get("/registers/enterprise/S-1/").content.decode()
    assert 'class="pageqr"' in page
    assert "archive.pdf" in page
    assert "archive.docx" in page
    assert "as=csv-gb18030" in client.get("/registers/enterprise/").content.decode()
