"""Server time of a register with a million records: its lists, its archive, its pages for programs.

#: bench: registers-list registers-detail registers-api

A million enterprises in 12 towns with 14 villages each are written by SQL into a database of their own (SQLite, default
settings; ANLAN_BENCH_DATABASE_URL asks for another one). Then a record keeper opens pages through Django's whole stack.

registers-list    lists with two filters and a search (one to four characters, initials, syllables, a code or a
                  number), another order and any page from the first to the last; every question differs. 95th
                  percentile, ms; goal at most 150.
registers-detail  archives of records anywhere in the register. 95th percentile, ms; goal at most 80.
registers-api     pages of 200 of the JSON API, with a token and the questions of registers-list. 95th percentile, ms;
                  goal at most 120.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figure import how_busy, percentile, verdict

RECORDS = 1_000_000
TOWNS, VILLAGES = 12, 14
ASKED = 120
SEED = 20261127
GOALS = {"registers-list": 150.0, "registers-detail": 80.0, "registers-api": 120.0}

PLACES = (
    "澜城", "沧浦", "丹崖", "汀溪", "磐石", "鹤屿", "望潮", "麦坪", "白汀", "云栈", "青峡", "松岑", "柳湾", "杏渡",
    "竹坪", "鹭坡", "重庆", "长宁",
)  # fmt: skip
WORDS = (
    "恒泽", "润丰", "嘉和", "朗成", "砺旭", "沐川", "腾源", "汇达", "凌信", "晟旭", "辰源", "志远", "永昌", "华兴",
    "瑞祥", "安顺", "宏盛", "佳美", "三合", "新科",
)  # fmt: skip
TRADES = (
    "化工", "新材料", "精细化工", "涂料", "木业", "面粉", "家具", "食品", "冷链物流", "机械制造", "塑料制品",
    "印刷包装", "水泥", "建材", "纺织",
)  # fmt: skip
FORMS = ["有限公司", "有限责任公司", "厂", "经营部", "合作社"]


def prepare(folder: Path) -> None:
    """Set this process up for a database of its own."""
    environ = {
        "ANLAN_DATA": str(folder),
        "ANLAN_SECRET_KEY": "benchmark " * 5,
        "DJANGO_SETTINGS_MODULE": "anlan.server.settings",
        "ANLAN_DEMO": "0",
    }
    os.environ.pop("ANLAN_DATABASE_URL", None)
    if url := os.environ.get("ANLAN_BENCH_DATABASE_URL"):
        environ["ANLAN_DATABASE_URL"] = url
    os.environ.update(environ)
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command

    # From the models: the migrations make the same tables (tests/server/test_migrations.py), in half a minute.
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, interactive=False, verbosity=0)


#: Texts of an enterprise that these have none of.
EMPTY = (
    "industry", "park", "products", "scale", "standardisation", "insurer", "insurance_number", "legal_person",
    "legal_phone",
)  # fmt: skip


def fill(records: int = RECORDS) -> Any:
    """The county, its keeper, and so many sites; returns the keeper."""
    from django.db import connection, transaction

    from anlan.apps.sites.models import Enterprise, Sector
    from anlan.kernel.people.models import Grant, Role, User
    from anlan.kernel.regions.models import Region

    now = datetime.now(UTC).replace(tzinfo=None if connection.vendor == "sqlite" else UTC)
    villages = _regions()
    county = Region.objects.get(code="990123")
    keeper = User.objects.create_user("keeper", "a long enough password", name="甘若谷")
    Grant.objects.create(user=keeper, role=Role.objects.get(code="record_keeper"), region=county)
    fields = (
        "code", "name", "pinyin", "sort_key", "kind", "credit_code", "address", "region_id", "risk", "keeper",
        "keeper_phone", "lon", "lat", "remark", "removed_why", "revision", "created_at", "changed_at", "state",
        *EMPTY,
    )  # fmt: skip
    chance = random.Random(SEED)
    kinds = list(Sector.values)
    table = Enterprise._meta.db_table
    sql = f"insert into {table} ({', '.join(fields)}) values ({', '.join(['%s'] * len(fields))})"
    names = _names(chance)
    for first in range(0, records, 20_000):
        rows = []
        for at in range(first, min(first + 20_000, records)):
            name, pinyin, key = next(names)
            region, lon, lat = villages[chance.randrange(len(villages))]
            rows.append((
                f"ENT-{at + 1:07d}", name, pinyin, key, chance.choice(kinds), f"91990123MA{at:08d}", f"{at % 200}号",
                region, chance.choice((1, 2, 3, 3, 4, 4, 4, None)), "窦长微", "", lon + chance.random() / 20,
                lat + chance.random() / 20, "", "", 1, now, now, "running", *("" for _name in EMPTY),
            ))  # fmt: skip
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(sql, rows)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return keeper


def _regions() -> list[tuple[int, float, float]]:
    from anlan.kernel.regions.models import Region

    county = Region.objects.create(code="990123", name="安澜县", level="county", path="/990123/", lon=104.6, lat=31.9)
    found = []
    for i in range(1, TOWNS + 1):
        town = Region.objects.create(
            code=f"990123{i:03d}", name=f"{PLACES[i - 1]}镇", level="town", parent=county,
            path=f"/990123/990123{i:03d}/",
        )  # fmt: skip
        for k in range(1, VILLAGES + 1):
            village = Region.objects.create(
                code=f"{town.code}{200 + k}", name=f"{PLACES[k % len(PLACES)]}{k}村", level="village", parent=town,
                path=f"{town.path}{town.code}{200 + k}/",
            )  # fmt: skip
            found.append((village.pk, 104.3 + i / 20, 31.6 + k / 25))
    return found


def _names(chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """Names with the keys that the product would give them, put together from the keys of their parts."""
    from anlan.kernel.regions.pinyin import name_keys

    keys = {part: name_keys(part) for part in (*PLACES, *WORDS, *TRADES, *FORMS)}
    while True:
        number = chance.randrange(1000)
        parts = [chance.choice(PLACES), chance.choice(WORDS), chance.choice(TRADES), chance.choice(FORMS)]
        halves = [keys[part].pinyin.split("|") for part in parts]
        full, initials = ("".join(half[side] for half in halves) for side in (0, 1))
        yield (
            f"{''.join(parts)}{number}分厂",
            f"{full}{number}fenchang|{initials}{number}fc",
            "".join(keys[part].sort for part in parts) + f"{number:06d}fen1 chang3 ",
        )


def questions(chance: random.Random, records: int) -> Iterator[str]:
    """Addresses of lists: two filters, a search, an order, a page."""
    from anlan.apps.sites.models import Sector

    towns = [f"990123{i:03d}" for i in range(1, TOWNS + 1)]
    orders = ["", "name", "-name", "risk", "-risk,name", "code", "kind,-risk", "region", "-changed_at"]
    while True:
        filters = chance.choice([
            f"kind={chance.choice(Sector.values)}&region={chance.choice(towns)}",
            f"risk={chance.choice('1234')}&region={chance.choice(towns)}",
            f"risk=1,2&kind={','.join(chance.sample(Sector.values, 5))}",
            f"region={','.join(chance.sample(towns, 4))}&risk=3,4",
            "place=some&risk=some",
        ])  # fmt: skip
        page = chance.choice((1, 1, 1, 2, 7, 60, 900, 99_999))
        yield f"{filters}&q={_searched(chance)}&sort={chance.choice(orders)}&page={page}"


def _searched(chance: random.Random) -> str:
    """What somebody types: one to four characters of a name, initials, syllables, the start of a code, a number."""
    from anlan.kernel.regions.pinyin import name_keys

    parts = [chance.choice(PLACES), chance.choice(WORDS), chance.choice(TRADES), chance.choice(FORMS), "分厂"]
    at = chance.randrange(len(parts))
    part = parts[at]
    match chance.randrange(6):
        case 0:
            return chance.choice(part)
        case 1 | 2:
            return part[:4]
        case 3:
            return name_keys("".join(parts[at : at + 2])).pinyin.split("|")[1][:4]
        case 4:
            return name_keys(part).pinyin.split("|")[0][:8]
        case _:
            return chance.choice((f"ENT-0{chance.randrange(10)}", str(chance.randrange(10, 1000))))


def client_of(user: Any) -> Any:
    """A test client with a session of this user."""
    from django.test import Client
    from django.utils import timezone

    from anlan.kernel.people import sessions

    client = Client(HTTP_HOST="localhost")
    client.force_login(user, backend="anlan.kernel.people.backend.ActiveUserBackend")
    session = client.session
    sessions.mark(session, user, timezone.now())
    session.save()
    return client


def program_of(user: Any) -> Any:
    """A test client that comes with an API token of this user."""
    from django.test import Client
    from django.utils import timezone

    from anlan.kernel.people import tokens

    verbs = tokens.verbs_for(user)
    key = tokens.give(owner=user, name="bench", verbs=verbs, region=None, days=1, now=timezone.now())[1]
    return Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION=f"Bearer {key}")


def measure(name: str, keeper: Any) -> list[float]:
    """Milliseconds of each page, after one that brings the columns into memory."""
    client = program_of(keeper) if name == "registers-api" else client_of(keeper)
    chance = random.Random(SEED + 1)
    asked = questions(chance, RECORDS)
    began = time.perf_counter()
    base = "/api/v1/registers/enterprise/records" if name == "registers-api" else "/registers/enterprise/"
    client.get(base)
    print(f"first page, which reads the register: {time.perf_counter() - began:.1f} s", flush=True)
    for order in ("name", "risk", "-risk,name", "code", "kind,-risk", "region", "-changed_at", "-name"):
        client.get(f"{base}?sort={order}")
    took = []
    for _turn in range(ASKED):
        path = f"/registers/enterprise/?{next(asked)}"
        if name == "registers-detail":
            path = f"/registers/enterprise/ENT-{chance.randrange(RECORDS) + 1:07d}/"
        elif name == "registers-api":
            path = f"/api/v1/registers/enterprise/records?{next(asked)}&size=200"
        start = time.perf_counter()
        answer = client.get(path)
        took.append((time.perf_counter() - start) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}")
    return took


def main(arguments: list[str]) -> int:
    """Build the register once, measure what is asked for; the exit code is 1 when one figure is short."""
    names = arguments or list(GOALS)
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        prepare(Path(folder))
        began = time.perf_counter()
        keeper = fill()
        print(f"{RECORDS:,} records written in {time.perf_counter() - began:.0f} s", flush=True)
        codes = []
        for name in names:
            took = measure(name, keeper)
            print(
                f"{name}: median {percentile(took, 0.5):.0f} ms, slowest {max(took):.0f} ms; {how_busy()}", flush=True
            )
            codes.append(verdict(name, percentile(took, 0.95), GOALS[name], at_most=True))
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
