"""Server time of the desks with a million alarms and 200,000 cases in the database.

#: bench: pages-duty pages-work pages-map

The rows are made by SQL in a database of their own (SQLite, default settings), 400 alarms and 300 cases of them open;
then one duty officer of the county asks for the page 40 times through Django's whole stack.
Figure: 95th percentile of the server time, milliseconds; goal at most 150.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.figure import how_busy, percentile, verdict

ALARMS = 1_000_000
CASES = 200_000
OPEN_ALARMS = 400
OPEN_CASES = 300
ASKED = 40
GOAL_MS = 150.0
PAGES = {
    "pages-duty": ("/duty/",),
    "pages-work": ("/work/?tab=all",),
    "pages-map": ("/map/", "/layers/", "/layers/alarms.geojson", "/layers/points.geojson"),
}


def _world() -> Any:
    """A county of 12 towns with an officer, 300 points, a million alarms and 200,000 cases."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    from anlan.kernel.people.models import Department, Grant, Role, User
    from anlan.kernel.people.services import system_user
    from anlan.kernel.regions.models import Region
    from anlan.kernel.rulebook.models import Entry
    from anlan.kernel.sensing.models import Device, Point, RuleVersion

    now = datetime.now(UTC)
    system_user("engine")
    county = Region.objects.create(code="990123", name="安澜县", level="county", path="/990123/", lon=104.6, lat=31.9)
    towns = [
        Region.objects.create(
            code=f"990123{i:03d}", name=f"第{i}镇", level="town", parent=county, path=f"/990123/990123{i:03d}/"
        )
        for i in range(1, 13)
    ]
    unit = Department.objects.create(code="town-1", name="第1镇应急办", region=towns[0])
    officer = User.objects.create_user("officer", "a long enough password", name="顾怀远", department=unit)
    role = Role.objects.get(code="duty_officer")
    Grant.objects.create(user=officer, role=role, region=county)
    device = Device.records.create(code="d", name="d", region=county, key_hash="0" * 64)
    points = Point.records.bulk_create(
        Point(
            code=f"P-{i:04d}", name=f"测点{i}", kind="combustible_gas", unit="%LEL", region=towns[i % 12],
            device=device, lon=104.4 + i % 20 / 50, lat=31.7 + i // 20 / 50,
        )
        for i in range(300)
    )  # fmt: skip
    entry = Entry.objects.filter(kind="alarm").first()
    assert entry is not None
    version = RuleVersion.objects.create(entry=entry, condition={}, from_at=now, points=[p.pk for p in points])
    start = now - timedelta(days=730)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            insert into chains_chain (id, number, title, kind, region_id, exercise, opened_at, level)
            with recursive n(i) as (select 1 union all select i + 1 from n where i < %s)
            select i, 'BENCH-' || i, 'chain ' || i, 'alarm', %s + i %% 12, 0,
              datetime(%s, '+' || (i * 63072000 / %s) || ' seconds'), 1 + i %% 4 from n
            """,
            [CASES, towns[0].pk, start.strftime("%Y-%m-%d %H:%M:%S"), CASES],
        )
        cursor.execute(
            """
            insert into cases_case (id, number, kind, state, title, level, region_id, chain_id, unit_id, exercise,
              opened_at, opened_by_id, due, closed_at, revision)
            with recursive n(i) as (select 1 union all select i + 1 from n where i < %s)
            select i, 'C-' || i, 'alarm.handle', case when i > %s then 'assigned' else 'closed' end, 'case ' || i,
              1 + i %% 4, %s + i %% 12, i, %s, 0, datetime(%s, '+' || (i * 63072000 / %s) || ' seconds'), %s,
              datetime(%s, '+' || (i * 63072000 / %s + 86400) || ' seconds'),
              case when i > %s then null else datetime(%s, '+' || (i * 63072000 / %s + 7200) || ' seconds') end, 1
            from n
            """,
            [
                CASES, CASES - OPEN_CASES, towns[0].pk, unit.pk, start.strftime("%Y-%m-%d %H:%M:%S"), CASES, officer.pk,
                start.strftime("%Y-%m-%d %H:%M:%S"), CASES, CASES - OPEN_CASES, start.strftime("%Y-%m-%d %H:%M:%S"),
                CASES,
            ],
        )  # fmt: skip
        cursor.execute(
            """
            insert into sensing_alarm (id, point_id, rule_id, entry_id, region_id, condition, level, level_max, title,
              state, retrospective, exercise, lane, raised_at, seen_at, cleared_at, closed_at, close_note, due,
              active, level_rung)
            with recursive n(i) as (select 1 union all select i + 1 from n where i < %s)
            select i, %s + i %% 300, %s, %s, %s + (i %% 300) %% 12, 'level', 1 + i %% 4, 1 + i %% 4, 'alarm ' || i,
              case when i > %s then 'unacknowledged' else 'closed' end, i <= %s and i %% 7 = 0, 0, 'live',
              datetime(%s, '+' || (i * 63.072) || ' seconds'), datetime(%s, '+' || (i * 63.072) || ' seconds'),
              datetime(%s, '+' || (i * 63.072) || ' seconds'),
              case when i > %s then null else datetime(%s, '+' || (i * 63.072) || ' seconds') end, '',
              case when i > %s then datetime(%s, '+' || (i * 63.072 + 300) || ' seconds') end, '[]', 1 + i %% 4
            from n
            """,
            [
                ALARMS, points[0].pk, version.pk, entry.pk, towns[0].pk, ALARMS - OPEN_ALARMS, ALARMS - OPEN_ALARMS,
                *[start.strftime("%Y-%m-%d %H:%M:%S")] * 3, ALARMS - OPEN_ALARMS, start.strftime("%Y-%m-%d %H:%M:%S"),
                ALARMS - OPEN_ALARMS, start.strftime("%Y-%m-%d %H:%M:%S"),
            ],
        )  # fmt: skip
    return officer


def main(name: str) -> int:
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        os.environ["ANLAN_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "anlan.server.settings"
        os.environ.pop("ANLAN_DATABASE_URL", None)
        began = time.perf_counter()
        officer = _world()
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) / 1e6
        print(f"{ALARMS:,} alarms and {CASES:,} cases made in {time.perf_counter() - began:.0f} s, {size:.0f} MB")
        from django.test import Client

        from anlan.kernel.people.sessions import mark

        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(officer, backend="anlan.kernel.people.backend.ActiveUserBackend")
        session = client.session
        mark(session, officer, datetime.now(UTC))
        session.save()
        # As `serve_web` does before it answers.
        gc.collect()
        gc.freeze()
        worst = 0.0
        for address in PAGES[name]:
            taken = []
            for _asked in range(ASKED):
                start = time.perf_counter()
                answer = client.get(address)
                taken.append((time.perf_counter() - start) * 1000)
                assert answer.status_code == 200, (address, answer.status_code)
            p95 = percentile(taken[2:], 0.95)
            print(f"{address}: p95 {p95:.0f} ms, median {percentile(taken[2:], 0.5):.0f} ms")
            worst = max(worst, p95)
        print(how_busy())
        return verdict(name, worst, GOAL_MS, at_most=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
