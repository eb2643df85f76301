"""An import whose process is killed; its test lets `main` run in a process and an installation of its own.

One line of JSON is printed for each moment: what anybody sees of the register, and where the import is.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone
from importing_world import checked, run_jobs, workbook
from small_county import make_user, plant_county

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.apps.sites.models import Enterprise
from anlan.kernel.audit.models import Entry
from anlan.kernel.jobs import apart
from anlan.kernel.jobs.models import Job, State
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import services as registers
from anlan.kernel.registers.importing import services
from anlan.kernel.registers.importing.models import Import, Step
from anlan.kernel.registers.models import BatchState, Revision

TOP = Path(__file__).resolve().parents[2]
NEW, KNOWN, LIMIT_S = 1_600, 60, 60.0
HEADINGS = ("编码", "企业名称", "类型", "所在乡镇", "地址")
SIGNS = "东南西北中上下左右前后春夏秋冬梅兰竹菊松柏杨柳"


def sheet(first: int, count: int, address: str) -> list[tuple[str, ...]]:
    """Rows whose names have nothing in common but their form."""
    rows = []
    for at in range(first, first + count):
        name = "".join(SIGNS[at // len(SIGNS) ** place % len(SIGNS)] * 2 for place in range(3))
        rows.append((f"K-{at:05d}", f"{name}{at}", "other", "990123102", address))
    return rows


def taken_in(keeper: Any, rows: list[tuple[str, ...]]) -> Import:
    """The rows as an import that may be put in force."""
    row = checked(keeper, workbook(rows, HEADINGS))
    if row.open_rows:
        services.decide_many(row, "new_doubles", actor=keeper, now=timezone.now())
        run_jobs()
        row.refresh_from_db()
    assert row.step == Step.CHECKED, row.step
    assert not row.open_rows, row.counts
    return row


def until(done: Callable[[], Any], what: str) -> None:
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > LIMIT_S:
            raise SystemExit(f"{what} did not happen")
        time.sleep(0.002)


def jobs_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "anlan.server", "serve_jobs"], cwd=TOP, stdin=subprocess.DEVNULL)


def importing_process(row: Import) -> subprocess.Popen[bytes]:
    """What the jobs process starts for a step."""
    return apart.started(job_of(row)).process


def job_of(row: Import) -> Job:
    return Job.objects.get(key=f"import:{row.pk}:{row.rounds}")


def kill(process: subprocess.Popen[bytes]) -> None:
    """As a power cut would: what it started dies with it."""
    children = [
        int(pid)
        for part in Path(f"/proc/{process.pid}/task").glob("*/children")
        for pid in part.read_text(encoding="ascii").split()
    ]
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "the end of the importing process")


def written(row: Import) -> int:
    row.refresh_from_db()
    return row.written


def tell(moment: str, row: Import) -> None:
    """What is seen at a moment."""
    row.refresh_from_db()
    connection.close()  # as somebody who comes by just now
    present = Enterprise.present.filter(code__startswith="K-")
    print(
        json.dumps({
            "moment": moment, "step": row.step, "written": row.written, "new": present.filter(address="新").count(),
            "old": present.filter(address="旧").count(), "kept": Enterprise.records.filter(address="新").count(),
            "codes": len(set(present.values_list("code", flat=True))), "all": present.count(),
            "lines": Revision.objects.filter(batch=row.batch_id, record__isnull=False).count() if row.batch_id else 0,
            "published": Entry.objects.filter(verb="record.publish").count(), "note": bool(row.note),
        }),
        flush=True,
    )  # fmt: skip


def main() -> None:
    """Kill a commit, an undoing and another commit, and tell what is seen before and after."""
    county = plant_county()
    keeper = make_user("keeper", "record_keeper", region=county.county)
    known = taken_in(keeper, sheet(0, KNOWN, "旧"))
    services.commit(known, actor=keeper, now=timezone.now())
    run_jobs()

    # The whole jobs process is killed with the import that it runs, and started again.
    row = taken_in(keeper, sheet(0, NEW, "新"))
    tell("before", row)
    services.commit(row, actor=keeper, now=timezone.now())
    process = jobs_process()
    until(lambda: written(row) > 0, "the middle of the commit")
    kill(process)
    tell("killed", row)
    Job.objects.filter(state=State.WAITING, key=f"import:{row.pk}:{row.rounds}").update(
        lease_until=timezone.now() - timedelta(seconds=1)  # half a minute later
    )
    process = jobs_process()
    until(lambda: Import.objects.get(pk=row.pk).step == Step.DONE, "the end of the commit")
    process.terminate()
    process.wait()
    tell("completed", row)

    # Undoing it is killed between the flip and the last of its records.
    services.undo(row, actor=keeper, now=timezone.now())
    process = importing_process(row)
    until(lambda: Import.objects.get(pk=row.pk).batch.state == BatchState.UNDONE, "the flip back")
    kill(process)
    tell("undo killed", row)
    if importing_process(row).wait():
        raise SystemExit("undoing did not go on")
    tell("undone", row)

    # While a killed import lies still, somebody enters one of its codes by hand: all of it goes back.
    row = taken_in(keeper, sheet(0, NEW, "新"))
    services.commit(row, actor=keeper, now=timezone.now())
    process = importing_process(row)
    until(lambda: written(row) > 0, "the middle of the second commit")
    kill(process)
    taken = {"code": f"K-{NEW - 1:05d}", "name": "手工录入", "kind": "other", "region": "990123102", "address": "手"}
    registers.create(ENTERPRISES, taken, actor=system_user("tests"), now=timezone.now())
    if importing_process(row).wait():
        raise SystemExit("the import did not go back")
    tell("given back", row)
