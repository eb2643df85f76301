"""Modbus polls: 200 hosts with 50 registers each, asked every second. Goals: no poll lost, 99 % asked within 100 ms.

#: bench: modbus-poll-lost modbus-poll-p99

One `serve_modbus` process and one of the engine over the real store; the hosts are two processes that speak Modbus by a
few lines of their own. Each host counts how often it was asked and gives that number in every register, so that a poll
counts as lost when one of its 50 readings is not in the log, or when a second went by without one. Late is how much
after its own second a host was asked: measured against the earliest moment within the second at which it ever was.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from typing import Any

from benchmarks.figure import how_busy, percentile, verdict
from benchmarks.installation import Installation, installation

HOSTS, REGISTERS, SECONDS = 200, 50, 60
#: Processes that play the hosts.
PLAYERS = 2
GOAL_MS = 100.0


def main() -> int:
    """Print one figure, or both when none is named."""
    if sys.argv[1:2] == ["--play"]:
        return asyncio.run(_play(int(sys.argv[2])))
    wanted = sys.argv[1:] or ["modbus-poll-lost", "modbus-poll-p99"]
    players = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.modbus", "--play", str(HOSTS // PLAYERS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(PLAYERS)
    ]  # fmt: skip
    try:
        with installation() as house:
            house.prepare(points=0)
            ports = [port for player in players for port in json.loads(_line(player))]
            points = _register(ports)
            house.start("serve_engine")
            house.start("serve_modbus", more={"ANLAN_MODBUS_HOSTS": "127.0.0.1"})
            house.wait(lambda: house.store.last_seq() >= HOSTS, "the first polls")
            time.sleep(SECONDS)
            cpu = house.cpu_seconds("serve_modbus")
            house.kill("serve_modbus", how=15)
            asked = [times for player in players for times in _told(player)]
            stored = _stored(house)
            turns = [row[0] for row in _states()]
    finally:
        for player in players:
            player.kill()
            player.wait()
    late = [ms for times in asked for ms in _late(times)]
    polls = sum(len(times) for times in asked)
    skipped = sum(_skipped(times) for times in asked)
    # The last question of a host may have been on its way when the gateway was ended.
    missing = sum(
        turn not in stored[point] and turn < len(times)
        for times, mine in zip(asked, points, strict=True)
        for point in mine
        for turn in range(1, len(times) + 1)
    )
    lost = skipped + missing
    print(
        f"{HOSTS} hosts x {REGISTERS} registers, {polls:,} polls in {SECONDS} s and what it took to begin and end; "
        f"{sum(turns):,} turns counted, {sum(len(mine) for mine in stored.values()):,} readings in the log; {skipped} "
        f"seconds without a poll, {missing} readings missing; asked late by {percentile(late, 0.5):.1f} ms (median), "
        f"{percentile(late, 0.99):.1f} ms (p99), {max(late):.1f} ms (longest); CPU of the gateway "
        f"{1e6 * cpu / polls:.0f} us a poll, {100 * cpu / (SECONDS + 2):.0f} % of a core"
    )
    print(how_busy())
    codes = []
    if "modbus-poll-lost" in wanted:
        codes.append(verdict("modbus-poll-lost", lost, 0, at_most=True))
    if "modbus-poll-p99" in wanted:
        codes.append(verdict("modbus-poll-p99", percentile(late, 0.99), GOAL_MS, at_most=True))
    return max(codes)


def _late(times: list[float]) -> list[float]:
    """By how many ms each question came after the earliest place in the second that the host ever saw."""
    base = min(at - turn for turn, at in enumerate(times) if turn) if len(times) > 1 else 0.0
    return [1000 * ((at - base) % 1.0) for at in times[1:]]


def _skipped(times: list[float]) -> int:
    """Seconds that went by between two questions without one."""
    return sum(max(0, round(after - before) - 1) for before, after in pairwise(times))


def _register(ports: list[int]) -> list[list[int]]:
    """A device with points and a map for each host; the numbers of the points, host by host."""
    from django.utils import timezone

    from anlan.kernel.regions.models import Region
    from anlan.kernel.sensing.models import Device, ModbusConnection, ModbusLine, ModbusState, Point

    county = Region.objects.get(code="990123")
    found = []
    for place, port in enumerate(ports):
        device = Device.records.create(code=f"PLC-{place:03d}", name="plc", region=county, key_hash="-")
        points = Point.records.bulk_create(
            Point(code=f"PLC-{place:03d}/{n}", name="p", kind="other", region=county, device=device, period_s=1)
            for n in range(REGISTERS)
        )
        made = ModbusConnection.objects.create(device=device, host="127.0.0.1", port=port, period_s=1)
        ModbusState.objects.create(connection=made, at=timezone.now())
        ModbusLine.objects.bulk_create(
            ModbusLine(connection=made, function=3, address=n, type="u16", point=point)
            for n, point in enumerate(points)
        )
        found.append([point.pk for point in points])
    return found


def _stored(house: Installation) -> dict[int, Counter[int]]:
    """Point → the numbers in the log, each with how often."""
    from anlan.engine import decode_batch

    found: dict[int, Counter[int]] = {}
    seq = 0
    while rows := house.store.read_log(seq, rows=50_000):
        for row in rows:
            if row.kind == "batch":
                point, _t, value, _quality = decode_batch(row.payload)
                for one, number in zip(point.tolist(), value.tolist(), strict=True):
                    found.setdefault(one, Counter())[int(number)] += 1
        seq = rows[-1].seq
    return found


def _states() -> list[tuple[int]]:
    from anlan.kernel.sensing.models import ModbusState

    return list(ModbusState.objects.values_list("polls"))


# --- the hosts ------------------------------------------------------------------------------------------------------


class _Host(asyncio.Protocol):
    """One connection of a host: every question is answered by how many there were."""

    def __init__(self, times: list[float]) -> None:
        self.times = times
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        # A question is twelve bytes in one piece on loopback.
        self.times.append(time.monotonic())
        word = len(self.times).to_bytes(2, "big")
        count = int.from_bytes(data[10:12], "big")
        body = bytes((data[6], data[7], 2 * count)) + word * count
        self.transport.write(data[:4] + len(body).to_bytes(2, "big") + body)


async def _play(hosts: int) -> int:
    """Be so many hosts until a line comes; then tell when each was asked."""
    loop = asyncio.get_running_loop()
    asked: list[list[float]] = [[] for _ in range(hosts)]
    ports = []
    for times in asked:
        server = await loop.create_server(lambda times=times: _Host(times), "127.0.0.1", 0)  # type: ignore[misc]
        ports.append(server.sockets[0].getsockname()[1])
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    print(json.dumps(asked), flush=True)
    return 0


def _line(player: subprocess.Popen[str]) -> str:
    assert player.stdout is not None
    return player.stdout.readline()


def _told(player: subprocess.Popen[str]) -> list[list[float]]:
    assert player.stdin is not None
    player.stdin.write("\n")
    player.stdin.flush()
    return list(json.loads(_line(player)))


if __name__ == "__main__":
    raise SystemExit(main())
