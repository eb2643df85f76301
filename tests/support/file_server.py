"""A host that publishes files, for tests: well or badly, on a port of its own, over real sockets."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Host:
    """Files and faults by path; what was asked stands in `seen` as (path, headers)."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def file(self, path: str, body: bytes, *, etag: str = "", coding: str = "", modified: str = "") -> str:
        """Publish a file; with an etag or a date it is given only when it has changed."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            marks = handler.headers.get("If-None-Match"), handler.headers.get("If-Modified-Since")
            if (etag and marks[0] == etag) or (modified and marks[1] == modified):
                handler.send_response(304)
                handler.end_headers()
                return
            handler.send_response(200)
            for name, value in (("ETag", etag), ("Content-Encoding", coding), ("Last-Modified", modified)):
                if value:
                    handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = answer
        return self.address(path)

    def does(self, path: str, answer: Answer) -> str:
        self.answers[path] = answer
        return self.address(path)


def refuses(status: int) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def leads_to(place: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", place)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def drips(part: bytes, every_s: float, times: int) -> Answer:
    """Sends a little again and again, so that no single read is late."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _time in range(times):
            handler.wfile.write(part)
            handler.wfile.flush()
            time.sleep(every_s)

    return answer


def is_silent(seconds: float) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)

    return answer


def never_ends(part: bytes) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(part)

    return answer


def half_of(body: bytes, *, says_length: bool) -> Answer:
    """The first half, then the line is closed."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        if says_length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])

    return answer


def bomb(mebibytes: int) -> bytes:
    """So many MiB of blanks, packed."""
    return gzip.compress(b" " * (mebibytes << 20))


@contextmanager
def running() -> Iterator[Host]:
    """A host at work."""
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            answer = host.answers.get(self.path.partition("?")[0], refuses(404))
            with suppress(OSError):  # who asked has gone
                answer(self)

        def log_message(self, *_args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    host.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
