"""The library's pages: who may open which, what they show and keep."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from library import RULES, add
from small_county import sign_in

from anlan.apps.knowledge.models import Document, Draft, Note

OPEN = ("", "accidents/")
KEEP = ("new/", "removed/")


@pytest.fixture
def law(world):
    return add(world.keeper, kind="law", number="安澜令第1号", issued_on=date(2025, 1, 1))


def test_every_page_opens_empty_and_filled(world, client, request):
    sign_in(client, world.keeper)
    for page in OPEN + KEEP:
        assert client.get(f"/knowledge/{page}").status_code == 200, page
    law = request.getfixturevalue("law")
    newer = add(world.keeper, RULES.replace("记录", "登记"), replaces=law, kind="law", issued_on=date(2026, 1, 1))
    sheet = add(world.keeper, "氨\n第一部分 化学品及企业标识\n氨。", kind="sheet", cas="7664-41-7")
    case = add(world.keeper, "案例\n一、经过\n泄漏。", kind="case", accident="leak")
    for row in (law, newer, sheet, case):
        for page in ("", "edit/"):
            assert client.get(f"/knowledge/documents/{row.code}/{page}").status_code == 200
    answer = client.get(f"/knowledge/documents/{newer.code}/differences/")
    assert "<ins>登</ins>记<del>录</del>；" in answer.content.decode()
    assert client.get(f"/knowledge/documents/{law.code}/differences/").status_code == 404
    for page in OPEN + KEEP:
        assert client.get(f"/knowledge/{page}").status_code == 200, page


def test_who_may_not_open_what(world, client, law):
    sign_in(client, world.duty)
    assert client.get("/knowledge/").status_code == 200
    assert client.get("/knowledge/new/").status_code == 403
    assert client.get(f"/knowledge/documents/{law.code}/edit/").status_code == 403
    assert client.post(f"/knowledge/documents/{law.code}/remove/", {"reason": "错误"}).status_code == 403
    assert client.post(f"/knowledge/documents/{law.code}/notes/", {"clause": "a1", "text": "x"}).status_code == 403
    sign_in(client, world.firm)
    assert client.get("/knowledge/").status_code == 403
    assert client.get(f"/knowledge/documents/{law.code}/").status_code == 403


def test_foreign_and_missing_documents_look_the_same(world, client):
    foreign = add(world.keeper, region=world.canglang)
    sign_in(client, world.danya_officer)
    assert client.get(f"/knowledge/documents/{foreign.code}/").status_code == 404
    assert client.get("/knowledge/documents/LAW-99999/").status_code == 404


def test_hits_mark_words_and_lead_to_the_clause(world, client, law):
    sign_in(client, world.duty)
    body = client.get("/knowledge/", {"q": "带班领导"}).content.decode()
    assert "<mark>带班领导</mark>" in body
    assert f"/knowledge/documents/{law.code}/?q=%E5%B8%A6%E7%8F%AD%E9%A2%86%E5%AF%BC#a2-i2" in body
    page = client.get(f"/knowledge/documents/{law.code}/", {"q": "带班"}).content.decode()
    assert 'id="a2-i2"' in page
    assert "<mark>带班</mark>" in page
    assert "《安澜县值班规定》（安澜令第1号）第二条第（二）项" in page


def test_texts_of_strangers_are_shown_as_text(world, client):
    row = add(world.keeper, "<b>题</b>\n第一条 <script>alert(1)</script>。\n第二条 &amp;")
    sign_in(client, world.keeper)
    for address in (f"/knowledge/documents/{row.code}/?q=script", "/knowledge/?q=<script>", "/knowledge/?q=alert"):
        body = client.get(address).content.decode()
        assert "<script>alert" not in body
        assert "<b>题" not in body


def test_a_file_is_taken_in_looked_at_and_kept(world, client):
    sign_in(client, world.keeper)
    file = SimpleUploadedFile("规定.txt", RULES.replace("第二条", "第四条").encode("gb18030"))
    answer = client.post("/knowledge/new/", {"file": file})
    draft = Draft.objects.get()
    assert answer.url == f"/knowledge/drafts/{draft.pk}/"
    with translation.override("en"):
        body = client.get(answer.url, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert 'value="安澜县值班规定"' in body
    assert 'value="2025-01-01"' in body
    assert client.get(answer.url, {"scheme": "paragraphs"}).status_code == 200
    bad = client.post(answer.url, {"kind": "sheet", "title": "x"})
    assert bad.status_code == 422
    kept = client.post(answer.url, {"kind": "own", "title": "值班规定", "scheme": "articles", "region": "990123"})
    assert kept.status_code == 302
    row = Document.objects.get()
    assert row.region.code == "990123"
    assert client.get(kept.url).status_code == 200
    assert "规定.txt" in client.get(kept.url).content.decode()


def test_refused_files_are_explained_on_the_page(world, client):
    sign_in(client, world.keeper)
    answer = client.post("/knowledge/new/", {"file": SimpleUploadedFile("a.pdf", b"%PDF-1.4 x")})
    assert answer.status_code == 422
    assert "PDF" in answer.content.decode()
    assert client.post("/knowledge/new/", {"text": " "}).status_code == 422
    assert not Draft.objects.exists()


def test_another_persons_draft_is_not_there(world, client):
    from small_county import make_user

    sign_in(client, world.keeper)
    client.post("/knowledge/new/", {"text": RULES})
    other = make_user("other", "record_keeper", region=world.county)
    sign_in(client, other)
    draft = Draft.objects.get()
    assert client.get(f"/knowledge/drafts/{draft.pk}/").status_code == 404
    assert client.post(f"/knowledge/drafts/{draft.pk}/discard/").status_code == 404


def test_notes_are_written_and_taken_away(world, client, law):
    sign_in(client, world.keeper)
    client.post(f"/knowledge/documents/{law.code}/notes/", {"clause": "a1", "text": "夜间两人"})
    assert "夜间两人" in client.get(f"/knowledge/documents/{law.code}/").content.decode()
    assert client.post(f"/knowledge/documents/{law.code}/notes/", {"clause": "a1", "text": " "}).status_code == 422
    assert client.post(f"/knowledge/documents/{law.code}/notes/", {"clause": "a99", "text": "x"}).status_code == 404
    client.post(f"/knowledge/notes/{Note.objects.get().pk}/remove/")
    assert "夜间两人" not in client.get(f"/knowledge/documents/{law.code}/").content.decode()


def test_a_document_is_taken_out_and_put_back(world, client, law):
    sign_in(client, world.keeper)
    client.post(f"/knowledge/documents/{law.code}/remove/", {"reason": ""})
    assert client.get(f"/knowledge/documents/{law.code}/").status_code == 200
    client.post(f"/knowledge/documents/{law.code}/remove/", {"reason": "重复"})
    assert client.get(f"/knowledge/documents/{law.code}/").status_code == 404
    assert "重复" in client.get("/knowledge/removed/").content.decode()
    client.post(f"/knowledge/documents/{law.code}/restore/")
    assert client.get(f"/knowledge/documents/{law.code}/").status_code == 200


def test_a_substance_leads_to_its_data_sheet(world, client):
    sign_in(client, world.duty)
    assert client.get("/knowledge/substances/7664-41-7/").status_code == 404
    row = add(world.keeper, "氨\n第一部分 化学品及企业标识\n氨。", kind="sheet", cas="7664-41-7")
    assert client.get("/knowledge/substances/7664-41-7/").url == f"/knowledge/documents/{row.code}/"


@pytest.mark.parametrize(
    "query", ["q=%00", "page=99999", "page=x", "kind=zz&state=yy&year=0", "q=" + "长" * 400, "q=%22"]
)
def test_any_address_is_answered(world, client, law, query):
    sign_in(client, world.duty)
    assert client.get(f"/knowledge/?{query}").status_code == 200


def test_the_number_of_questions_to_the_database_does_not_grow(world, client, django_assert_max_num_queries):
    for n in range(12):
        add(world.keeper, title=f"规定{n}")
    sign_in(client, world.duty)
    client.get("/knowledge/?q=值班")
    with django_assert_max_num_queries(24):
        client.get("/knowledge/?q=值班")
