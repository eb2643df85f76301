"""One side of an exchange, in a data directory of its own; run as `python exchange_side.py DATA_DIRECTORY`.

Reads one JSON list a line, [name, arguments] of an act of `Side`, and answers each with one line of JSON. Two of these
are two installations.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any


def serve(side_of: Callable[[], Side]) -> None:
    """Set this process up for the data directory of the command line and do what is asked."""
    os.environ["ANLAN_DATA"] = sys.argv[1]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.server.settings")
    import django

    django.setup()
    side = side_of()
    for line in sys.stdin:
        name, given = json.loads(line)
        print(json.dumps(side.act(name, given)), flush=True)


class Side:
    """What a test lets an installation do."""

    def act(self, name: str, given: dict[str, Any]) -> Any:
        from django.utils import timezone

        from anlan.kernel.people.services import system_user

        self.now = timezone.now()
        self.hand = system_user("tests")
        return getattr(self, name)(**given)

    def plant(self, sites: int = 0) -> int:
        from small_county import plant_county

        from anlan.apps.sites.declarations import ENTERPRISES
        from anlan.kernel.registers import services

        plant_county()
        for n in range(sites):
            raw = {
                "name": f"企业{n}",
                "kind": "chemical",
                "region": "990123101201",
                "code": f"S-{n}",
                "risk": n % 4 + 1,
            }
            services.create(ENTERPRISES, raw, actor=self.hand, now=self.now)
        return sites

    def subscribe(self, mode: str, place: str) -> str:
        from django.utils import timezone

        from anlan.apps.exchange.services import addresses, subscriptions
        from anlan.kernel.regions.models import Region

        kind = "http" if mode == "push" else "nats"
        address = addresses.add_address(kind=kind, place=place, note="另一方", actor=self.hand, now=self.now)
        agreed = subscriptions.Agreement(
            name="另一方", purpose="共享", region=Region.objects.get(code="990123"), mode=mode, address=address,
            fields={"enterprise": ("name", "kind", "risk", "region")},
            valid_until=timezone.localdate(self.now) + timedelta(days=30),
        )  # fmt: skip
        return subscriptions.subscribe(agreed, actor=self.hand, now=self.now)[0].code

    def source(self, key: str, sub: str, door: str = "http", subject: str = "") -> int:
        from anlan.apps.exchange.services import receiving

        return receiving.add_source(
            name="另一方", sub=sub, public_key=key, door=door, subject=subject, automatic=True, actor=self.hand,
            now=self.now,
        ).pk  # fmt: skip

    def key(self) -> str:
        from anlan.apps.exchange import keys
        from anlan.formats import jws

        return jws.written(jws.public_bytes(keys.public_key()))

    def change(self) -> None:
        """A rename, a removal and an import."""
        from anlan.apps.sites.declarations import ENTERPRISES
        from anlan.apps.sites.models import Enterprise
        from anlan.kernel.regions.models import Region
        from anlan.kernel.registers import services

        services.change(
            ENTERPRISES, Enterprise.records.get(code="S-0"), {"name": "改了名"}, actor=self.hand, now=self.now
        )
        services.remove(ENTERPRISES, Enterprise.records.get(code="S-1"), reason="关停", actor=self.hand, now=self.now)
        batch = services.start_batch(ENTERPRISES, title="普查", actor=self.hand, now=self.now)
        new = [
            {"name": f"普查{n}", "kind": "mine", "code": f"P-{n}", "region": Region.objects.get(code="990123102")}
            for n in range(5)
        ]
        services.stage(batch, new=new, actor=self.hand, now=self.now)
        services.publish(batch, actor=self.hand, now=self.now)

    def change_again(self) -> None:
        """One record is renamed, each time to another name."""
        from anlan.apps.sites.declarations import ENTERPRISES
        from anlan.apps.sites.models import Enterprise
        from anlan.kernel.registers import services

        row = Enterprise.records.get(code="S-2")
        serial = int(row.name.rpartition(" ")[2]) + 1 if " " in row.name else 1
        services.change(ENTERPRISES, row, {"name": f"再改 {serial}"}, actor=self.hand, now=self.now)

    def work(self, later_s: int = 0) -> dict[str, Any]:
        """What the jobs process does, until nothing is left to do."""
        from anlan.apps.exchange.services import trouble
        from anlan.apps.exchange.services.queueing import drive
        from anlan.kernel.jobs import worker

        now = self.now + timedelta(seconds=later_s)
        for _round in range(10):
            drive(now)
            if not worker.run_once(now, "test"):
                break
        trouble.watch(now=now)
        return self.state()

    def lose(self) -> None:
        """One message is taken for arrived that never left."""
        from django.db.models import F

        from anlan.apps.exchange import feed
        from anlan.apps.exchange.models import Subscription

        row = Subscription.records.get()
        feed.compose(row.pk, now=self.now)
        Subscription.records.update(acked_seq=F("acked_seq") + 1)

    def state(self) -> dict[str, Any]:
        from anlan.apps.exchange.models import Arrival, Received, Source, Subscription, Taken, Trouble
        from anlan.apps.sites.models import Enterprise

        return {
            "sites": dict(Enterprise.present.order_by("code").values_list("code", "name")),
            "sent": list(Subscription.records.values_list("last_seq", "acked_seq", "last_error")),
            "taken": list(Taken.objects.order_by("id").values_list("outcome", flat=True)),
            "heard": list(Source.objects.values_list("last_seq", "repeated", "refused")),
            "standing": sorted(set(Received.objects.values_list("standing", flat=True))),
            "waiting": Arrival.objects.count(),
            "open": list(Trouble.objects.filter(closed_at=None).values_list("kind", "seq_from", "seq_to")),
        }


if __name__ == "__main__":
    serve(Side)
