"""Feeds asked over real sockets: what is new, what cannot be fetched, and where nobody is asked at all."""

from __future__ import annotations

import gzip
import socket
from datetime import timedelta

import pytest
from feed_server import serving
from small_county import NOW
from warning_world import allow, made, source

from anlan.apps.warning import jobs, outside
from anlan.apps.warning.models import Message, Seen, Source
from anlan.apps.warning.outside import NoAnswer
from anlan.apps.warning.services import polling, receiving, sources
from anlan.apps.warning.views.messages import silent_sources
from anlan.formats.atom import Listed, write_atom
from anlan.formats.cap import write
from anlan.kernel.jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(monkeypatch):
    with serving() as found:
        monkeypatch.setenv("ANLAN_WARNING_HOSTS", f"127.0.0.1:{found.port}")
        yield found


def feed(site, *names, path="/feed"):
    entries = [Listed(f"urn:x:{name}", name, NOW, f"{name}.xml") for name in names]
    site.files[path] = write_atom(
        id="urn:x", title="t", author="a", address=f"{site.url}{path}", updated=NOW, entries=entries
    )  # fmt: skip


def put(site, name, alert):
    site.files[f"/{name}.xml"] = write(alert)


@pytest.fixture
def polled(world, site):
    row = source(world, url=f"{site.url}/feed")
    allow(world, row)
    return row


def poll(row, at=NOW):
    row.refresh_from_db()
    done = polling.poll(row, now=at)
    row.refresh_from_db()
    return done


def test_a_feed_is_worked_through_once_and_then_only_asked_whether_it_changed(polled, site):
    put(site, "a", made())
    put(site, "b", made(number=1))
    feed(site, "b", "a")
    assert poll(polled)
    assert Message.objects.filter(standing="taken").count() == 2
    assert site.paths == ["/feed", "/a.xml", "/b.xml"]  # the oldest first
    assert (polled.heard_at, polled.next_poll) == (NOW, NOW + timedelta(seconds=60))
    assert poll(polled)
    assert site.paths[3:] == ["/feed"]
    assert site.asked[-1][1]["if-none-match"] == polled.etag != ""
    put(site, "c", made(number=2))
    feed(site, "c", "b", "a")
    assert poll(polled)
    assert site.paths[4:] == ["/feed", "/c.xml"]
    assert Message.objects.filter(standing="taken").count() == 3


def test_a_single_file_is_taken_as_such(world, site):
    put(site, "one", made())
    row = source(world, url=f"{site.url}/one.xml")
    allow(world, row)
    assert poll(row)
    assert poll(row)
    assert Message.objects.get().standing == "taken"


def test_k6_an_entry_that_cannot_be_fetched_holds_up_no_other_and_is_given_up(polled, site):
    put(site, "a", made())
    feed(site, "a", "broken")
    for tries in (1, 2):
        assert not poll(polled)
        assert polled.last_error.startswith("entries")
        assert polled.etag == ""  # so that the same answer comes again
        assert Seen.objects.get(done=False).tries == tries
    assert Message.objects.get().standing == "taken"
    assert poll(polled)
    assert site.paths.count("/broken.xml") == 3
    poll(polled)
    assert site.paths.count("/broken.xml") == 3
    assert site.paths.count("/a.xml") == 1
    assert polled.heard_at == NOW


def test_an_entry_that_comes_later_is_fetched_at_the_next_look(polled, site):
    feed(site, "late")
    assert not poll(polled)
    put(site, "late", made())
    assert poll(polled)
    assert Message.objects.get().standing == "taken"


def test_s9_no_redirect_is_followed_and_no_other_host_is_asked(polled, site, monkeypatch):
    with serving() as other:
        other.files["/x.xml"] = write(made())
        site.answers["/moved.xml"] = (302, {"Location": f"{other.url}/x.xml"})
        entries = [
            Listed("urn:x:1", "moved", NOW, "/moved.xml"), Listed("urn:x:2", "away", NOW, f"{other.url}/x.xml"),
            Listed("urn:x:3", "meta", NOW, "http://169.254.169.254/latest/"), Listed("urn:x:4", "f", NOW, "file:///etc/passwd"),
        ]  # fmt: skip
        site.files["/feed"] = write_atom(id="u:x", title="t", author="a", address="u:y", updated=NOW, entries=entries)
        asked = []
        real = socket.create_connection
        monkeypatch.setattr(socket, "create_connection", lambda to, *a, **k: asked.append(to) or real(to, *a, **k))
        assert not poll(polled)
        assert other.asked == []
        assert {to[1] for to in asked} <= {site.port}
        errors = sorted(Seen.objects.values_list("error", flat=True))
        assert [one.partition(":")[0] for one in errors] == ["host", "host", "redirect", "scheme"]
    site.answers["/feed"] = (301, {"Location": f"{site.url}/other"})
    assert not poll(polled)
    assert polled.last_error.startswith("redirect")


def test_s9_a_host_that_is_not_listed_is_never_connected_to(polled, site, monkeypatch):
    monkeypatch.delenv("ANLAN_WARNING_HOSTS")
    assert not poll(polled)
    assert polled.last_error.startswith("host")
    assert site.asked == []
    # A name is looked up once; one that means this machine is not believed however it is listed.
    monkeypatch.setenv("ANLAN_WARNING_HOSTS", "localhost")
    with pytest.raises(NoAnswer) as refused:
        outside.get(f"http://localhost:{site.port}/feed", most=100)
    assert refused.value.code == "host"
    assert site.asked == []


def test_an_answer_is_bounded_in_bytes_and_time_also_where_it_is_packed(site, monkeypatch):
    site.files["/big"] = b"x" * 5_000
    with pytest.raises(NoAnswer) as refused:
        outside.get(f"{site.url}/big", most=4_999)
    assert refused.value.code == "large"
    assert outside.get(f"{site.url}/big", most=5_000).body == b"x" * 5_000
    site.files["/slow"] = b"x" * 100
    site.slow.add("/slow")
    monkeypatch.setattr(outside, "WHOLE_S", 0.3)
    with pytest.raises(NoAnswer) as refused:
        outside.get(f"{site.url}/slow", most=5_000)
    assert refused.value.code == "time"
    site.answers["/packed"] = (200, {"Content-Encoding": "gzip", "Content-Length": "0"})
    with pytest.raises(NoAnswer) as refused:
        outside.get(f"{site.url}/packed", most=5_000)
    assert refused.value.code == "packed"
    site.files["/bomb"] = gzip.compress(bytes(3_000_000))
    with pytest.raises(NoAnswer) as refused:
        outside.get(f"{site.url}/bomb", most=4_000_000)
    assert refused.value.code == "bomb"


@pytest.mark.parametrize("body", [b"<html/>", b"", b"<!DOCTYPE a><feed/>", b"\xff\xfe\x00"])
def test_what_is_no_feed_fails_and_waits_longer_each_time(polled, site, body):
    site.files["/feed"] = body
    waits = []
    for _try in range(3):
        assert not poll(polled)
        assert polled.last_error.startswith("feed")
        waits.append((polled.next_poll - NOW).total_seconds())
    assert waits == [60, 60, 120]
    assert polled.failures == 3
    put(site, "a", made())
    feed(site, "a")
    assert poll(polled)
    assert (polled.failures, polled.last_error) == (0, "")


def test_a_machine_that_is_gone_is_told_after_a_while_and_not_before(polled, site):
    feed(site)
    poll(polled)
    Source.objects.filter(pk=polled.pk).update(url="http://127.0.0.1:9/feed")
    assert not poll(polled)
    assert polled.last_error.partition(":")[0] in ("host", "connect")
    assert silent_sources(NOW + timedelta(minutes=9)) == []
    assert silent_sources(NOW + timedelta(minutes=11)) == [polled]


def test_more_than_a_minute_s_messages_come_at_the_next_look(polled, site, monkeypatch):
    monkeypatch.setattr(receiving, "PER_MINUTE", 2)
    for number in range(5):
        put(site, f"m{number}", made(number=number))
    feed(site, *(f"m{number}" for number in range(5)))
    assert not poll(polled)
    assert Message.objects.count() == 2
    assert not poll(polled, NOW + timedelta(seconds=61))
    assert poll(polled, NOW + timedelta(seconds=122))
    assert Message.objects.filter(standing="taken").count() == 5


def test_the_jobs_ask_each_source_that_is_due_once(world, polled, site):
    put(site, "a", made())
    feed(site, "a")
    closed = sources.add(name="x", url=f"{site.url}/feed", period_s=60, signature="any", actor=world.admin, now=NOW)
    assert polling.drive(NOW) == 1
    assert polling.drive(NOW) == 0  # it waits already
    assert Job.objects.get(name="warning.poll").args == {"source": polled.pk}
    jobs.poll(now=NOW, source=closed.pk)  # closed in the meantime
    assert site.asked == []
    jobs.poll(now=NOW, source=polled.pk)
    assert Message.objects.get().standing == "taken"
    Job.objects.all().delete()
    assert polling.drive(NOW + timedelta(seconds=59)) == 0
    assert polling.drive(NOW + timedelta(seconds=60)) == 1


def test_a_kill_half_way_loses_and_doubles_nothing(polled, site, monkeypatch):
    for number in range(3):
        put(site, f"m{number}", made(number=number))
    feed(site, "m2", "m1", "m0")
    real, count = receiving.receive, []

    def killed(*args, **kwargs):
        count.append(1)
        if len(count) == 2:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(receiving, "receive", killed)
    with pytest.raises(KeyboardInterrupt):
        poll(polled)
    monkeypatch.setattr(receiving, "receive", real)
    assert poll(polled)
    assert sorted(Message.objects.values_list("identifier", flat=True)) == [made(number=n).identifier for n in range(3)]
    assert Message.objects.filter(standing="taken").count() == 3
