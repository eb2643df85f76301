from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from small_county import sign_in
from tasks_world import PNG, give, make_world

from anlan.apps.goals.models import Letter, Progress, Task
from anlan.apps.goals.services.tasks import Share
from anlan.kernel.evidence.models import Evidence

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return make_world()


@pytest.fixture
def task(world):
    return give(world, at=timezone.now() - timedelta(days=70), due=timezone.now() - timedelta(days=2))


def test_a_task_is_given_and_reported_with_a_photo_and_checked_through_the_pages(world, client):
    sign_in(client, world.boss)
    end = (timezone.localdate() + timedelta(days=40)).isoformat()
    form = {"title": "危化品停车场整治", "unit": "yjj-whk", "lead": "chemist", "due": end, "parts": ["yjb-102"],
            "monthly": "1", "stone": ["排查完成", ""], "stone_due": [end, ""]}  # fmt: skip
    assert client.get("/goals/tasks/new/").status_code == 200
    refused = client.post("/goals/tasks/new/", form | {"lead": "miner"})
    assert refused.status_code == 422 and "危化品停车场整治" in refused.content.decode()
    sent = client.post("/goals/tasks/new/", form)
    assert sent.status_code == 302
    page = sent["Location"]
    sign_in(client, world.chemist)
    work = client.get("/work/").content.decode()
    assert f'href="{page}"' in work  # in 待办, and it leads to its own page
    assert client.post(f"{page}do/accept/", {"revision": "0"}).status_code == 302
    assert client.get(f"{page}report/").status_code == 200
    month = timezone.localdate().strftime("%Y-%m")
    photo = SimpleUploadedFile("现场.png", PNG, "image/png")
    assert client.post(f"{page}report/", {"month": month, "percent": "x", "words": "已排查"}).status_code == 422
    assert client.post(
        f"{page}report/", {"month": month, "percent": "40", "words": "已排查 12 处", "file": photo}
    ).status_code == 302  # fmt: skip
    row = Progress.objects.get()
    assert (row.percent, Evidence.objects.get(ref=f"task-progress:{row.pk}").name) == (40, "现场.png")
    assert client.post(f"{page}do/submit/", {"revision": "1", "note": "完成"}).status_code == 422  # no proof yet
    assert client.post(f"{page}proof/", {"file": SimpleUploadedFile("果.png", PNG, "image/png")}).status_code == 302
    assert client.post(f"{page}do/submit/", {"revision": "1", "note": "完成"}).status_code == 302
    assert client.post(f"{page}do/close/", {"revision": "2", "note": "合格"}).status_code == 422
    sign_in(client, world.boss)
    stale = client.post(f"{page}do/close/", {"revision": "1", "note": "合格"})
    assert stale.status_code == 422 and "合格" in stale.content.decode()
    assert client.post(f"{page}do/close/", {"revision": "2", "note": "合格"}).status_code == 302
    assert client.get(page).status_code == 200
    assert Task.records.get().case.state == "done"


def test_the_list_shows_who_is_late_and_which_month_is_missing_and_narrows(world, task, client):
    give(world, unit=world.canglang, lead=world.cang, title="沙头村避险搬迁", at=timezone.now() - timedelta(days=1),
         due=timezone.now() + timedelta(days=30))  # fmt: skip
    sign_in(client, world.boss)
    every = client.get("/goals/tasks/")
    assert [line["late"] for line in every.context["lines"]] == [True, False]
    assert every.context["lines"][0]["missing"]
    for query, n in (("state=late", 1), ("unit=yjb-101", 1), ("officer=miner", 1), ("region=990123101", 1),
                     ("q=避险", 1), ("state=done", 0), ("state=all", 2), ("region=nowhere", 0)):  # fmt: skip
        assert len(client.get(f"/goals/tasks/?{query}").context["lines"]) == n, query


def test_the_list_asks_as_often_for_many_tasks_as_for_one(world, task, client):
    sign_in(client, world.boss)
    client.get("/goals/tasks/")
    with CaptureQueriesContext(connection) as one:
        client.get("/goals/tasks/")
    now = timezone.now()
    for k in range(4):
        give(world, title=f"任务{k}", at=now, due=now + timedelta(days=9), parts=[Share(world.danya)])
    with CaptureQueriesContext(connection) as many:
        assert len(client.get("/goals/tasks/").context["lines"]) == 5
    assert len(many) <= len(one) + 1  # the units that take part


def test_foreign_and_missing_tasks_look_the_same_and_who_takes_part_sees_it(world, task, client):
    sign_in(client, world.cang)
    assert client.get(f"/goals/tasks/{task.case.number}/").status_code == 404
    assert client.get("/goals/tasks/RW-1/").status_code == 404
    assert client.get(f"/goals/tasks/{task.case.number}/report/").status_code == 404
    other = give(
        world, title="联合检查", at=timezone.now(), due=timezone.now() + timedelta(days=9), parts=[Share(world.danya)]
    )
    sign_in(client, world.dan)
    assert client.get(f"/goals/tasks/{other.case.number}/").status_code == 200
    assert client.get("/goals/tasks/new/").status_code == 403


def test_a_letter_is_written_read_as_word_and_pdf_and_answered(world, task, client):
    sign_in(client, world.boss)
    page = f"/goals/tasks/{task.case.number}/"
    assert client.post(f"{page}letters/supervise/", {"words": "至今未启动"}).status_code == 422
    sent = client.post(f"{page}letters/supervise/", {"words": "至今未启动", "demand": "限期启动", "to_unit": "yjj-ksk"})
    assert sent.status_code == 302
    letter = Letter.records.get()
    spot = f"/goals/letters/{letter.pk}/"
    shown = client.get(spot)
    assert shown.status_code == 200 and "已逾期2天" in shown.content.decode()
    for form, magic in (("docx", b"PK"), ("pdf", b"%PDF")):
        assert client.get(f"{spot}paper.{form}").content.startswith(magic)
    assert client.get(f"{spot}paper.exe").status_code == 404
    assert client.post(f"{page}extend/", {"days": "10", "reason": "汛期"}).status_code == 302
    assert "已逾期2天" in str(Letter.records.get().paper)  # what was issued stays as it was issued
    sign_in(client, world.miner)
    assert client.post(f"{spot}answer/", {"words": ""}).status_code == 422
    assert client.post(f"{spot}answer/", {"words": "已启动整治"}).status_code == 302
    assert client.get("/goals/letters/").status_code == 200


def test_handover_through_the_page(world, task, client):
    sign_in(client, world.boss)
    assert len(client.get("/goals/tasks/hand-over/?frm=miner").context["open"]) == 1
    form = {"frm": "miner", "to": "miner2", "reason": ""}
    assert client.post("/goals/tasks/hand-over/", form).status_code == 422
    assert client.post("/goals/tasks/hand-over/", form | {"reason": "调岗"}).status_code == 302
    assert Task.records.get().case.assignee == world.miner2
