"""TCP devices: 2,000 connections, one frame a second each. Goals: no frame lost, 99 % answered within 1 s.

#: bench: tcp-gateway-lost tcp-gateway-p99

One `serve_tcp` process and one of the engine over the real store; 1,600 devices speak HJ 212 and 400 speak SL 651, each
over a connection and with a password of its own, spread over the second as they would be. A frame counts as answered
when the answer that its protocol asks for has come, which the gateway sends after the commit; as lost when it was
answered and its reading is not in the log, or was never answered at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from dataclasses import dataclass, field

from benchmarks.figure import how_busy, percentile, verdict
from benchmarks.installation import Installation, free_port, installation

DEVICES, HYDRO = 2_000, 400
SECONDS = 60
#: How long after the last frame an answer may still come before the frame counts as lost.
PATIENCE_S = 30.0
GOAL_MS = 1_000.0


@dataclass
class Seen:
    """What the devices saw."""

    sent: int = 0
    answered: int = 0
    took_ms: list[float] = field(default_factory=list)


def main() -> int:
    """Print one figure, or both when none is named."""
    wanted = sys.argv[1:] or ["tcp-gateway-lost", "tcp-gateway-p99"]
    with installation() as house:
        house.prepare(points=0)
        _register()
        ports = {"ANLAN_TCP_HJ212_PORT": str(free_port()), "ANLAN_TCP_SL651_PORT": str(free_port())}
        house.start("serve_engine")
        house.start("serve_tcp", more={**ports, "ANLAN_TCP_PER_ADDRESS": "5000"})
        seen = asyncio.run(_talk(house, [int(port) for port in ports.values()]))
        stored = sum(row[0] for row in house.store.main.read("SELECT n FROM log WHERE kind = 'batch'"))
        aside = house.store.count_set_aside()
        cpu = house.cpu_seconds("serve_tcp")
    p50, p99 = percentile(seen.took_ms, 0.5), percentile(seen.took_ms, 0.99)
    lost = max(seen.sent - seen.answered, seen.sent - stored)
    print(
        f"{DEVICES} connections, {seen.sent:,} frames in {SECONDS} s, {seen.answered:,} answered, {stored:,} readings "
        f"in the log, {aside} set aside; answer after {p50:.0f} ms (median), {p99:.0f} ms (p99), "
        f"{max(seen.took_ms):.0f} ms (longest); CPU of the gateway {1e6 * cpu / seen.sent:.0f} us a frame"
    )
    print(how_busy())
    codes = []
    if "tcp-gateway-lost" in wanted:
        codes.append(verdict("tcp-gateway-lost", lost, 0, at_most=True))
    if "tcp-gateway-p99" in wanted:
        codes.append(verdict("tcp-gateway-p99", p99, GOAL_MS, at_most=True))
    return max(codes)


def _number(place: int) -> tuple[str, str, str]:
    """Protocol, number and password of a device."""
    if place < HYDRO:
        return "sl651", f"{5_100_000_000 + place}", f"{place:04X}"
    return "hj212", f"BENCH{place:019d}", f"{100_000 + place}"


def _register() -> None:
    from anlan.kernel.regions.models import Region
    from anlan.kernel.sensing.door.links import secret_hash
    from anlan.kernel.sensing.models import Device, DeviceLink, Point

    county = Region.objects.get(code="990123")
    numbers = [_number(place) for place in range(DEVICES)]
    devices = Device.records.bulk_create(
        Device(code=number, name=number, region=county, key_hash="-") for _protocol, number, _secret in numbers
    )
    DeviceLink.objects.bulk_create(
        DeviceLink(device=device, protocol=protocol, number=number, secret_hash=secret_hash(protocol, number, secret))
        for device, (protocol, number, secret) in zip(devices, numbers, strict=True)
    )
    sensors = {"hj212": "w01018-Rtd", "sl651": "39"}
    Point.records.bulk_create(
        Point(code=f"{number}/{sensors[protocol]}", name=number, kind="other", region=county, device=device)
        for device, (protocol, number, _secret) in zip(devices, numbers, strict=True)
    )


async def _talk(house: Installation, ports: list[int]) -> Seen:
    seen = Seen()
    for port in ports:
        until = time.monotonic() + 60
        while True:
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            except OSError as error:
                if time.monotonic() > until:
                    raise RuntimeError(f"the gateway does not listen:\n{house.logs()}") from error
                await asyncio.sleep(0.1)
    gate = asyncio.Event()
    joined = asyncio.Semaphore(100)
    ready: list[int] = []
    work = [asyncio.create_task(_device(place, ports, joined, ready, gate, seen)) for place in range(DEVICES)]
    while len(ready) < DEVICES:
        await asyncio.sleep(0.05)
        for one in work:
            if one.done():
                one.result()
    gate.set()
    await asyncio.gather(*work)
    return seen


async def _device(
    place: int, ports: list[int], joined: asyncio.Semaphore, ready: list[int], gate: asyncio.Event, seen: Seen
) -> None:
    protocol, number, secret = _number(place)
    async with joined:
        reader, writer = await asyncio.open_connection("127.0.0.1", ports[protocol == "sl651"])
    ready.append(place)
    await gate.wait()
    sent: dict[str, float] = {}
    listening = asyncio.create_task(_listen(protocol, reader, sent, seen))
    begun = time.perf_counter() + place / DEVICES
    base = time.time_ns() // 1_000_000_000 * 1_000
    for turn in range(SECONDS):
        await asyncio.sleep(max(0.0, begun + turn - time.perf_counter()))
        key, frame = _frame(protocol, number, secret, turn, base + turn * 1_000)
        sent[key] = time.perf_counter()
        seen.sent += 1
        writer.write(frame)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(listening, PATIENCE_S)
    writer.close()


async def _listen(protocol: str, reader: asyncio.StreamReader, sent: dict[str, float], seen: Seen) -> None:
    """Until every frame is answered."""
    from anlan.formats import hj212, sl651

    codec = sl651.Reader() if protocol == "sl651" else hj212.Reader()
    left = SECONDS
    while left:
        came = await reader.read(4096)
        if not came:
            return
        now = time.perf_counter()
        for one in codec.feed(came):
            if isinstance(one, sl651.Message):
                key = str(one.serial)
            else:
                key = one.data.removeprefix("QN=") if isinstance(one, hj212.Message) else ""
            seen.took_ms.append(1000 * (now - sent.pop(key)))
            seen.answered += 1
            left -= 1


def _frame(protocol: str, number: str, secret: str, turn: int, at_ms: int) -> tuple[str, bytes]:
    """The key by which its answer names it, and the frame."""
    from anlan.formats import hj212, sl651
    from anlan.formats.devices import beijing_digits

    stamp = beijing_digits(at_ms)
    if protocol == "hj212":
        head = {"QN": stamp, "ST": "21", "CN": "2011", "PW": secret, "MN": number, "Flag": "5"}
        data = f"DataTime={stamp[:14]};w01018-Rtd={20 + turn / 10},w01018-Flag=N"
        return stamp, hj212.write(hj212.Message(head, data))
    # Times of observation have minutes: within one the same stage comes again and again.
    text = (turn + 1).to_bytes(2, "big") + bytes.fromhex(f"{stamp[2:14]}F1F1{number}48F0F0{stamp[2:12]}392300000550")
    return str(turn + 1), sl651.write(sl651.Message(True, 1, number, int(secret, 16), 0x32, text))


if __name__ == "__main__":
    raise SystemExit(main())
