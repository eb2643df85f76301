"""The raw ASGI route: who is let in, what stands on the wire, how it ends."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from anlan.kernel.web import gate, stream
from anlan.kernel.web.tail import Said, Subscriber, Tail

NOW = datetime(2026, 11, 22, 3, 25, tzinfo=UTC)


@dataclass
class Person:
    pk: int


class QuietTail(Tail):
    """A tail without thread and database: `missed` is what a stream gets first."""

    missed: tuple[list[Said], int, bool] = ([], 41, False)

    def __init__(self) -> None:
        super().__init__()
        self.joined: list[tuple[Subscriber, int | None]] = []

    def join(self, subscriber: Subscriber, since: int | None, now: datetime):
        self.joined.append((subscriber, since))
        self.subscribers.add(subscriber)
        return self.missed

    def start(self) -> None:
        """The test pushes by itself."""


async def _page(scope, receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def said(pk: int, **data: Any) -> Said:
    return Said(pk, pk, "alarm.raised", f"alarm:{pk}", NOW, data)


def run(app, act=None, *, path="/events/", cookie="anlan_session=good", query=b"", method="GET", headers=()):
    """Speak ASGI with `app`: `act(app)` runs when the stream stands, then the browser leaves."""

    async def talk() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        left = asyncio.Event()
        started = asyncio.Event()

        async def receive():
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(dict(message))
            if message["type"] == "http.response.body":
                started.set()

        scope = {
            "type": "http", "method": method, "path": path, "query_string": query,
            "headers": [(b"cookie", cookie.encode()), *headers],
        }  # fmt: skip
        task = asyncio.ensure_future(app(scope, receive, send))
        await asyncio.wait(
            {task, asyncio.ensure_future(started.wait())}, return_when=asyncio.FIRST_COMPLETED, timeout=5
        )
        if act is not None:
            act(app)
            for _ in range(20):
                await asyncio.sleep(0)
        left.set()
        await asyncio.wait_for(task, 5)
        return sent

    return asyncio.run(talk())


@pytest.fixture
def app(monkeypatch):
    monkeypatch.setattr(gate._gate, "who_is", {"good": gate.Viewer(Person(7))}.get)
    return stream.EventStream(_page, "/events/", QuietTail())


def body(sent) -> str:
    return b"".join(message["body"] for message in sent if message["type"] == "http.response.body").decode()


def test_other_paths_go_to_the_application(app):
    assert run(app, path="/duty/")[0]["status"] == 204


@pytest.mark.parametrize("cookie", ["", "anlan_session=other", "anlan_session=", 'a="\x01', "csrftoken=good"])
def test_S1_a_stream_needs_a_live_session(app, cookie):
    sent = run(app, cookie=cookie)
    assert sent[0]["status"] == 401
    assert not app.tail.joined


def test_only_get_is_answered(app):
    assert run(app, method="POST")[0]["status"] == 405


def test_S8_the_stream_carries_the_headers_of_a_page(app):
    headers = dict(run(app)[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"x-frame-options"] == b"DENY"
    assert b"default-src 'none'" in headers[b"content-security-policy"]


def test_the_first_words_are_the_mark_to_go_on_from(app):
    text = body(run(app))
    assert text.startswith("retry: 2000\n")
    assert 'id: 41\nevent: hello\ndata: {"why": "", "mark": 41}\n\n' in text


def test_events_stand_on_the_wire_as_one_line_of_json(app):
    text = body(run(app, lambda a: next(iter(a.tail.subscribers)).push([said(42, title="二号罐\n泄漏", level=2)])))
    block = next(part for part in text.split("\n\n") if "event: anlan" in part)
    head, name, data = block.split("\n")
    assert (head, name) == ("id: 42", "event: anlan")
    assert json.loads(data.removeprefix("data: ")) == {
        "id": 42,
        "kind": "alarm.raised",
        "ref": "alarm:42",
        "at": "2026-11-22T03:25:00.000Z",
        "data": {"title": "二号罐\n泄漏", "level": 2},
    }


def test_what_was_missed_comes_right_after_the_greeting(app):
    app.tail.missed = ([said(40), said(41)], 41, False)
    text = body(run(app, headers=[(b"last-event-id", b"39")], query=b"since=3"))
    assert app.tail.joined[0][1] == 39, "the header of a stream that comes back wins over the page's mark"
    assert text.index("alarm:40") < text.index("alarm:41")


def test_a_page_that_missed_too_much_is_told(app):
    app.tail.missed = ([], 41, True)
    assert "event: reset" in body(run(app, query=b"since=3"))


def test_the_end_of_a_session_closes_the_stream(app):
    sent = run(app, lambda a: next(iter(a.tail.subscribers)).end("signed-out"))
    assert 'event: end\ndata: {"why": "signed-out"' in body(sent)
    assert sent[-1]["more_body"] is False
    assert not app.tail.subscribers


def test_a_browser_that_leaves_is_forgotten(app):
    run(app)
    assert not app.tail.subscribers


def test_a_slow_browser_is_told_to_load_anew_instead_of_filling_the_memory(app, monkeypatch):
    monkeypatch.setattr(stream, "QUEUE_MAX", 5)

    def flood(a):
        subscriber = next(iter(a.tail.subscribers))
        for pk in range(100, 130):
            subscriber.push([said(pk)])

    text = body(run(app, flood))
    assert "event: reset" in text
    assert text.count("event: anlan") < 30


def test_one_account_cannot_take_all_the_streams(app):
    for _ in range(stream.STREAMS_EACH):
        app.tail.subscribers.add(Subscriber("good", gate.Viewer(Person(7)), list, str))
    sent = run(app)
    assert sent[0]["status"] == 429
    assert dict(sent[0]["headers"])[b"retry-after"]


def test_the_server_starts_and_stops_through_the_lifespan(app):
    async def talk():
        coming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
        sent = []

        async def receive():
            return next(coming)

        async def send(message):
            sent.append(message["type"])

        await app({"type": "lifespan"}, receive, send)
        return sent

    ended: list[str] = []
    app.tail.subscribers.add(Subscriber("good", gate.Viewer(Person(7)), list, ended.append))
    assert asyncio.run(talk()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert ended == ["restart"]
