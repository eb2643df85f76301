"""Signed CAP warnings pushed by a neighbour, each judged in four layers, placed, followed and kept: messages a second.

#: bench: cap-in

The messages of `benchmarks/cap_check.py` (two languages, 200 corners, a signature whose certificate an authority
issued), about a county whose towns have outlines, in a database of their own (SQLite, default settings;
ANLAN_BENCH_DATABASE_URL asks for another one). Every fifth is an update of the one before. Each message is committed by
itself, as it is when it is pushed, and the duty desk is told of each. The goal takes in the
thousand of a province's worst day within 100 s.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from anlan.formats.cap import Alert, Signer, stamp, write
from benchmarks.cap_check import NOW, SENDER, _alert, _certificate
from benchmarks.figure import how_busy, verdict
from benchmarks.registers import prepare

RUNS, MESSAGES = 3, 100
GOAL = 10.0


def messages(run: int, signer: Signer) -> list[bytes]:
    """So many messages of one run, every fifth an update of the one before."""
    made: list[Alert] = []
    for number in range(MESSAGES):
        at = NOW + timedelta(seconds=run * MESSAGES + number)
        plain = _alert(0)
        alert = replace(plain, identifier=f"{SENDER}_{at:%Y%m%d%H%M%S}_0", sent=stamp(at))
        if number % 5 == 4:
            alert = replace(alert, msg_type="Update", references=str(made[-1].reference))
        made.append(alert)
    return [write(alert, signer=signer) for alert in made]


def main() -> int:
    """Plant a county, sign messages, take them in, print the figure."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
        return _measure()


def _measure() -> int:
    import shapely
    from small_county import make_user

    from anlan.apps.warning.models import Message, Sender
    from anlan.apps.warning.services import receiving, senders, sources
    from anlan.kernel.people.services import system_user
    from anlan.kernel.regions.services import Planting, plant
    from anlan.kernel.rulebook.services import load_shipped

    load_shipped(NOW)
    rows = [Planting("510727", "平武县", "county", None, shapely.box(104.0, 32.0, 105.0, 32.8))]
    rows += [
        Planting(
            f"510727{101 + n}", f"乡镇{n}", "town", "510727", shapely.box(104 + n * 0.04, 32, 104.04 + n * 0.04, 32.8)
        )
        for n in range(25)
    ]
    county, *_towns = plant(rows)
    make_user("officer", "duty_officer", region=county)
    hand = system_user("bench")
    receiving.PER_MINUTE = 10**9
    source = sources.add(name="省", url="", period_s=60, signature="required", actor=hand, now=NOW)
    source = sources.change(
        source, name="省", url="", period_s=60, signature="required", enabled=True, actor=hand, now=NOW
    )  # fmt: skip
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("authority", root, "authority", root, ca=True)
    signer = Signer(leaf, (_certificate("weather", leaf, "authority", root, ca=False),))
    row = Sender.objects.create(source=source, sender=SENDER, first_at=NOW)
    pem = authority.public_bytes(serialization.Encoding.PEM).decode()
    senders.allow(row, certificates=pem, reason="bench", actor=hand, now=NOW)
    rates = []
    for run in range(RUNS):
        ready = messages(run, signer)
        now = NOW + timedelta(seconds=(run + 1) * MESSAGES)
        start = time.perf_counter()
        for data in ready:
            assert receiving.receive(data, source=source, now=now).standing == "taken"
        rates.append(MESSAGES / (time.perf_counter() - start))
    assert Message.objects.filter(standing="taken", signed=True).count() == RUNS * MESSAGES
    assert Message.objects.filter(superseded_by__isnull=False).count() == RUNS * MESSAGES // 5
    print(f"{MESSAGES} messages a run, rates {', '.join(f'{one:.1f}' for one in rates)}; {how_busy()}")
    return verdict("cap-in", statistics.median(rates), GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
