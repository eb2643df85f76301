"""A pump station of the demo whose controller speaks Modbus TCP: it is asked, it never calls.

Unit 1: input registers 0 forebay level (0.01 m), 1 outlet flow (float32, low word first, m³/s), 3 motor temperature
(0.1 ℃, signed), 4 current (0.1 A); discrete inputs 0 and 1: the pumps that run. It has nothing that can be written.
"""

from __future__ import annotations

import logging
import math
import socketserver
import struct
import threading
import time
from contextlib import suppress
from datetime import datetime

from anlan.formats import modbus
from anlan.formats.devices import BadFrame
from anlan.kernel.people.services import system_user
from anlan.kernel.sensing.modbus.services import save_connection
from anlan.kernel.sensing.models import ModbusConnection

log = logging.getLogger("anlan.simulate")

#: The code of its device; what a visitor connects besides is left alone.
DEVICE = "PLC-BZ01"
HOST, UNIT = "127.0.0.1", 1
#: A tide of the forebay, and how long a pump runs in it, seconds.
CYCLE_S = 600


def registers(now_s: float) -> dict[int, int]:
    """Input registers at a moment: the level rises until the pumps start, and falls while they run."""
    phase = now_s % CYCLE_S / CYCLE_S
    runs = sum(bits(now_s).values())
    level = 2.2 + 0.9 * (phase / 0.6 if phase < 0.6 else (1 - phase) / 0.4)
    ripple = 0.02 * math.sin(now_s / 3)
    flow = runs * (1.35 + ripple)
    high, low = struct.unpack(">HH", struct.pack(">f", flow))
    temperature = 31 + 12 * runs + 2 * math.sin(now_s / 40)
    current = runs * (86 + 20 * ripple)
    return {
        0: round(100 * (level + ripple)), 1: low, 2: high, 3: round(10 * temperature) & 0xFFFF, 4: round(10 * current),
    }  # fmt: skip


def bits(now_s: float) -> dict[int, int]:
    """Discrete inputs at a moment: one pump from six tenths of the cycle on, the second from eight."""
    phase = now_s % CYCLE_S / CYCLE_S
    return {0: int(phase >= 0.6), 1: int(0.8 <= phase < 0.95)}


def answer(request: modbus.Frame, now_s: float) -> modbus.Frame:
    """What the controller says to one question."""
    refused = modbus.Frame(request.transaction, request.unit, request.function | 0x80, b"\x01")
    if request.function not in (modbus.INPUTS, modbus.REGISTERS) or len(request.data) != 4:
        return refused
    address, count = struct.unpack(">HH", request.data)
    table = bits(now_s) if request.function == modbus.INPUTS else registers(now_s)
    wanted = range(address, address + count)
    if not count or any(one not in table for one in wanted):
        return modbus.Frame(request.transaction, request.unit, request.function | 0x80, b"\x02")
    if request.function == modbus.INPUTS:
        data = bytes((sum(table[one] << place for place, one in enumerate(wanted)),))
    else:
        data = b"".join(table[one].to_bytes(2, "big") for one in wanted)
    return modbus.Frame(request.transaction, request.unit, request.function, bytes((len(data),)) + data)


class _Talk(socketserver.BaseRequestHandler):
    """One connection."""

    def handle(self) -> None:
        reader = modbus.Reader()
        with suppress(OSError):
            while came := self.request.recv(1024):
                for one in reader.feed(came):
                    if isinstance(one, BadFrame):
                        return
                    if one.unit == UNIT:
                        self.request.sendall(modbus.write(answer(one, time.time())))


class Controller(socketserver.ThreadingTCPServer):
    """The controller at a port of this machine."""

    daemon_threads = True
    allow_reuse_address = True


def serve(port: int) -> Controller | None:
    """Begin to answer; None when the port is taken, which the demo survives. The caller closes it."""
    try:
        server = Controller((HOST, port), _Talk)
    except OSError as taken:
        log.warning("the demo's controller answers nobody: port %d: %s", port, taken.strerror)
        return None
    threading.Thread(target=server.serve_forever, daemon=True, name="controller").start()
    return server


def readdress(port: int, *, now: datetime) -> int:
    """Let the demo's controller be asked where it is in this run; returns how many connections had to change."""
    changed = 0
    for one in (
        ModbusConnection.objects.filter(host=HOST, device__code=DEVICE)
        .exclude(port=port)
        .select_related("device__region")
    ):
        save_connection(
            one.device, connection=one, host=HOST, port=port, unit=one.unit, period_s=one.period_s,
            timeout_ms=one.timeout_ms, gap=one.gap, actor=system_user("demo"), now=now,
        )  # fmt: skip
        changed += 1
    return changed
