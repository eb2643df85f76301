"""A vendor's gateway of the demo: seepage gauges of a tailings dam that speak JSON of the vendor's own by MQTT.

Two gauges hang behind it. One is registered, so its readings arrive through the mapping; the other waits for a person.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from datetime import UTC, datetime, timedelta

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

log = logging.getLogger("anlan.simulate")

#: Code of the gateway's device, its name at the vendor, and the vendor's numbers of its gauges.
GATEWAY, AT_VENDOR, GAUGES = "SC-G1", "G1", ("0001", "0002")
TOPIC = f"shanchuan/{AT_VENDOR}/up"
#: Seconds between two messages.
EVERY_S = 60
_DAY_S = 86_400

#: How its messages become readings.
BODY = {
    "topic": "shanchuan/{gw}/up",
    "numbers": "text",
    "items": "数据[*]",
    "device": {"from": "path", "path": "编号", "within": "gw"},
    "time": {"form": "text", "path": "时间", "pattern": "yyyy-MM-dd HH:mm:ss", "zone": "Asia/Shanghai"},
    "sensors": [{"name": "电压", "sensor": "battery_v", "unit": "V", "scale": 0.001}],
    "group": {
        "form": "pairs",
        "path": "参数[*]",
        "key": "名称",
        "value": "值",
        "unit": "单位",
        "known": [
            {"name": "渗压", "sensor": "seepage", "unit": "kPa", "words": {"-9999": None}},
            {"name": "水温", "sensor": "water_temp", "unit": "℃", "words": {"-9999": None}},
        ],
        "others": "fault",
    },
    "quality": {"path": "状态", "words": {"正常": "good", "自检": "uncertain", "故障": "bad"}},
}


def message(now_ms: int) -> bytes:
    """What the gateway publishes: both gauges, values as text, the battery in millivolts."""
    seconds = now_ms // 1000
    local = (datetime.fromtimestamp(seconds, UTC) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
    swing = math.sin(seconds % _DAY_S / _DAY_S * 2 * math.pi)
    data = [
        {
            "编号": number,
            "时间": local,
            "状态": "正常",
            "电压": 3600 + round(40 * swing),
            "参数": [
                {"名称": "渗压", "值": f"{base + 0.8 * swing:.2f}", "单位": "kPa"},
                {"名称": "水温", "值": f"{14.2 + 0.5 * swing:.1f}", "单位": "℃"},
            ],
        }
        for number, base in zip(GAUGES, (38.4, 41.7), strict=True)
    ]
    return json.dumps({"网关": AT_VENDOR, "数据": data}, ensure_ascii=False).encode()


def keep_publishing(host: str, port: int, key: str, stop: threading.Event) -> None:
    """Publish every minute until `stop`; what the broker does not take in time is gone, as with many such gateways."""
    client = paho.Client(CallbackAPIVersion.VERSION2, GATEWAY)
    client.username_pw_set(GATEWAY, key)
    client.reconnect_delay_set(1, 30)
    client.connect_async(host, port)
    client.loop_start()
    while not stop.wait(1.0 if not client.is_connected() else EVERY_S - time.time() % EVERY_S):
        if client.is_connected():
            client.publish(TOPIC, message(time.time_ns() // 1_000_000), qos=1)
    client.disconnect()
    client.loop_stop()


def start(host: str, port: int, key: str, stop: threading.Event) -> None:
    """Let it publish in a thread of its own."""
    args = (host, port, key, stop)
    threading.Thread(target=keep_publishing, args=args, daemon=True, name="vendor").start()
