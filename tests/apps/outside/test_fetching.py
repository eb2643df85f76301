"""Fetching from hosts that behave badly: nothing but listed hosts, within bounds, and in words when it fails."""

from __future__ import annotations

import gzip
import time
from datetime import timedelta

import file_server
import pytest
from django.db import connection
from outside_world import NOW, catalogue, fdsn_row, fdsn_text, feed_of, fire, firms, quake
from small_county import make_user

from anlan.apps.outside import jobs, words
from anlan.apps.outside.models import Feed, Fetch, Hotspot, Kind, Quake
from anlan.apps.outside.services import feeds, fetching
from anlan.formats.feeds.rows import WHY
from anlan.kernel.audit.models import Entry
from anlan.kernel.jobs.models import Job
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.web import outgoing

pytestmark = pytest.mark.django_db


def fetch(feed: Feed, **more) -> Feed:
    fetching.fetch(feed, now=more.pop("now", NOW), **more)
    feed.refresh_from_db()
    return feed


def test_what_came_is_kept_once_and_a_file_that_has_not_changed_is_not_sent_again(world, host):
    feed = feed_of(world, Kind.QUAKEML, host.file("/q.xml", catalogue(quake()), etag='"1"'))
    fetch(feed)
    assert (feed.fault, feed.failures, feed.etag) == ("", 0, '"1"')
    assert feed.next_at == NOW + timedelta(seconds=300)
    assert Quake.objects.count() == 1
    fetch(feed, now=NOW + timedelta(minutes=5))
    assert host.seen[-1][1]["if-none-match"] == '"1"'
    assert feed.good_at == NOW + timedelta(minutes=5)
    assert Fetch.objects.filter(feed=feed).count() == 1, "a file that has not changed leaves no row"


def test_a_date_of_the_file_does_what_an_etag_does(world, host):
    url = host.file("/q.xml", catalogue(quake()), modified="Sat, 21 Nov 2026 18:00:00 GMT")
    feed = feed_of(world, Kind.QUAKEML, url)
    fetch(fetch(feed))
    assert host.seen[-1][1]["if-modified-since"] == "Sat, 21 Nov 2026 18:00:00 GMT"
    assert feed.good_at is not None and not feed.fault


def test_the_same_bytes_again_are_not_read_again(world, host):
    feed = feed_of(world, Kind.FIRMS, host.file("/f.csv", firms(fire())))
    fetch(fetch(feed))
    assert (Fetch.objects.count(), Hotspot.records.count()) == (1, 1)


def test_S9_no_host_is_asked_that_is_not_listed(world, host, monkeypatch):
    url = host.file("/q.xml", catalogue(quake()))
    feed = feed_of(world, Kind.QUAKEML, url)
    for listed in ("", "192.0.2.1", "127.0.0.1:1", "localhost"):
        monkeypatch.setenv("ANLAN_OUTSIDE_HOSTS", listed)
        fetch(feed)
        assert feed.fault == "place_host"
    by_name = feed_of(world, Kind.QUAKEML, url.replace("127.0.0.1", "localhost"))
    monkeypatch.setenv("ANLAN_OUTSIDE_HOSTS", "localhost")
    assert fetch(by_name).fault == "place_host", "a name never stands for this machine"
    assert host.seen == []


def test_S9_a_source_that_is_off_asks_nobody(world, host):
    feed = feed_of(world, Kind.QUAKEML, host.file("/q.xml", catalogue(quake())), on=False)
    assert fetching.fetch(feed, now=NOW)
    assert jobs.drive(NOW) == 0
    assert host.seen == []


def test_S9_a_redirect_is_told_and_not_followed(world, host):
    host.file("/real.xml", catalogue(quake()))
    feed = feed_of(world, Kind.QUAKEML, host.does("/q.xml", file_server.leads_to("http://192.0.2.7/real.xml")))
    assert fetch(feed).fault == "redirect"
    assert "http://192.0.2.7/real.xml" in words.fault_words(feed)
    host.does("/q.xml", file_server.leads_to("/real.xml"))
    assert fetch(feed).fault == "redirect"
    assert [path for path, _headers in host.seen] == ["/q.xml", "/q.xml"]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_refusal_is_said_with_its_number(world, host, status):
    feed = fetch(feed_of(world, Kind.FIRMS, host.does("/f.csv", file_server.refuses(status))))
    assert (feed.fault, feed.fault_said) == ("status", str(status))
    assert str(status) in words.fault_words(feed)


def test_a_host_that_is_silent_or_drips_is_left_in_time(world, host):
    get = _with(seconds=1.0)
    for answer in (file_server.is_silent(4), file_server.drips(b"x", 0.1, 60)):
        feed = feed_of(world, Kind.FIRMS, host.does("/f.csv", answer))
        began = time.monotonic()
        assert fetch(feed, get=get).fault == "time"
        assert time.monotonic() - began < 3


def _with(**bounds):
    return lambda target, **given: outgoing.fetch(target, **given | bounds)


def test_a_file_without_end_is_cut_off_at_its_bound(world, host):
    feed = feed_of(world, Kind.FIRMS, host.does("/f.csv", file_server.never_ends(b"1,2,3\n" * 10_000)))
    assert fetch(feed, get=_with(most=2 << 20)).fault == "large"
    assert "2 MiB" in words.fault_words(feed)


def test_a_packed_file_is_unpacked_and_a_bomb_is_not(world, host):
    packed = gzip.compress(firms(fire()))
    feed = feed_of(world, Kind.FIRMS, host.file("/f.csv", packed, coding="gzip"))
    assert (fetch(feed).fault, Hotspot.records.count()) == ("", 1)
    silent = feed_of(world, Kind.FIRMS, host.file("/f.csv.gz", gzip.compress(firms(fire(31.7)))))
    assert (fetch(silent).fault, Hotspot.records.count()) == ("", 2)
    for coding in ("gzip", ""):
        swelling = feed_of(world, Kind.FIRMS, host.file("/bomb", file_server.bomb(256), coding=coding))
        assert fetch(swelling).fault in ("bomb", "large")
    cut = feed_of(world, Kind.FIRMS, host.file("/cut", packed[: len(packed) // 2], coding="gzip"))
    assert fetch(cut).fault == "packed"
    odd = feed_of(world, Kind.FIRMS, host.file("/odd", b"\x28\xb5\x2f\xfd", coding="zstd"))
    assert fetch(odd).fault == "broken"


def test_half_a_file_is_not_taken_for_a_whole_one(world, host):
    body = firms(*(fire(31.6 + n / 1000) for n in range(20)))
    told = feed_of(world, Kind.FIRMS, host.does("/told.csv", file_server.half_of(body, says_length=True)))
    assert (fetch(told).fault, Hotspot.records.count()) == ("broken", 0)
    untold = feed_of(world, Kind.FIRMS, host.does("/untold.csv", file_server.half_of(body, says_length=False)))
    assert fetch(untold).fault == ""
    row = Fetch.objects.get(feed=untold)
    assert [code for _line, code, _said in row.rows] == ["cut_off"], (
        "the last line may be cut in the middle of a number"
    )
    xml = feed_of(world, Kind.QUAKEML, host.does("/q.xml", file_server.half_of(catalogue(quake()), says_length=False)))
    assert (fetch(xml).fault, Quake.objects.count()) == ("file", 0)


def test_what_is_another_file_is_refused_as_a_whole_and_nothing_is_kept(world, host):
    page = b"<!DOCTYPE html><html><body>limit reached</body></html>"
    for kind, body, fault in (
        (Kind.FIRMS, page, "file"),
        (Kind.FDSN, page, "file"),
        (Kind.FIRMS, b"a,b\n1,2\n", "heading"),
        (Kind.FDSN, b"a|b\n1|2\n", "heading"),
        (Kind.QUAKEML, page, "file"),
        (Kind.QUAKEML, b"<a/>", "document"),
        (Kind.QUAKEML, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "file"),
        (Kind.FIRMS, b"", "file"),
        (Kind.FIRMS, firms(fire()) + b"\xff\xfe\xff", "file"),
    ):
        feed = fetch(feed_of(world, kind, host.file("/x", body)))
        assert (feed.fault, feed.etag, feed.digest) == (fault, "", ""), (kind, body)
        assert words.fault_words(Fetch.objects.filter(feed=feed).get())
    assert (Quake.objects.count(), Hotspot.records.count()) == (0, 0)


def test_nobody_at_the_port_is_said(world, monkeypatch):
    monkeypatch.setenv("ANLAN_OUTSIDE_HOSTS", "127.0.0.1")
    assert fetch(feed_of(world, Kind.FIRMS, "http://127.0.0.1:9/f.csv")).fault == "connect"
    assert fetch(feed_of(world, Kind.FIRMS, "http://no-such-host.invalid/f.csv")).fault == "place_unknown"


def test_W3_it_waits_longer_after_each_failure_and_tells_a_person_once(world, host):
    feed = feed_of(world, Kind.FIRMS, host.does("/f.csv", file_server.refuses(500)))
    waits = []
    for _round in range(8):
        fetch(feed)
        waits.append(round((feed.next_at - NOW).total_seconds()))
    assert waits == [60, 120, 300, 900, 1800, 3600, 3600, 3600]
    assert Fetch.objects.filter(feed=feed).count() == 1, "a fault that goes on is one line"
    assert Notice.objects.filter(ref=f"feed:{feed.pk}", to=world.engineer).count() == 1
    host.file("/f.csv", firms(fire()))
    fetch(feed)
    assert (feed.failures, feed.fault, feed.told_at) == (0, "", None)
    assert feed.next_at == NOW + timedelta(seconds=300)


def test_R2_what_a_kill_cuts_off_between_keeping_and_marking_comes_again_and_counts_once(world, host, monkeypatch):
    feed = feed_of(world, Kind.FDSN, host.file("/q.txt", fdsn_text(fdsn_row("a"), fdsn_row("b")), etag='"7"'))
    monkeypatch.setattr(fetching, "_mark", _killed)
    with pytest.raises(KeyboardInterrupt):
        fetching.fetch(feed, now=NOW)
    feed.refresh_from_db()
    assert (feed.etag, feed.digest, Quake.objects.count()) == ("", "", 2)
    told = Notice.objects.count()
    assert told, "the duty desk was told with the keeping"
    monkeypatch.undo()
    monkeypatch.setenv("ANLAN_OUTSIDE_HOSTS", f"127.0.0.1:{host.port}")
    fetch(feed)
    assert (Quake.objects.count(), Notice.objects.count(), feed.etag) == (2, told, '"7"')
    assert Fetch.objects.get(feed=feed).same == 2


def _killed(*_given, **_more):
    raise KeyboardInterrupt


def test_a_source_that_was_changed_while_it_was_fetched_is_taken_again(world, host):
    feed = feed_of(world, Kind.FDSN, host.file("/q.txt", fdsn_text(fdsn_row("a")), etag='"1"'))

    def meanwhile(target, **given):
        Feed.records.filter(pk=feed.pk).update(url=host.address("/other.txt"))
        return outgoing.fetch(target, **given)

    fetch(feed, get=meanwhile)
    assert (feed.etag, feed.digest, feed.next_at) == ("", "", None)


def test_the_key_is_asked_with_and_shown_nowhere(world, host, client):
    host.file("/api/s3cret%2Fkey/f.csv", firms(fire()))
    feed = feed_of(world, Kind.FIRMS, host.address("/api/{key}/f.csv?day={today}"), key="s3cret/key")
    assert fetch(feed).fault == ""
    assert host.seen[-1][0] == "/api/s3cret%2Fkey/f.csv?day=2026-11-21"
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM outside_feed")
        assert "s3cret" not in cursor.fetchone()[0]
    assert not any("s3cret" in f"{one.before}{one.after}" for one in Entry.objects.all())


def test_the_jobs_process_fetches_what_is_due_and_not_twice(world, host):
    feed = feed_of(world, Kind.FIRMS, host.file("/f.csv", firms(fire())))
    assert (jobs.drive(NOW), jobs.drive(NOW)) == (1, 0)
    Job.objects.all().delete()
    jobs.fetch(now=NOW, feed=feed.pk)
    assert jobs.drive(NOW + timedelta(seconds=299)) == 0
    assert jobs.drive(NOW + timedelta(seconds=300)) == 1
    jobs.fetch(now=NOW, feed=999_999)  # it may be gone by then


def test_every_fault_and_every_refused_row_has_words():
    codes = {"connect", "tls", "time", "broken", "large", "bomb", "packed", "redirect", "status"}
    codes |= {f"place_{code}" for code in ("scheme", "host", "unknown")}
    codes |= {"file", "heading", "document", "area", "sender", "store"}
    assert all(words.knows(code) for code in codes)
    assert all(words.knows_row(code) for code in WHY)


def test_only_who_keeps_sources_enters_and_switches_them(world, host):
    feed = feed_of(world, Kind.FIRMS, host.address("/f.csv"), on=False)
    for actor in (world.officer, world.keeper, make_user("other", "monitoring_engineer", region=world.danya)):
        with pytest.raises(NotAllowed):
            feeds.switch(feed, on=True, actor=actor, now=NOW)
        with pytest.raises(NotAllowed):
            feeds.remove_feed(feed, actor=actor, now=NOW)
    feed.refresh_from_db()
    assert not feed.enabled
    feeds.switch(feed, on=True, actor=world.engineer, now=NOW)
    feeds.remove_feed(feed, actor=world.engineer, now=NOW)
    verbs = list(Entry.objects.filter(verb__startswith="outside.").order_by("id").values_list("verb", flat=True))
    assert verbs == ["outside.add", "outside.on", "outside.remove"]


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("ftp://example.org/f.csv", {}),
        ("file:///etc/passwd", {}),
        ("http://user:pw@example.org/f.csv", {}),
        ("http://example.org/f.csv?api_key=abc", {}),
        ("http://example.org/{secret}/f.csv", {}),
        ("http://{key}.example.org/f.csv", {"key": "a"}),
        ("http://example.org/{key}/f.csv", {}),
        ("http://example.org/f.csv", {"key": "a"}),
        ("http://example.org/f.csv", {"period_s": 5}),
        ("http://example.org/f.csv", {"box": (105.0, 31.0, 104.0, 32.0)}),
        ("http://example.org/f.csv", {"attribution": " "}),
        ("http://example.org/f.csv", {"kind": Kind.STATIONS}),
        ("http://example.org/f .csv", {}),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(world, url, more):
    with pytest.raises(feeds.Refused) as refused:
        feed_of(world, more.pop("kind", Kind.FIRMS), url, on=False, **more)
    assert str(refused.value)
    assert not Feed.records.exists()
