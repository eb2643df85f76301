"""The whole duty once: a reading through the door, the alarm, the officer, the town's phone, the closed chain."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import time

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image
from sensing_world import person, sign_in

from anlan.kernel.audit import sealer, verify
from anlan.kernel.cases.models import Case
from anlan.kernel.chains.models import Chain
from anlan.kernel.sensing import consumer, rules
from anlan.kernel.sensing.door.app import Door
from anlan.kernel.sensing.door.bodies import Sender
from anlan.kernel.sensing.door.directory import Directory, Known
from anlan.kernel.sensing.door.records import ModelRecords
from anlan.kernel.sensing.models import Alarm, AlarmState
from anlan.kernel.sensing.runner import Runner

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def vault(settings, tmp_path):
    settings.EVIDENCE_ROOT = tmp_path / "evidence"


def post(store, point, readings):
    """Send readings as the device would, over HTTP, with its credential."""
    directory = Directory(ModelRecords())
    sender = Sender("gw-1", "live", {point.code: point.pk, point.pk: point.pk})
    directory.known = {"gw-1": Known(hashlib.sha256(b"key").hexdigest(), sender)}
    door = Door(store, directory, background=False)

    async def run():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://door") as http:
            rows = [{"point": point.code, "t": t, "value": value} for t, value in readings]
            body = json.dumps({"batch_id": f"b-{readings[0][0]}", "readings": rows})
            return await http.post("/api/v1/readings", content=body, headers={"authorization": "Bearer gw-1:key"})

    answer = asyncio.run(run())
    door.committer.close()
    return answer


def picture():
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (90, 120, 110)).save(out, "JPEG")
    return SimpleUploadedFile("after.jpg", out.getvalue(), content_type="image/jpeg")


def test_from_a_reading_to_a_closed_case_told_by_its_chain(point, readings, officer, town, unit):
    now = time.time_ns() // 1_000_000
    rules.push(readings, timezone.now())
    values = [3.0, 3.2, 31.0, 33.0, 35.0, 34.0]
    answer = post(readings, point, [(now - 15_000 * (len(values) - i), v) for i, v in enumerate(values)])
    assert (answer.status_code, answer.json()["accepted"]) == (200, 6)
    runner = Runner(readings, consumer.take)
    runner.start()
    runner.round(now)
    runner.round(now + 1000)
    alarm = Alarm.records.get()
    assert alarm.entry.clause == "5.5.2"

    duty = sign_in(Client(), officer)
    assert alarm.title in duty.get("/duty/").content.decode()
    duty.post("/duty/acknowledge/", {"ref": f"alarm:{alarm.pk}"})
    duty.post("/duty/open-case/", {"ref": f"alarm:{alarm.pk}", "unit": unit.code, "note": "到场核实"})
    case = Case.records.get()

    helper = person("helper", "祝长庚", town, ["case.see", "case.work", "alarm.see", "chain.see", "evidence.see"])
    helper.department = unit
    helper.save()
    phone = sign_in(Client(), helper)
    page = f"/cases/{case.number}/"
    assert case.number in phone.get("/work/").content.decode() or case.title in phone.get("/work/").content.decode()
    phone.post(f"{page}do/accept/", {"revision": case.revision})
    case.refresh_from_db()
    refused = phone.post(f"{page}do/submit/", {"revision": case.revision})
    assert refused.status_code == 422  # no proof yet
    phone.post(f"{page}proof/", {"role": "photo_after", "file": picture()})
    phone.post(f"{page}do/submit/", {"revision": case.revision})
    case.refresh_from_db()
    assert case.state == "submitted"
    assert phone.post(f"{page}do/close/", {"revision": case.revision, "note": "x"}).status_code == 422

    calm = [3.0] * 8
    post(readings, point, [(now + 15_000 * (1 + i), v) for i, v in enumerate(calm)])
    runner.round(now + 200_000)
    duty.post(f"{page}do/close/", {"revision": case.revision, "note": "现场恢复正常"})
    case.refresh_from_db()
    assert case.closed_at is not None
    assert case.closed_at < case.due
    alarm.refresh_from_db()
    assert alarm.state in (AlarmState.CLOSED, AlarmState.ACKNOWLEDGED)

    chain = Chain.records.get()
    story = duty.get(f"/chains/{chain.number}/").content.decode()
    for words in (officer.name, helper.name, "5.5.2", case.number):
        assert words in story
    sealer.seal(timezone.now())
    assert verify.verify().ok


def test_R2_the_same_post_twice_raises_one_alarm(point, readings):
    now = time.time_ns() // 1_000_000
    rules.push(readings, timezone.now())
    rows = [(now - 60_000 + 15_000 * i, 31.0 + i) for i in range(4)]
    first, second = post(readings, point, rows), post(readings, point, rows)
    assert first.json() | {"repeated": True} == second.json() | {"repeated": True}
    runner = Runner(readings, consumer.take)
    runner.start()
    runner.round(now)
    runner.round(now + 1000)
    assert Alarm.records.count() == 1
