"""Our own feeds: for everybody, valid Atom, and never more than what was issued to the public."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from atom_reader import read_atom
from cryptography import x509
from small_county import NOW
from warning_world import OURS, allow, come, issue, made, source

from anlan.apps.warning.models import DraftKind
from anlan.formats.cap import check

pytestmark = pytest.mark.django_db
FEED, EXERCISES = "/feeds/warnings.atom", "/feeds/exercises.atom"


@pytest.fixture
def ask(client, monkeypatch):
    def asked(path, *, at=NOW, **headers):
        monkeypatch.setattr("django.utils.timezone.now", lambda: at)
        return client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return asked


def titles(answer):
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    return [one.title for one in read_atom(answer.content).entries]


def test_an_empty_feed_is_a_valid_one(world, ask):
    assert titles(ask(FEED)) == []
    assert titles(ask(EXERCISES)) == []


def test_everybody_reads_the_feed_and_the_files_it_leads_to(world, ask):
    message = issue(world)
    feed = read_atom(ask(FEED).content)
    (entry,) = feed.entries
    assert urlsplit(feed.self_address).path == FEED
    path = urlsplit(entry.address).path
    assert path == f"/feeds/warnings/{message.identifier}.xml"
    file = ask(path)
    assert file.headers["Content-Type"] == "application/cap+xml"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.content == bytes(message.data)
    pem = ask("/feeds/warnings.pem")
    certificates = x509.load_pem_x509_certificates(pem.content)
    assert check(file.content, trusted={OURS: certificates}, now=NOW).signed
    assert b"PRIVATE" not in pem.content


def test_who_has_a_copy_is_told_that_nothing_changed(world, ask):
    issue(world)
    first = ask(FEED)
    assert ask(FEED, If_None_Match=first.headers["ETag"]).status_code == 304
    assert ask(FEED, If_None_Match='"other"').status_code == 200
    issue(world, headline="又一条")
    assert ask(FEED, If_None_Match=first.headers["ETag"]).status_code == 200
    path = urlsplit(read_atom(first.content).entries[0].address).path
    assert ask(path, If_None_Match=ask(path).headers["ETag"]).status_code == 304


def test_a_copy_is_stale_when_something_leaves_although_nothing_new_came(world, ask):
    issue(world, expires=NOW + timedelta(hours=1))
    first = ask(FEED)
    later = ask(
        FEED, at=NOW + timedelta(days=8), If_None_Match=first.headers["ETag"],
        If_Modified_Since=first.headers["Last-Modified"],
    )  # fmt: skip
    assert titles(later) == []


def test_a_cancellation_stands_in_the_feed_for_a_week_and_what_is_in_force_longer(world, ask):
    first = issue(world)
    issue(world, at=NOW + timedelta(minutes=1), kind=DraftKind.CANCEL, of=first, urgency="Past", headline="解除")
    issue(world, headline="长", expires=NOW + timedelta(hours=168))
    assert titles(ask(FEED, at=NOW + timedelta(days=6))) == ["解除", "长", first.headline]
    assert titles(ask(FEED, at=NOW + timedelta(days=6, hours=23, minutes=59, seconds=59)))[:2] == ["解除", "长"]
    assert titles(ask(FEED, at=NOW + timedelta(days=8))) == []


def test_w9_exercises_stand_in_their_own_feed_and_nowhere_else(world, ask):
    real, played = issue(world), issue(world, exercise=True)
    assert titles(ask(FEED)) == [real.headline]
    assert titles(ask(EXERCISES)) == [played.headline]
    assert "演练" in read_atom(ask(EXERCISES).content).title
    assert ask(f"/feeds/warnings/{played.identifier}.xml").status_code == 404
    assert ask(f"/feeds/exercises/{real.identifier}.xml").status_code == 404
    assert ask(f"/feeds/exercises/{played.identifier}.xml").status_code == 200


def test_messages_of_others_and_drafts_are_not_handed_on(world, ask):
    row = source(world)
    allow(world, row)
    message = come(row, made()).message
    assert titles(ask(FEED)) == []
    assert ask(f"/feeds/warnings/{message.identifier}.xml").status_code == 404


def test_names_in_a_feed_never_change(world, ask, monkeypatch):
    issue(world)
    once = read_atom(ask(FEED).content)
    again = read_atom(ask(FEED, at=NOW + timedelta(hours=1)).content)
    assert (once.id, once.entries[0].id) == (again.id, again.entries[0].id)
    assert read_atom(ask(EXERCISES).content).id != once.id
    monkeypatch.setenv("ANLAN_PUBLIC_URL", "https://anlan.example.org")
    proxied = read_atom(ask(FEED).content)
    assert proxied.entries[0].id == once.entries[0].id
    assert proxied.entries[0].address.startswith("https://anlan.example.org/feeds/")


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_feeds_are_only_read(world, client, method):
    assert getattr(client, method)(FEED).status_code == 405
