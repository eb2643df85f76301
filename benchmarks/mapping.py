"""Vendors' messages mapped, a second and core. Goal at least 5,000.

#: bench: mqtt-mapping

A message as vendors send it, 600 bytes with two items of ten values each: Chinese names, a local time as text, pairs of
name and value, words for the quality, a scale. It goes from its bytes to the batch that would be committed, as the MQTT
gateway does it, on one core and without a broker or a disk. The stated limit beside it is the standard library's JSON
alone on the same bytes.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from anlan.gateways.records import PlainRecords
from anlan.gateways.vendors.records import VendorRecords
from anlan.gateways.vendors.taking import Vendors
from anlan.kernel.sensing.door.directory import Directory
from benchmarks.figure import how_busy, verdict

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from gateway_world import plant_mapped_device, plant_mapping, plant_mappings, plant_records

GOAL, MESSAGES, ROUNDS = 5_000.0, 5_000, 5
SENSORS = [f"参数{n}" for n in range(8)]
BODY = {
    "topic": "vendor/{device}/up",
    "items": "数据[*]",
    "device": {"from": "topic", "part": "device"},
    "time": {"form": "text", "path": "时间", "pattern": "yyyy-MM-dd HH:mm:ss", "zone": "Asia/Shanghai"},
    "sensors": [
        {"name": "电压", "sensor": "battery_v", "unit": "V", "scale": 0.001},
        {"name": "门", "sensor": "door", "words": {"开": 1, "关": 0}},
    ],
    "group": {"form": "pairs", "path": "参数[*]", "key": "名称", "value": "值"},
    "quality": {"path": "状态", "words": {"正常": "good", "故障": "bad"}},
}


def messages(round_: int) -> list[bytes]:
    """Messages of which no two are equal."""
    made = []
    for number in range(MESSAGES):
        items = [
            {
                "时间": f"2026-11-{round_ + 1:02d} {number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}",
                "状态": "正常",
                "电压": 3600 + number % 50 + half,
                "门": "关",
                "参数": [
                    {"名称": name, "值": round(1.5 * place + number % 17, 2)} for place, name in enumerate(SENSORS)
                ],
            }
            for half in (0, 1)
        ]
        items[1]["时间"] = f"2026-10-{round_ + 1:02d}" + str(items[1]["时间"])[10:]
        made.append(json.dumps({"数据": items}, ensure_ascii=False, separators=(",", ":")).encode())
    return made


def main() -> int:
    """Print the figure and the limit."""
    with tempfile.TemporaryDirectory(prefix="anlan-mapping-") as folder:
        records = Path(folder) / "records.sqlite3"
        plant_records(records, {"gw-1": [f"gw-1/{one}" for one in (*SENSORS, "battery_v", "door")]})
        plant_mappings(records)
        plant_mapping(records, BODY)
        plant_mapped_device(records, "A1", "gw-1")
        directory = Directory(PlainRecords(f"sqlite://{records}"))
        directory.refresh()
        vendors = Vendors(VendorRecords(f"sqlite://{records}"), directory)
        vendors.refresh()
        rates, limits = [], []
        for round_ in range(ROUNDS):
            bodies = messages(round_)
            now_ms = time.time_ns() // 1_000_000
            begun = time.process_time()
            for body in bodies:
                json.loads(body)
            limits.append(MESSAGES / (time.process_time() - begun))
            begun = time.process_time()
            readings = sum(batch.n for body in bodies for batch in vendors.batches("vendor/A1/up", body, "", now_ms))
            rates.append(MESSAGES / (time.process_time() - begun))
            if readings != MESSAGES * 2 * (len(SENSORS) + 2):
                raise SystemExit(f"{readings} readings came: the figure would not be of whole work")
        vendors.records.close()
        directory.records.close()
    rate, limit = statistics.median(rates), statistics.median(limits)
    print(
        f"{len(bodies[0])} bytes and 20 readings a message: {rate:,.0f} messages, {rate * 20:,.0f} readings a second "
        f"and core; JSON alone {limit:,.0f} messages, product over it {rate / limit:.2f}"
    )
    print(how_busy())
    return verdict("mqtt-mapping", rate, GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
