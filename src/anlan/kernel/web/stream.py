"""Server-sent events as a raw ASGI route, before every middleware, so that a quiet stream occupies no worker.

A browser keeps one stream for all its tabs (static/web/stream.js). Lines are

    id: 1041
    event: anlan
    data: {"id": 1042, "kind": "alarm.raised", "ref": "alarm:12", "at": "…Z", "data": {"level": 2}}

and the special events `hello` (the mark to start from), `reset` (load the page anew: too much was missed) and `end`
(signed out, or the server restarts). A comment every 15 s keeps proxies from closing the line.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone

from anlan.kernel.web import gate
from anlan.kernel.web.tail import Said, Subscriber, Tail, since_of

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HEARTBEAT_S = 15.0
#: Events that may wait for one slow browser; beyond, it is told to load anew.
QUEUE_MAX = 2000
#: Open streams of one person: browsers and screens, not tabs.
STREAMS_EACH = 12
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class EventStream:
    """Serves `path` itself and hands everything else to `app`; answers the lifespan messages of the server."""

    def __init__(self, app: Application, path: str = "/events/", tail: Tail | None = None) -> None:
        self.app = app
        self.path = path
        self.tail = tail or Tail()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and scope["path"] == self.path:
            await self._stream(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def close(self) -> None:
        """End all streams, from any thread; the server calls it before it waits for open connections."""
        self.tail.stop()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            await _refuse(send, 405, "This address only gives events.")
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        key = session_key(headers.get("cookie", ""))
        viewer = await sync_to_async(gate.viewer_of)(key)
        if viewer is None:
            await _refuse(send, 401, "Sign in first.")
            return
        if sum(one.viewer.pk == viewer.pk for one in list(self.tail.subscribers)) >= STREAMS_EACH:
            await _refuse(send, 429, "Too many open streams for one account.", [(b"retry-after", b"30")])
            return
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        since = since_of([headers.get("last-event-id", ""), *query.get("since", [])])
        await self._serve(key, viewer, since, receive, send)

    async def _serve(self, key: str, viewer: gate.Viewer, since: int | None, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()

        def put(chunk: bytes | None) -> None:
            if queue.qsize() >= QUEUE_MAX and chunk is not None:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(special("reset", "slow"))
            queue.put_nowait(chunk)

        def push(said: list[Said]) -> None:
            _call(loop, put, b"".join(encode(one) for one in said))

        def end(why: str) -> None:
            _call(loop, put, special("end", why))
            _call(loop, put, None)

        subscriber = Subscriber(key, viewer, push, end, checked=time.monotonic())
        try:
            missed, mark, reset = await sync_to_async(self.tail.join)(subscriber, since, timezone.now())
            self.tail.start()
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            first = b"retry: 2000\n" + special("hello", "", mark)
            if reset:
                first += special("reset", "gap", mark)
            await send(_body(first + b"".join(encode(one) for one in missed)))
            await self._pump(queue, receive, send)
        finally:
            self.tail.leave(subscriber)

    async def _pump(self, queue: asyncio.Queue[bytes | None], receive: Receive, send: Send) -> None:
        """Send what comes, a heartbeat when nothing does, until the browser or the tail ends it."""
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            while True:
                chunk = asyncio.ensure_future(queue.get())
                done, _ = await asyncio.wait({gone, chunk}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
                if chunk not in done:
                    chunk.cancel()
                if gone in done:
                    return
                if chunk not in done:
                    await send(_body(b": still here\n\n"))
                    continue
                data = chunk.result()
                if data is None:
                    await send(_body(b"", more=False))
                    return
                await send(_body(data))
        finally:
            gone.cancel()


def session_key(cookie: str) -> str:
    """The session key from a Cookie header; blank when there is none or the header cannot be read."""
    try:
        jar = SimpleCookie(cookie)
    except CookieError:
        return ""
    morsel = jar.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else ""


def encode(said: Said) -> bytes:
    """One event as it stands on the wire. JSON has no raw line break, so one data line is enough."""
    at = said.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = {"id": said.id, "kind": said.kind, "ref": said.ref, "at": at, "data": said.data}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str)
    return f"id: {said.mark}\nevent: anlan\ndata: {text}\n\n".encode()


def special(name: str, why: str, mark: int | None = None) -> bytes:
    """`hello`, `reset` or `end`, with the reason as data."""
    head = "" if mark is None else f"id: {mark}\n"
    return f"{head}event: {name}\ndata: {json.dumps({'why': why, 'mark': mark})}\n\n".encode()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int, words: str, extra: list[tuple[bytes, bytes]] | None = None) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS[1:], *(extra or [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send(_body(words.encode(), more=False))


def _body(data: bytes, *, more: bool = True) -> MutableMapping[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def _call(loop: asyncio.AbstractEventLoop, func: Callable[[bytes | None], None], chunk: bytes | None) -> None:
    """Hand over to the loop of the stream; a loop that has closed meanwhile needs nothing more."""
    try:
        loop.call_soon_threadsafe(func, chunk)
    except RuntimeError:
        if not loop.is_closed():
            raise
