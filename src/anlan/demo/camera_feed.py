"""The demo's cameras: MJPEG streams and stills of drawn pictures, on a port of this machine alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

from django.utils import timezone

from anlan.apps.sites.declarations import CAMERAS
from anlan.apps.sites.models import Camera
from anlan.demo.scenery import picture
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import services as registers

log = logging.getLogger("anlan.simulate")

HOST = "127.0.0.1"
#: Seconds between two pictures of a stream, and how many streams are open at a time.
GAP_S, MOST_OPEN = 0.2, 16
_BOUNDARY = "demo-picture"

#: Content type of a file, and what makes it for a moment.
File = tuple[str, Callable[[datetime], bytes]]


def addresses(key: str, port: int) -> dict[str, str]:
    """Where the demo's camera `key` gives its stream and its still picture; a key is `watches-number`."""
    return {"stream": f"http://{HOST}:{port}/{key}/video", "still": f"http://{HOST}:{port}/{key}/still.jpg"}


def key_of(stream: str) -> str:
    """The key of one of the demo's own cameras, "" for any other address."""
    parts = urlsplit(stream)
    own = parts.hostname == HOST and parts.path.endswith("/video")
    return parts.path.removesuffix("/video").strip("/") if own else ""


def readdress(port: int, *, now: datetime) -> int:
    """Let the demo's cameras say where they are in this run; returns how many had to."""
    changed = 0
    for camera in Camera.present.filter(stream__startswith=f"http://{HOST}:").order_by("pk"):
        wanted = addresses(key_of(camera.stream), port)
        if key_of(camera.stream) and camera.stream != wanted["stream"]:
            registers.change(CAMERAS, camera, wanted, actor=system_user("demo"), now=now)
            changed += 1
    return changed


def names() -> dict[str, str]:
    """The name of each of the demo's cameras, by key."""
    rows = Camera.present.filter(stream__startswith=f"http://{HOST}:").values_list("stream", "name")
    return {key_of(stream): name for stream, name in rows if key_of(stream)}


class _Camera(BaseHTTPRequestHandler):
    """Answers /KEY/video and /KEY/still.jpg, and files that the demo publishes beside them."""

    names: ClassVar[Mapping[str, str]] = {}
    files: ClassVar[Mapping[str, File]] = {}
    stop: ClassVar[threading.Event]
    seats: ClassVar[threading.BoundedSemaphore]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        key, _, what = path.partition("/")
        if path in self.files:
            kind, made = self.files[path]
            self._send(kind, made(timezone.now()))
        elif key not in self.names or what not in ("video", "still.jpg"):
            self.send_error(404)
        elif what == "still.jpg":
            self._send("image/jpeg", self._picture(key))
        elif self.seats.acquire(blocking=False):
            # The viewer closes its page in the middle of a picture.
            with suppress(OSError):
                self._stream(key)
            self.seats.release()
        else:
            self.send_error(503)

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, key: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.end_headers()
        while not self.stop.is_set():
            body = self._picture(key)
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wfile.write(head.encode() + body + b"\r\n")
            self.stop.wait(GAP_S)

    def _picture(self, key: str) -> bytes:
        return picture(key.rpartition("-")[0], key, self.names[key], timezone.localtime())

    def log_message(self, *args: object) -> None:
        """Says nothing: each look is in the audit trail already."""


def serve(
    port: int, names: Mapping[str, str], stop: threading.Event, files: Mapping[str, File] | None = None
) -> ThreadingHTTPServer | None:
    """Begin to give pictures and files; None when the port is taken, which the demo survives. The caller closes it.

    files  by their path
    """
    bound = {"names": names, "files": files or {}, "stop": stop, "seats": threading.BoundedSemaphore(MOST_OPEN)}
    try:
        server = ThreadingHTTPServer((HOST, port), type("Camera", (_Camera,), bound))
    except OSError as taken:
        log.warning("the cameras of the demo show nothing: port %d: %s", port, taken.strerror)
        return None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True, name="cameras").start()
    return server
