"""The demo's cameras: drawn pictures that move, given on a port of this machine."""

from __future__ import annotations

import io
import threading
from datetime import datetime, timedelta

import pytest
from PIL import Image
from small_county import NOW, plant_county

from anlan.apps.sites import pictures
from anlan.apps.sites.declarations import CAMERAS
from anlan.apps.sites.models import Camera, Watches
from anlan.demo import camera_feed
from anlan.demo.fill.cameras import DRAWN, _moving
from anlan.demo.scenery import HEIGHT, WIDTH, picture
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import services as registers
from anlan.kernel.rulebook.services import load_shipped
from anlan.kernel.web.outgoing import target_of

NOON = datetime(2026, 11, 28, 12, 0, 0)


@pytest.mark.parametrize("watches", Watches.values)
def test_every_kind_of_camera_has_a_picture_that_moves(watches):
    first, same, later = (
        picture(watches, f"{watches}-1", "镜头", NOON + timedelta(seconds=seconds)) for seconds in (0, 0, 3)
    )
    assert Image.open(io.BytesIO(first)).size == (WIDTH, HEIGHT)
    assert first == same
    assert first != later


def test_the_first_cameras_of_each_kind_are_drawn_by_the_demo():
    rows = [
        {"name": str(n), "watches": kind, "protocol": "", "stream": ""} for kind in ("water", "road") for n in range(4)
    ]
    streams = [row["stream"] for row in _moving(rows, 8030)]
    assert streams[:2] == ["http://127.0.0.1:8030/water-1/video", "http://127.0.0.1:8030/water-2/video"]
    assert sum(map(bool, streams)) == 2 * DRAWN
    assert camera_feed.key_of(streams[4]) == "road-1"
    assert camera_feed.key_of("http://10.66.1.2:8080/video") == ""


def test_a_port_that_changed_is_followed_and_the_pictures_come(db):
    load_shipped(NOW)
    plant_county()
    actor = system_user("tests")
    values = {"name": "沙头闸口", "watches": "water", "region": "990123101201", "lookers": "all", "protocol": "mjpeg"}
    made = registers.create(CAMERAS, {**values, **camera_feed.addresses("water-1", 1)}, actor=actor, now=NOW)
    other = registers.create(
        CAMERAS, {**values, "name": "外部", "stream": "http://10.66.1.2:8080/video"}, actor=actor, now=NOW
    )
    stop = threading.Event()
    server = camera_feed.serve(0, camera_feed.names(), stop)
    port = server.server_port
    try:
        assert camera_feed.serve(port, {}, stop) is None, "a taken port is survived"
        assert camera_feed.readdress(port, now=NOW) == 1
        assert camera_feed.readdress(port, now=NOW) == 0
        stream = Camera.records.get(pk=made.pk).stream
        assert stream == f"http://127.0.0.1:{port}/water-1/video"
        assert Camera.records.get(pk=other.pk).stream == other.stream
        shown = pictures.still(target_of(stream, [f"127.0.0.1:{port}"]), pictures.Login())
        assert Image.open(io.BytesIO(shown)).size == (WIDTH, HEIGHT)
        still = pictures.still(target_of(Camera.records.get(pk=made.pk).still, [f"127.0.0.1:{port}"]), pictures.Login())
        assert still.startswith(b"\xff\xd8")
        with pytest.raises(pictures.NoPicture):
            pictures.still(target_of(f"http://127.0.0.1:{port}/none/video", [f"127.0.0.1:{port}"]), pictures.Login())
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
