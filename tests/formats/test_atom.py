"""Feeds that list messages: what is read of Atom and RSS, and Atom that any reader of RFC 4287 takes."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta, timezone

import pytest
from atom_reader import read_atom

from anlan.formats.atom import Entry, Listed, entries_of, kind_of, write_atom
from anlan.formats.faults import Refused
from tests.formats.neighbours import recorded

AT = datetime(2026, 7, 15, 9, 0, 0, 5000, tzinfo=timezone(timedelta(hours=8)))


def test_the_recorded_national_feed_gives_every_entry_once():
    data = gzip.decompress(recorded("cap/nws_atom_feed_example.xml.gz"))
    entries = entries_of(data)
    assert kind_of(data) == "feed"
    assert len(entries) == data.count(b"<entry>")
    assert len({one.id for one in entries}) == len(entries) > 100
    assert all(one.address.startswith("https://alerts.weather.gov/cap/wwacapget.php?x=") for one in entries)
    assert entries[0].updated == "2018-08-15T14:52:00-08:00"


def test_of_several_links_the_one_to_a_cap_file_counts():
    data = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:x:1</id>
      <link rel="self" href="/entry/1"/><link href="/page/1.html" type="text/html"/>
      <link rel="enclosure" href="cap/1.xml" type="application/cap+xml; charset=utf-8"/></entry>
      <entry><id>urn:x:2</id><link rel="alternate" href="/2"/></entry>
      <entry><id>https://h/3</id></entry><entry><id>urn:x:4</id></entry><entry/></feed>"""
    assert entries_of(data) == (
        Entry("urn:x:1", "cap/1.xml"), Entry("urn:x:2", "/2"), Entry("https://h/3", "https://h/3"),
    )  # fmt: skip


def test_rss_is_read_by_enclosure_link_or_name():
    data = b"""<rss version="2.0"><channel><title>t</title>
      <item><guid>a</guid><link>https://h/page</link><enclosure url="https://h/a" type="application/cap+xml"/></item>
      <item><link>https://h/b</link><pubDate>Wed, 15 Jul 2026 09:00:00 +0800</pubDate></item>
      <item><guid>https://h/c</guid></item><item><guid>d</guid></item></channel></rss>"""
    assert [(one.id, one.address) for one in entries_of(data)] == [
        ("a", "https://h/a"), ("https://h/b", "https://h/b"), ("https://h/c", "https://h/c"),
    ]  # fmt: skip
    assert entries_of(b'<rss version="2.0"/>') == ()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"), (b"<html><body/></html>", "unsupported"), (b"<feed><entry/></feed>", "unsupported"),
        (b'<!DOCTYPE feed SYSTEM "http://h/x"><feed xmlns="http://www.w3.org/2005/Atom"/>', "doctype"),
        (b"<feed" + b"<a" * 9, "broken_xml"), (b"<a>" * 60, "too_deep"), (b"plain", "broken_xml"),
    ],
)  # fmt: skip
def test_what_is_no_feed_is_refused(data, code):
    with pytest.raises(Refused) as refused:
        entries_of(data)
    assert refused.value.fault.code == code


def test_an_alert_is_told_from_a_feed_and_both_from_anything_else():
    assert kind_of(b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>') == "alert"
    assert kind_of(b"<html/>") == ""


def test_a_written_feed_is_read_by_an_independent_reader_and_by_our_own():
    listed = [
        Listed("urn:uuid:1", "红色 <警> & 报", AT, "https://h/1.xml", "沧浪镇", "暴雨"),
        Listed("urn:uuid:2", "b", AT - timedelta(days=1), "https://h/2.xml"),
    ]
    data = write_atom(
        id="urn:uuid:0", title="预警", author="局", address="https://h/feed", updated=AT, entries=listed
    )  # fmt: skip
    feed = read_atom(data)
    assert (feed.id, feed.title, feed.self_address) == ("urn:uuid:0", "预警", "https://h/feed")
    assert feed.updated == AT.astimezone(UTC).replace(microsecond=0)
    assert [(one.id, one.title, one.address) for one in feed.entries] == [
        (one.id, one.title, one.address) for one in listed
    ]
    assert entries_of(data) == tuple(
        Entry(one.id, one.address, one.updated.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")) for one in listed
    )
    assert read_atom(write_atom(id="urn:x", title="t", author="a", address="https://h", updated=AT, entries=[])).entries == []  # fmt: skip  # noqa: E501
