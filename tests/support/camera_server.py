"""A small camera for tests: stills, MJPEG, HLS, each with or without a name and password, on a port of its own."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image

#: Eight seconds of a moving square as H.264 in four parts, 12 kB, drawn and coded for these tests.
CLIP = Path(__file__).parent / "hls"
ACCOUNT, PASSWORD = "viewer", "s3cret-cam"


def picture(shade: int = 120) -> bytes:
    """A JPEG of one shade."""
    kept = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, shade, 90)).save(kept, "JPEG")
    return kept.getvalue()


class _Camera(BaseHTTPRequestHandler):
    seen: list[tuple[str, str]] = []

    def do_GET(self) -> None:
        type(self).seen.append((self.path, self.headers.get("Host", "")))
        path = self.path.partition("?")[0]
        if path.startswith("/locked"):
            wanted = "Basic " + base64.b64encode(f"{ACCOUNT}:{PASSWORD}".encode()).decode()
            if self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
                return
            path = path.removeprefix("/locked")
        if path == "/still.jpg":
            self._send("image/jpeg", picture())
        elif path == "/video":
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=--cam")
            self.end_headers()
            for shade in (10, 90, 200):
                body = picture(shade)
                self.wfile.write(b"--cam\r\nContent-Type: image/jpeg\r\n\r\n" + body + b"\r\n")
            self.wfile.write(b"--cam--\r\n")
        elif path.startswith("/clip/") and (CLIP / path.removeprefix("/clip/")).is_file():
            kind = "application/vnd.apple.mpegurl" if path.endswith(".m3u8") else "video/mp2t"
            self._send(kind, (CLIP / path.removeprefix("/clip/")).read_bytes())
        elif path == "/live/index.m3u8":
            lines = ["#EXTM3U", '#EXT-X-MAP:URI="init.mp4"', "#EXTINF:2,", "part1.ts?n=1", "#EXTINF:2,", "sub/part2.ts"]
            self._send("application/vnd.apple.mpegurl", "\n".join(lines).encode())
        elif path == "/live/bad.m3u8":
            self._send("application/vnd.apple.mpegurl", b"#EXTM3U\n#EXTINF:2,\nhttp://169.254.169.254/latest/\n")
        elif path.startswith("/live/"):
            self._send("video/mp2t", b"G" * 188)
        elif path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/still.jpg")
            self.end_headers()
        else:
            self._send("text/html", b"<html>hello</html>")

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@contextmanager
def running() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The address of the camera, and what was asked of it as (path, Host)."""
    handler = type("Camera", (_Camera,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.seen
    finally:
        server.shutdown()
        server.server_close()
