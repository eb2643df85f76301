"""A night of indicators: every one that is declared, 170 regions, 5 years, on a million rows.

#: bench: indicators-nightly

A county of 12 towns with 13 villages each and a bureau's registers are written by SQL and bulk inserts into a database
of their own (SQLite, default settings; ANLAN_BENCH_DATABASE_URL asks for another one): alarms, cases with their clocks,
enterprises, days of points, yearly figures. Then the nightly job measures everything twice: the first night writes
every number, the second finds that nothing differs.

indicators-nightly  wall seconds of the first night, writing included; goal at most 60.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.figure import how_busy, verdict
from benchmarks.registers import prepare

TOWNS, VILLAGES = 12, 13
ALARMS, CASES, ENTERPRISES, DAYS = 400_000, 350_000, 150_000, 50_000
#: Days that are kept of a point.
KEPT = 30
GOAL = 60.0
SEED = 20261128
#: So often the rows made here are doubled by SQL.
DOUBLED = 3
AT_ONCE = 5_000
NOW = datetime(2026, 11, 28, 4, tzinfo=UTC)


def fill() -> int:
    """The county and its rows; how many rows a night has to count."""
    from django.db import connection

    villages = _regions()
    chance = random.Random(SEED)
    rows = _figures(chance) + _enterprises(villages, chance) + _days(villages, chance)
    rows += _alarms(villages, chance) + _cases(villages, chance)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return rows


def _regions() -> list[int]:
    from anlan.kernel.regions.models import Region

    county = Region.objects.create(code="990123", name="安澜县", level="county", path="/990123/")
    villages = []
    for i in range(1, TOWNS + 1):
        town = Region.objects.create(
            code=f"990123{i:03d}", name=f"{i}镇", level="town", parent=county, path=f"/990123/990123{i:03d}/",
            population=30_000,
        )  # fmt: skip
        for k in range(1, VILLAGES + 1):
            village = Region.objects.create(
                code=f"{town.code}{200 + k}", name=f"{k}村", level="village", parent=town,
                path=f"{town.path}{town.code}{200 + k}/",
            )  # fmt: skip
            villages.append(village.pk)
    return villages


def _moment(chance: random.Random) -> datetime:
    return NOW - timedelta(seconds=chance.randrange(5 * 365 * 86_400))


def _write(model: Any, rows: Iterator[Any]) -> int:
    from django.db import transaction

    count = 0
    while some := list(islice(rows, AT_ONCE)):
        with transaction.atomic():
            model._base_manager.bulk_create(some)
        count += len(some)
    return count


def _figures(chance: random.Random) -> int:
    from anlan.kernel.indicators.declarations import inputs
    from anlan.kernel.indicators.models import Figure
    from anlan.kernel.people.services import system_user
    from anlan.kernel.regions.models import Region

    actor = system_user("benchmark")
    places = list(Region.objects.values_list("pk", flat=True))
    entered = [one.code for one in inputs().values() if one.is_entered]
    return _write(
        Figure,
        (
            Figure(input=code, region_id=region, year=year, value=chance.randrange(1, 1000), by=actor, at=NOW)
            for code in entered for region in places for year in range(2021, 2027)
        ),
    )  # fmt: skip


def _enterprises(villages: list[int], chance: random.Random) -> int:
    from anlan.apps.sites.models import Enterprise, Sector

    def rows() -> Iterator[Any]:
        for n in range(ENTERPRISES >> DOUBLED):
            yield Enterprise(
                code=f"E-{n:05d}", name=f"企业{n}", region_id=chance.choice(villages), created_at=NOW, changed_at=NOW,
                kind=chance.choice(Sector.values), founded_on=_moment(chance).date(), park=chance.choice(("", "园区")),
                standardisation=chance.choice(("", "level-3")),
            )  # fmt: skip

    _write(Enterprise, rows())
    return _doubled(Enterprise, "code")


def _doubled(model: Any, unique: str = "") -> int:
    """The rows again and again, each time as many as there are; `unique` is made another with each."""
    from django.db import connection

    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    for n in range(DOUBLED):
        taken = ", ".join(f"{name} || '-{n}'" if name == unique else f'"{name}"' for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        with connection.cursor() as cursor:
            cursor.execute(f"insert into {table} ({names}) select {taken} from {table}")
    return int(model._base_manager.count())


def _days(villages: list[int], chance: random.Random) -> int:
    from anlan.kernel.sensing.models import Device, Point, PointDay, PointKind

    device = Device.records.create(code="d", name="d", region_id=villages[0], key_hash="")
    kind = PointKind.choices[0][0]
    _write(
        Point,
        (
            Point(code=f"P-{n}", name="p", kind=kind, region_id=chance.choice(villages), device=device)
            for n in range(DAYS // KEPT)
        ),
    )  # fmt: skip
    every = list(Point.records.values_list("pk", flat=True))
    first = date(2026, 10, 29)
    return _write(
        PointDay,
        (
            PointDay(point_id=pk, day=first + timedelta(days=n), watched_s=86_400, came=chance.randrange(1_440))
            for pk in every for n in range(KEPT)
        ),
    )  # fmt: skip


def _alarms(villages: list[int], chance: random.Random) -> int:
    from anlan.kernel.people.services import system_user
    from anlan.kernel.rulebook.models import Entry
    from anlan.kernel.sensing.models import Alarm, AlarmState, Point, RuleVersion

    entry = Entry.objects.filter(kind="alarm")[0]
    rule = RuleVersion.objects.create(entry=entry, condition={}, from_at=NOW)
    points = list(Point.records.values_list("pk", flat=True))
    actor = system_user("benchmark")

    def rows() -> Iterator[Any]:
        for _n in range(ALARMS >> DOUBLED):
            at = _moment(chance)
            seen = at + timedelta(minutes=chance.randrange(60)) if chance.random() < 0.9 else None
            yield Alarm(
                point_id=chance.choice(points), rule=rule, entry=entry, region_id=chance.choice(villages),
                condition="level", level=2, level_max=2, level_rung=2, title="水位超限", state=AlarmState.CLOSED,
                raised_at=at, seen_at=at, cleared_at=at, closed_at=at, acknowledged_at=seen, acknowledged_by=actor,
                answer_due=at + timedelta(minutes=30),
            )  # fmt: skip

    _write(Alarm, rows())
    return _doubled(Alarm)


def _cases(villages: list[int], chance: random.Random) -> int:
    from django.db import connection

    from anlan.kernel.cases.models import Case
    from anlan.kernel.chains import services as chains
    from anlan.kernel.clocks.models import Clock
    from anlan.kernel.people.services import system_user
    from anlan.kernel.regions.models import Region
    from anlan.kernel.rulebook.models import Entry

    actor = system_user("benchmark")
    county = Region.objects.get(code="990123")
    chain = chains.open_chain("test", title="积累", region=county, now=NOW, actor=actor)
    entry = Entry.objects.filter(kind="clock")[0]

    def rows() -> Iterator[Any]:
        for n in range(CASES >> DOUBLED):
            at = _moment(chance)
            yield Case(
                number=f"B-{n:07d}", kind=chance.choice(("danger.rectify", "alarm.handle")), state="closed",
                title="隐患", region_id=chance.choice(villages), chain=chain, opened_at=at, opened_by=actor,
                due=at + timedelta(days=60), closed_at=at + timedelta(days=chance.randrange(80)),
            )  # fmt: skip

    _write(Case, rows())
    written = _doubled(Case, "number")
    # Every fifth was extended: its first deadline was the day on which it was opened.
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {Clock._meta.db_table} (ref, code, entry_id, region_id, exercise, calendar, started_at, due, "
            "original_due, paused_s, rung, extensions) select 'case:' || id, %s, %s, region_id, exercise, 'natural', "
            "opened_at, due, case when id %% 5 = 0 then opened_at else due end, 0, 0, 0 "
            f"from {Case._meta.db_table}",
            [entry.code, entry.pk],
        )
    return written


def main() -> int:
    """Fill, measure two nights, print the figure; exit 1 when it is short."""
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        prepare(Path(folder))
        from anlan.kernel.indicators.declarations import indicators
        from anlan.kernel.indicators.services.measuring import measure
        from anlan.kernel.people.services import system_user
        from anlan.kernel.regions.models import Region

        began = time.perf_counter()
        rows = fill()
        print(f"{rows:,} rows written in {time.perf_counter() - began:.0f} s", flush=True)
        actor = system_user("benchmark")
        runs = [measure(actor=actor, now=NOW + timedelta(minutes=n)) for n in range(2)]
        for name, run in zip(("first", "second"), runs, strict=True):
            print(f"{name} night: {run.cells:,} numbers, {run.changed:,} differ, {run.seconds:.1f} s", flush=True)
        print(
            f"indicators-nightly: {len(indicators())} indicators, {Region.objects.count()} regions, 5 years, "
            f"{rows:,} rows; {how_busy()}", flush=True,
        )  # fmt: skip
        return verdict("indicators-nightly", runs[0].seconds, GOAL, at_most=True)


if __name__ == "__main__":
    sys.exit(main())
