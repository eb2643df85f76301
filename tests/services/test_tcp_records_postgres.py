"""What the gateway for TCP reads and writes by plain SQL, on PostgreSQL with the tables that the migrations make."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from anlan.gateways.tcp.asking import Step
from anlan.gateways.tcp.command_records import CommandRecords
from anlan.gateways.tcp.records import Called, Counted, LinkRecords

pytestmark = pytest.mark.services
TOP = Path(__file__).parents[2]
POSTGRES = os.environ.get("ANLAN_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
NOW = datetime(2026, 11, 22, 4, 0, 1, 250_000, tzinfo=UTC)

MAKE = """
from datetime import datetime, timedelta, UTC
from django.core.management import call_command
call_command("migrate", verbosity=0)
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing.models import Device, DeviceCommand, DeviceLink
now = datetime(2026, 11, 22, 4, 0, 1, 250_000, tzinfo=UTC)
county = Region.objects.create(code="990123", name="county", level="county", path="/990123/")
device = Device.records.create(code="ws-1", name="ws-1", region=county, key_hash="x")
DeviceLink.objects.create(device=device, protocol="hj212", number="A1", secret_hash="x")
person = User.objects.create(username="engineer", name="engineer")
entry = Entry.objects.create(kind="device_command", code="CMD-T", version=1, title="x", valid_from=now, digest="x")
for hours in (1, -1):
    DeviceCommand.objects.create(
        device=device, protocol="hj212", number="A1", kind="history", arguments={"of": "2061"}, asked_by=person,
        asked_at=now, expires_at=now + timedelta(hours=hours), entry=entry, answer_s=10, most_tries=3, result_s=600,
    )
"""
SHOW = """
import json
from datetime import datetime, UTC
from anlan.kernel.audit.models import Entry
from anlan.kernel.audit.sealer import seal
from anlan.kernel.sensing.models import Caller, DeviceCommand, DeviceLink, FrameFault
while seal(datetime.now(UTC)):
    pass
link = DeviceLink.objects.get()
print(json.dumps({
    "commands": [[c.state, c.tries, c.mark, c.answer, c.readings, c.sent_at is not None, c.closed_at is not None]
                 for c in DeviceCommand.objects.order_by("id")],
    "audit": [[e.verb, e.ref, e.region_path, e.after.get("state"), bool(e.hash)]
              for e in Entry.objects.filter(source="tcp").order_by("id")],
    "link": [link.address, link.frames], "callers": Caller.objects.count(),
    "faults": [f.count for f in FrameFault.objects.all()],
}))
"""


def django(url: str, code: str, data: Path) -> str:
    """Run code with the models, in a process of its own; its last line."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    start = (
        "import os, django; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'anlan.server.settings'); django.setup()"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{start}\n{code}"],
        cwd=TOP,
        env={
            **clean,
            "PYTHONPATH": str(TOP / "src"),
            "ANLAN_DATA": str(data),
            "ANLAN_DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "anlan.server.settings",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return (done.stdout.splitlines() or [""])[-1]


@pytest.fixture
def url() -> Iterator[str]:
    psycopg = pytest.importorskip("psycopg")
    name = f"anlan_commands_{os.getpid()}"
    try:
        admin = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=2)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL at ANLAN_TEST_POSTGRES: {error}")
    with admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    yield POSTGRES.rsplit("/", 1)[0] + f"/{name}"
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_commands_and_notes_are_read_and_written_on_postgresql(url: str, tmp_path: Path):
    django(url, MAKE, tmp_path)
    records, links = CommandRecords(url), LinkRecords(url)
    try:
        waiting, over = sorted(records.waiting())
        assert records.expire(NOW) == 1
        assert records.waiting() == {waiting}
        (question,) = records.questions([waiting, over])
        assert (question.arguments, question.region, question.device) == ({"of": "2061"}, "/990123/", "ws-1")

        def step(frm: str, to: str, **more: Any) -> Step:
            return Step(question, (frm,), to, f"device.command_{to}", lambda kept: None, mark="Q", **more)

        assert records.step(step("waiting", "sent", tried=True), NOW)
        assert not records.step(step("waiting", "sent", tried=True), NOW)
        assert [one.state for one in records.left(NOW)] == ["sent"]
        assert records.step(step("sent", "done", answer={"ExeRtn": "1"}, readings=7), NOW + timedelta(seconds=1))
        fault = {("2026-11-22", "hj212", "ws-1", "bad_crc"): Counted(5, "2323", 0)}
        called = {("sl651", "0010010100"): Called("d", "10.0.0.8", 2, "7e7e", 0, 0)}
        (link,) = links.links()
        for _time in range(2):
            links.noted(fault, called, {link.pk: ("10.0.0.7", 3, 0)})
    finally:
        records.close()
        links.close()
    shown = json.loads(django(url, SHOW, tmp_path))
    assert shown["commands"] == [
        ["done", 1, "Q", {"ExeRtn": "1"}, 7, True, True],
        ["expired", 0, "", {}, 0, False, True],
    ]
    assert [row[0] for row in shown["audit"]] == [
        "device.command_expired", "device.command_sent", "device.command_done",
    ]  # fmt: skip
    assert all(row[2] == "/990123/" and row[4] for row in shown["audit"])
    assert (shown["link"], shown["callers"], shown["faults"]) == (["10.0.0.7", 6], 1, [10])
