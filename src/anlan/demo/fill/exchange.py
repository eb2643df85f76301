"""The demo's data exchange: owners and scores of every register, two subscribers, a source with a gap.

Comes last, so that it finds the registers of every other app.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from anlan.apps.exchange import keys
from anlan.apps.exchange.models import Measure, Mode, Way
from anlan.apps.exchange.queries import is_personal
from anlan.apps.exchange.services import addresses, catalogue, delivery, receiving, subscriptions
from anlan.apps.exchange.services.receiving import BadMessage
from anlan.apps.exchange.services.subscriptions import Agreement
from anlan.demo.county import model
from anlan.demo.county.model import County
from anlan.demo.county.noise import bell, even
from anlan.formats import jws
from anlan.kernel.people.models import Department, User
from anlan.kernel.regions.models import Region
from anlan.kernel.registers.declarations import Register, declared

ORDER = 900

#: Weeks of scores before today, and points by which a register got better in each of them.
WEEKS, BETTER = 8, 0.6
#: Registers that the city fetches: enough to look at, and each of four weeks copies them whole.
CITY_TAKES = 4
#: Records of the city that are new here.
NEW = (("青峡危化品中转库", "warehouse"), ("望潮加油站", "filling"), ("杏渡粮食筒仓", "dust"))


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter all of it by the verbs that a bureau's people use; only scores of days that are over are made up."""
    offices = list(Department.objects.filter(region__code=model.COUNTY).order_by("code"))
    for at, register in enumerate(declared()):
        owner = offices[int(even(county.seed, 71, at) * len(offices))]
        promised = (None, 30, 90, 180)[int(even(county.seed, 72, at) * 4)]
        note = f"{register.title}底册，供监管、应急处置与统计共用"
        catalogue.describe(
            register, owner=owner, note=note, promise_days=promised, actor=actor, now=now
        )  # fmt: skip
        catalogue.measure(register, actor=actor, now=now)
        _earlier_scores(county, register, at, now)
    bureau = Region.objects.get(code=model.COUNTY)
    _city(bureau, actor, now)
    _welfare(bureau, actor, now)
    _from_the_city(county, actor, now)


def _earlier_scores(county: County, register: Register, at: int, now: datetime) -> None:
    """A score each week up to today's, a little lower the longer ago."""
    today = list(Measure.objects.filter(register=register.code, day=timezone.localdate(now)))
    for week in range(1, WEEKS + 1):
        day = timezone.localdate(now - timedelta(weeks=week))
        Measure.objects.bulk_create(
            Measure(
                register=register.code, town_id=one.town_id, day=day, records=one.records, counts=one.counts,
                score=max(0.0, one.score - BETTER * week - abs(float(bell(county.seed, at, week, one.town_id))) * 0.4),
            )
            for one in today
            if one.score is not None
        )  # fmt: skip


def _fields(wanted: Sequence[Register]) -> dict[str, list[str]]:
    """Every field of these registers that is not personal."""
    return {one.code: [name for name in one.fields if not is_personal(one, name)] for one in wanted}


def _city(bureau: Region, actor: User, now: datetime) -> None:
    """The city's bureau fetches a full copy each week; nobody is shown its key."""
    begun = now - timedelta(days=28)
    row, _key = subscriptions.subscribe(
        Agreement(
            name=f"{model.CITY_NAME}应急管理局", purpose="市县数据汇聚与指挥调度", region=bureau, mode=Mode.PULL,
            fields=_fields(declared()[:CITY_TAKES]), valid_until=timezone.localdate(now) + timedelta(days=300),
            contact="市局科信科", contact_phone="19000007001",
        ),
        actor=actor, now=begun,
    )  # fmt: skip
    for week in range(4):
        at = begun + timedelta(weeks=week, minutes=7 * week)
        if week:
            row = subscriptions.begin_again(row, actor=actor, now=at)
        after = row.acked_seq
        while lines := delivery.fetch(row, after=after, most=delivery.MOST, origin="10.20.4.7", now=at):
            after += len(lines)
            delivery.acknowledge(row, seq=after, now=at)
            at += timedelta(seconds=4)
        row.refresh_from_db()


def _welfare(bureau: Region, actor: User, now: datetime) -> None:
    """The civil affairs bureau is to be sent some registers; it is agreed, listed and not switched on yet."""
    address = addresses.add_address(
        kind=Way.HTTP, place="https://data.mzj.anlan.example/exchange/receive", note="县民政局数据平台", actor=actor,
        now=now - timedelta(days=9),
    )  # fmt: skip
    row, _key = subscriptions.subscribe(
        Agreement(
            name="县民政局", purpose="灾害救助对象与避难场所共享", region=bureau, mode=Mode.PUSH,
            fields=_fields(declared()[:2]), valid_until=timezone.localdate(now) + timedelta(days=180),
            contact="救助股", contact_phone="19000007002", address=address,
        ),
        actor=actor, now=now - timedelta(days=8),
    )  # fmt: skip
    subscriptions.pause(row, actor=actor, now=now - timedelta(days=8))


def _from_the_city(county: County, actor: User, now: datetime) -> None:
    """The city hands down what its inspections found; one of its messages got lost."""
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"city {county.seed}".encode()).digest())
    public = jws.written(jws.public_bytes(key.public_key()))
    name = f"{model.CITY_NAME}应急管理局（下发）"
    receiving.add_source(name=name, sub="EXC-0042", public_key=public, actor=actor, now=now - timedelta(days=6))
    first, second, third = county.sites[10], county.sites[24], county.sites[31]
    town = county.towns[0]
    known = {
        "name": first.name,
        "kind": first.kind,
        "region": first.village or first.town,
        "address": "新址：工业大道 18 号",
    }
    rows = [
        {"id": 901, "code": first.code, "record": {**known, "risk": first.risk}},
        {"id": 902, "code": "CJ-2026-0113", "record": {"name": second.name, "kind": second.kind,
                                                       "region": second.village or second.town, "risk": 2}},
        {"id": 903, "code": third.code, "record": {"name": third.name, "kind": third.kind, "address": third.address}},
        *(
            {"id": 910 + n, "code": f"CJ-2026-02{n:02d}", "record": {"name": name, "kind": kind, "region": town.code,
                                                                     "lon": town.lon, "lat": town.lat}}
            for n, (name, kind) in enumerate(NEW)
        ),
    ]  # fmt: skip
    labels = {
        name: {"label": name, "kind": "text", "personal": False} for name in ("name", "kind", "region", "address")
    }
    begin = _line(key, 1, "", {"kind": "begin", "registers": {"enterprise": {"title": "企业", "fields": labels}}})
    copy = {"kind": "copy", "register": "enterprise", "page": 1, "last": True, "rows": rows}
    copied = _line(key, 2, jws.digest(begin), copy)
    receiving.receive([begin, copied], now=now - timedelta(days=5))
    lost = _line(key, 4, "0" * 64, {"kind": "changes", "register": "enterprise", "rows": []})
    with contextlib.suppress(BadMessage):
        receiving.receive([lost], now=now - timedelta(hours=3))


def _line(key: Ed25519PrivateKey, seq: int, before: str, content: Mapping[str, Any]) -> str:
    payload = json.dumps(
        {"v": 1, "sub": "EXC-0042", "seq": seq, "prev": before, **content}, ensure_ascii=False
    ).encode()
    header = jws.header_of(key.public_key(), keys.KIND)
    return jws.joined(header, payload, jws.signature_of(header, payload, key))
