"""The ASGI application of the ingest process: read with limits, check, commit with others, only then answer."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import msgspec

from anlan.kernel.sensing.door.bodies import COLUMNS_LIMIT, BadBody, Sender
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.door.positions import POSITIONS_LIMIT, batches_of
from anlan.kernel.sensing.door.taking import batch_of, set_aside_of
from anlan.kernel.sensing.store import Appended, Busy, Full, NewBatch, Store

log = logging.getLogger("anlan.ingest")

#: Bytes of bodies that may wait for the disk at one time; beyond it senders are asked to come back.
WAITING_LIMIT = 64 << 20

READINGS, POSITIONS = "/api/v1/readings", "/api/v1/positions"

Headers = list[tuple[bytes, bytes]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Overloaded(Exception):
    """More is waiting for the disk than memory should hold."""


@dataclass(slots=True)
class Committer:
    """Commits what many requests bring in one transaction each time the disk is free (group commit)."""

    store: Store
    _waiting: list[tuple[NewBatch, asyncio.Future[Appended]]] = field(default_factory=list)
    _bytes: int = 0
    _task: asyncio.Task[None] | None = None
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "commit"))

    async def commit(self, batch: NewBatch) -> Appended:
        """Wait until the batch is on disk. Raises Overloaded, Busy or Full with nothing stored."""
        size = len(batch.payload)
        if self._bytes + size > WAITING_LIMIT:
            raise Overloaded
        future: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, future))
        self._bytes += size
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        try:
            return await future
        finally:
            self._bytes -= size

    def close(self) -> None:
        """End the committing thread and its connection; what was answered is on disk already."""
        self._thread.submit(self.store.close)
        self._thread.shutdown()

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            taken, self._waiting = self._waiting, []
            try:
                done = await loop.run_in_executor(self._thread, self.store.append_batches, [b for b, _f in taken])
            except Exception as error:
                for _batch, future in taken:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_batch, future), result in zip(taken, done, strict=True):
                    if not future.done():
                        future.set_result(result)


class Door:
    """The application. `directory` knows the devices; `store` keeps what they send."""

    def __init__(self, store: Store, directory: Directory, *, background: bool = True) -> None:
        self.store = store
        self.directory = directory
        self.committer = Committer(store)
        self._background = background
        self._stop: Callable[[], None] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            status, headers, body = await self._answer(scope, receive)
            length = (b"content-length", str(len(body)).encode())
            start = {"type": "http.response.start", "status": status, "headers": [*_HEADERS, length, *headers]}
            await send(start)
            await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self._background:
                    self._stop = self.directory.keep_fresh()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._stop is not None:
                    await asyncio.get_running_loop().run_in_executor(None, self._stop)
                self.committer.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: dict[str, Any], receive: Receive) -> tuple[int, Headers, bytes]:
        path, method = scope["path"], scope["method"]
        if path == "/healthz" and method in ("GET", "HEAD"):
            return 200, [], b'{"alive":true}'
        if path not in (READINGS, POSITIONS):
            return _refusal(404, "path", "not_found", "There is nothing at this address.")
        if method != "POST":
            return _refusal(405, "method", "method", "Readings come by POST.", (b"allow", b"POST"))
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        sender = self.directory.sender(headers.get("authorization", ""))
        if sender is None:
            why = "Device and key do not fit: Authorization: Bearer <device code>:<key>."
            return _refusal(401, "authorization", "credential", why, (b"www-authenticate", b"Bearer"))
        try:
            body = await _body(receive, headers)
            return await (self._take(body, sender) if path == READINGS else self._take_positions(body, sender))
        except BadBody as error:
            return _refusal(error.status, error.field, error.code, error.why)
        except Overloaded:
            why = "More is waiting than can be written; come back."
            return _refusal(429, "body", "overloaded", why, (b"retry-after", b"2"))
        except Busy as error:
            log.warning("the store is busy: %s", error)
            return _refusal(503, "store", "busy", "The store cannot be written now; send it again.", _RETRY_SOON)
        except Full as error:
            log.error("the disk refuses: %s", error)
            return _refusal(507, "store", "full", "The disk is full or refuses; send it again later.", _RETRY_LATE)

    async def _take(self, body: bytes, sender: Sender) -> tuple[int, Headers, bytes]:
        try:
            batch, checked = batch_of(body, sender, self.store.clock())
        except BadBody as error:
            if error.status == 422:
                await self.committer.commit(set_aside_of(body, sender.code, sender.lane, error))
            raise
        if checked.battery is not None:
            self.directory.note_battery(sender.code, checked.battery)
        done = await self.committer.commit(batch)
        if done.conflict:
            why = "This batch id was used for another content; nothing was stored."
            return _refusal(409, "batch_id", "other_content", why)
        if done.repeated:
            return 200, [(b"anlan-repeated", b"true")], done.answer
        return (422 if checked.rows and not batch.n else 200), [], batch.answer

    async def _take_positions(self, body: bytes, sender: Sender) -> tuple[int, Headers, bytes]:
        """Positions in a form of their own (see `positions`), answered once all of them are on disk."""
        if len(body) > POSITIONS_LIMIT:
            raise BadBody(413, "body", "too_large", "A post of positions may have 2 MiB.")
        try:
            # A large file takes a while to read; other senders are not to wait for it.
            loop = asyncio.get_running_loop()
            batches, answer = await loop.run_in_executor(None, batches_of, body, sender, self.store.clock())
        except BadBody as error:
            if error.status == 422:
                await self.committer.commit(set_aside_of(body, sender.code, sender.lane, error))
            raise
        repeated = True
        for batch in batches:
            repeated = (await self.committer.commit(batch)).repeated and repeated
        accepted = any(batch.n for batch in batches)
        headers = [(b"anlan-repeated", b"true")] if repeated and batches else []
        return (200 if accepted else 422), headers, answer


async def _body(receive: Receive, headers: dict[str, str]) -> bytes:
    """The body, at most COLUMNS_LIMIT bytes, counted unpacked. Raises BadBody (413, 415, 422)."""
    too_large = BadBody(413, "body", "too_large", "A post of rows may have 1 MiB, of columns 8 MiB.")
    given = headers.get("content-length", "0")
    if not given.isdigit() or int(given) > COLUMNS_LIMIT:
        raise too_large
    coding = headers.get("content-encoding", "identity").lower()
    if coding not in ("identity", "gzip"):
        raise BadBody(415, "content-encoding", "encoding", "A post is sent as it is or with gzip.")
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadBody(422, "body", "cut_short", "The post ended before it was complete.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > COLUMNS_LIMIT:
            raise too_large
        chunks.append(chunk)
        if not message.get("more_body", False):
            break
    body = b"".join(chunks)
    if coding == "identity":
        return body
    unpacker = zlib.decompressobj(31)
    try:
        plain = unpacker.decompress(body, COLUMNS_LIMIT + 1)
    except zlib.error as error:
        raise BadBody(422, "body", "gzip", f"This is not gzip: {error}") from error
    if len(plain) > COLUMNS_LIMIT:
        raise too_large
    if not unpacker.eof:
        raise BadBody(422, "body", "cut_short", "The packed post ended before it was complete.")
    return plain


_HEADERS: Headers = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
_RETRY_SOON, _RETRY_LATE = (b"retry-after", b"1"), (b"retry-after", b"30")


def _refusal(status: int, field: str, code: str, why: str, *headers: tuple[bytes, bytes]) -> tuple[int, Headers, bytes]:
    return status, list(headers), msgspec.json.encode({"error": {"field": field, "code": code, "why": why}})
