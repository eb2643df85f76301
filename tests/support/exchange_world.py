"""What tests of the exchange share: a subscriber that believes nothing, and subscriptions of the small county."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.utils import timezone
from small_county import NOW, make_user, plant_county

from anlan.apps.exchange import feed, keys
from anlan.apps.exchange.models import Subscription
from anlan.apps.exchange.services import subscriptions
from anlan.apps.exchange.services.subscriptions import Agreement
from anlan.apps.sites.declarations import ENTERPRISES
from anlan.formats import jws
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import services as registers
from anlan.kernel.registers import values
from anlan.kernel.registers.declarations import Register, get

FIELDS = ("name", "kind", "risk", "region", "address", "lon", "lat", "keeper")


class Mirror:
    """A subscriber: checks signature, number and chain of each line, and puts rows into a table by id."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[int, Mapping[str, Any]]] = {}
        self.seq = 0
        self.last = ""
        self.said: list[Mapping[str, Any]] = []

    def take(self, lines: Iterable[str]) -> int:
        """Apply lines in order, each number once; returns the number that is complete."""
        key = keys.public_key()
        for line in lines:
            _kid, payload = jws.opened(line, {jws.thumbprint(key): key}, keys.KIND)
            said = json.loads(payload)
            if said["seq"] <= self.seq:
                continue
            if said["kind"] != "begin":
                assert said["seq"] == self.seq + 1, (self.seq, said["seq"])
                assert said["prev"] == self.last
            self.seq, self.last = said["seq"], jws.digest(line)
            self.said.append(said)
            self._apply(said)
        return self.seq

    def _apply(self, said: Mapping[str, Any]) -> None:
        if said["kind"] == "begin":
            self.tables = {code: {} for code in said["registers"]}
            return
        table = self.tables[said["register"]]
        for row in said["rows"]:
            if row.get("gone"):
                table.pop(row["id"], None)
            else:
                table[row["id"]] = row["record"]


def visible(register: Register, path: str, names: Sequence[str]) -> dict[int, Mapping[str, Any]]:
    """What a subscriber must have: the visible records below a region, as JSON gives them."""
    found = {}
    for row in register.model.present.filter(region__path__startswith=path).select_related("region"):
        record = {name: values.as_json(register.info(name), getattr(row, name)) for name in ("code", *names)}
        found[row.pk] = json.loads(json.dumps(record))
    return found


def plant() -> SimpleNamespace:
    """The small county with a keeper, a leader and a system administrator of the bureau, and the product's own hand."""
    world = plant_county()
    world.keeper = make_user("keeper", "record_keeper", region=world.county)
    world.leader = make_user("leader", "leader", region=world.county)
    world.admin = make_user("admin", "system_admin", region=world.county)
    world.hand = system_user("tests")
    return world


def site(world: SimpleNamespace, name: str = "沙头化工厂", **more: Any) -> Any:
    """A site in Canglang unless said otherwise."""
    raw = {"name": name, "kind": "chemical", "region": "990123101201", "lon": 104.1, "lat": 31.6, **more}
    return registers.create(ENTERPRISES, raw, actor=world.hand, now=NOW)


def agreement(world: SimpleNamespace, **more: Any) -> Agreement:
    """Sites of the whole county, fetched, without personal fields."""
    wanted: dict[str, Any] = {
        "name": "市应急管理局",
        "purpose": "市县数据汇聚",
        "region": world.county,
        "mode": "pull",
        "fields": {"enterprise": FIELDS},
        "valid_until": timezone.localdate(NOW) + timedelta(days=365),
    }
    return Agreement(**(wanted | more))


def subscribed(world: SimpleNamespace, **more: Any) -> Subscription:
    return subscriptions.subscribe(agreement(world, **more), actor=world.keeper, now=NOW)[0]


def lines_of(row: Subscription, after: int = 0, now: Any = NOW) -> list[str]:
    """Every line behind a number, made now."""
    feed.compose(row.pk, now=now)
    row.refresh_from_db()
    return [feed.line_of(message) for message in row.messages.filter(seq__gt=after).order_by("seq")]


def caught_up(row: Subscription, mirror: Mirror, now: Any = NOW) -> None:
    """Let the mirror take everything there is, acknowledging as it goes."""
    while True:
        lines = lines_of(row, mirror.seq, now)
        if not lines:
            return
        row.acked_seq = mirror.take(lines)
        row.save(update_fields=("acked_seq",))


def register(code: str) -> Register:
    found = get(code)
    assert found is not None
    return found
