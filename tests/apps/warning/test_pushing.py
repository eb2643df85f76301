"""Messages pushed over HTTP: the token, the answer, and what it never lets in."""

from __future__ import annotations

import json

import pytest
from small_county import NOW
from warning_world import allow, made, source

from anlan.apps.warning.models import Message
from anlan.apps.warning.services import receiving, sources
from anlan.formats.cap import write

pytestmark = pytest.mark.django_db
DOOR = "/api/v1/warnings/push"


@pytest.fixture
def push(world, client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    row = source(world)
    allow(world, row)
    token = sources.new_token(row, actor=world.admin, now=NOW)

    def pushed(data, *, token=token, **headers):
        more = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post(DOOR, data, content_type="application/cap+xml", headers=more)

    pushed.source, pushed.token = row, token
    return pushed


def test_a_pushed_message_is_taken_and_its_verdict_answered(push):
    answer = push(write(made()))
    assert answer.status_code == 200
    said = answer.json()
    assert (said["standing"], said["repeated"]) == ("taken", False)
    assert [layer["layer"] for layer in said["layers"]] == ["form", "schema", "meaning", "signature"]
    again = push(write(made()))
    assert (again.status_code, again.json()["repeated"]) == (200, True)
    push.source.refresh_from_db()
    assert push.source.heard_at == NOW


def test_what_is_kept_and_not_taken_is_no_success(push):
    answer = push(b"junk")
    assert (answer.status_code, answer.json()["standing"]) == (202, "aside")
    assert answer.json()["layers"][0]["findings"][0]["code"] == "broken_xml"
    stranger = push(write(made(sender="x", identifier="y")))
    assert (stranger.status_code, stranger.json()["standing"]) == (202, "waiting")


def test_no_token_a_wrong_one_a_closed_source_and_an_ended_token_open_nothing(push, world, client):
    assert client.post(DOOR, b"x", content_type="text/xml").status_code == 401
    assert push(b"x", token="x").status_code == 401
    assert push(b"x", token=push.token + "x").status_code == 401
    assert push(b"x", Authorization=f"Basic {push.token}").status_code == 401
    assert client.get(DOOR).status_code == 405
    row = push.source
    sources.change(row, name=row.name, url="", period_s=60, signature="any", enabled=False, actor=world.admin, now=NOW)
    assert push(b"x").status_code == 401
    sources.change(row, name=row.name, url="", period_s=60, signature="any", enabled=True, actor=world.admin, now=NOW)
    assert push(b"x").status_code == 202
    sources.new_token(row, actor=world.admin, now=NOW)
    assert push(b"y").status_code == 401
    assert Message.objects.count() == 1


def test_what_is_too_large_packed_or_too_much_is_refused_and_not_kept(push, monkeypatch):
    assert push(b"x" * (4 * 2**20 + 1)).status_code == 413
    assert push(b"x", Content_Encoding="gzip").status_code == 415
    monkeypatch.setattr(receiving, "PER_MINUTE", 1)
    push(b"1")
    answer = push(b"2")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    monkeypatch.setattr(receiving, "PER_MINUTE", 99)
    monkeypatch.setattr(receiving, "MOST_ASIDE", 1)
    assert push(b"3").status_code == 507
    assert Message.objects.count() == 1
    assert json.loads(push(b"1").content)["repeated"]
