"""`python -m anlan.server simulate`: the gateways of the demo county, until SIGTERM."""

from __future__ import annotations

import json
import logging
import signal as signals
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, close_old_connections
from django.utils import timezone

from anlan import environment
from anlan.apps.monitoring import queries, services
from anlan.demo import camera_feed, cars, controller, field, outside_files, past, vendor
from anlan.demo.county.keep import read_points
from anlan.demo.county.model import SEED
from anlan.demo.scenarios import scenario
from anlan.demo.simulator import DAY_MS, HISTORY_DAYS, Door, Playing, Simulator, Stopped, Telemetry
from anlan.kernel.people.services import system_user
from anlan.kernel.sensing.derived.past import compute_past
from anlan.kernel.sensing.models import DerivedPoint, Device
from anlan.kernel.sensing.services import rotate_key
from anlan.kernel.sensing.store import open_store
from anlan.kernel.sensing.store.readings import CONSUMER, HISTORY

log = logging.getLogger("anlan.simulate")

#: How long the engine may take to come through the archives before the past is played anyway.
ENGINE_LIMIT_S = 600


class Command(BaseCommand):
    help = "Send the demo county's readings through the door, live and from its archives."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is not a demo's data directory.")
        stop = threading.Event()
        for number in (signals.SIGTERM, signals.SIGINT):
            signals.signal(number, lambda *_: stop.set())
        keys = json.loads((settings.DATA / "demo-keys.json").read_text(encoding="utf-8"))
        host, port = environment.text("ANLAN_HOST"), environment.port("ANLAN_INGEST_PORT")
        points = read_points(settings.DATA / "demo-points.json")
        address = f"http://{host}:{port}/api/v1/readings"
        # With a broker of the bureau's own the county's devices have no account there, so all of them post.
        own = not environment.text("ANLAN_MQTT_URL")
        telemetry = Telemetry(host, environment.port("ANLAN_MQTT_PORT"), keys) if own else None
        simulator = Simulator(points, Door(address, keys, pause=stop.wait), settings.DATA, SEED, telemetry)
        cameras = environment.port("ANLAN_DEMO_CAMERA_PORT")
        camera_feed.readdress(cameras, now=timezone.now())
        outside_files.readdress(cameras, now=timezone.now())
        feed = camera_feed.serve(cameras, camera_feed.names(), stop, outside_files.FILES)
        ports = (environment.open_port(name) for name in ("ANLAN_TCP_HJ212_PORT", "ANLAN_TCP_SL651_PORT"))
        field.start(*ports, stop)
        modbus = environment.port("ANLAN_DEMO_MODBUS_PORT")
        controller.readdress(modbus, now=timezone.now())
        pumps = controller.serve(modbus)
        cars.start(environment.open_port("ANLAN_TCP_JT808_PORT"), cars.read_cars(settings.DATA / cars.FILE), stop)
        threading.Thread(target=_archives, args=(simulator, stop), daemon=True, name="archives").start()
        if own:
            _start_vendor(host, environment.port("ANLAN_MQTT_PORT"), stop)
        with suppress(Stopped):
            _live(simulator, stop)
        if telemetry is not None:
            telemetry.close()
        for server in (feed, pumps):
            if server is not None:
                server.shutdown()
                server.server_close()


def _start_vendor(host: str, port: int, stop: threading.Event) -> None:
    """Let the vendor's gateway publish with a key that only this process knows."""
    gateway = Device.records.filter(code=vendor.GATEWAY, enabled=True).select_related("region").first()
    if gateway is not None:
        vendor.start(host, port, rotate_key(gateway, actor=system_user("demo"), now=timezone.now()), stop)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _live(simulator: Simulator, stop: threading.Event) -> None:
    """Once a second: what fell due, shaped by the scenarios that run."""
    playing: list[Playing] = []
    while not stop.is_set():
        try:
            playing = _playing()
        except OperationalError as busy:
            log.warning("cannot ask for scenarios now: %s", busy)
        simulator.live(_now_ms(), playing)
        close_old_connections()
        stop.wait(1.0 - time.time() % 1.0)


def _playing() -> list[Playing]:
    """Scenarios that run or still show; those just started are taken up, those played to their end are ended."""
    now = timezone.now()
    now_ms = round(now.timestamp() * 1000)
    found = []
    for run in queries.recent_runs():
        play = Playing(run.code, _ms(run.started_at), _ms(run.ended_at) if run.stopped_by_id else None)
        if run.ended_at is None and run.taken_at is None:
            services.take_scenario(run, now=now)
        if run.ended_at is None and play.is_over(now_ms):
            services.end_scenario(run, actor=system_user("demo"), now=now)
            log.info("scenario %s has been played", run.code)
        if now_ms < play.started_ms + scenario(run.code).fades_s * 1000:
            found.append(play)
    return found


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _archives(simulator: Simulator, stop: threading.Event) -> None:
    """Send the archives, wait until the engine has judged them, then let people have handled what it found."""
    sent = False
    try:
        for reached in simulator.archive_until(_now_ms()):
            sent = True
            log.info("archives sent up to %s", datetime.fromtimestamp(reached / 1000, UTC))
            if stop.is_set():
                return
    except Stopped:
        return
    if sent:
        store = open_store()
        deadline = time.monotonic() + ENGINE_LIMIT_S
        _wait_for_engine(store, stop, deadline)
        _derive(store, stop)
        _wait_for_engine(store, stop, deadline)
        _wait_for_alarms(store, stop, deadline)
    now = timezone.now() - timedelta(seconds=1)
    for number in past.enact(now):
        log.info("case %s", number)
    close_old_connections()


def _derive(store: Any, stop: threading.Event) -> None:
    """Compute the past of the derived points from the archives that history holds now; what is there stays."""
    now_ms = _now_ms()
    rows = DerivedPoint.objects.filter(ended_at=None).select_related("point").prefetch_related("inputs")
    for made in rows.order_by("pk"):  # one that stands on others comes after them
        for _given in compute_past(made, store, now_ms - HISTORY_DAYS * DAY_MS, made.computed_ms + 1):
            if stop.is_set():
                return
    log.info("the past of %d derived points is computed", len(rows))


def _wait_for_engine(store: Any, stop: threading.Event, deadline: float) -> None:
    """Until the engine has taken all that is in the log now."""
    target = store.last_seq()
    while store.position(HISTORY) < target and time.monotonic() < deadline and not stop.is_set():
        stop.wait(0.5)


def _wait_for_alarms(store: Any, stop: threading.Event, deadline: float) -> None:
    """Until every transition found has become part of an alarm."""
    while not stop.is_set() and time.monotonic() < deadline:
        if not store.transitions_after(store.position(CONSUMER), 1):
            return
        stop.wait(0.5)
