"""Data that we fetch from another installation: which is this one itself here, so that door and lines are real."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from exchange_world import agreement, site
from small_county import NOW, sign_in

from anlan.apps.exchange import keys
from anlan.apps.exchange.models import Message, Received, Source, Subscription, Trouble
from anlan.apps.exchange.outside import Answer, NoAnswer
from anlan.apps.exchange.services import addresses, fetching, receiving, subscriptions
from anlan.apps.exchange.services.addresses import Refused
from anlan.apps.exchange.services.queueing import drive
from anlan.formats import jws
from anlan.kernel.audit.models import Entry
from anlan.kernel.jobs.models import Job
from anlan.kernel.notices.models import Notice

pytestmark = pytest.mark.django_db
PLACE = "https://city.example.org/api/v1/exchange/"


@pytest.fixture
def address(world):
    return addresses.add_address(kind="http", place=PLACE, note="市局", actor=world.admin, now=NOW)


@pytest.fixture
def source(world, address, monkeypatch):
    """Three records wait for us at a subscription of our own."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    for n in range(3):
        site(world, f"企业{n}", code=f"OUT-{n}")
    row, key = subscriptions.subscribe(agreement(world), actor=world.keeper, now=NOW)
    return receiving.add_source(
        name="市应急管理局", sub=row.code, public_key=jws.written(jws.public_bytes(keys.public_key())), door="pull",
        address=address, access=f"{row.code}:{key}", actor=world.keeper, now=NOW,
    )  # fmt: skip


class There:
    """Their machine: this one, asked through its own door."""

    def __init__(self, client) -> None:
        self.client, self.asked = client, []

    def __call__(self, method, url, body, headers, most) -> Answer:
        self.asked.append((method, url.removeprefix(PLACE).partition("?")[0]))
        path = urlsplit(url)
        given = {"headers": {"Authorization": headers["Authorization"]}, "content_type": "application/json"}
        answer = self.client.generic(method, f"{path.path}?{path.query}", body, **given)
        assert len(answer.content) <= most
        return Answer(answer.status_code, answer.content)


def test_what_waits_there_is_fetched_kept_and_acknowledged(client, world, source):
    there = There(client)
    assert fetching.fetch(source, now=NOW, ask=there)
    source.refresh_from_db()
    assert source.last_seq == Subscription.records.get().acked_seq == 2
    assert source.next_try == NOW + timedelta(seconds=fetching.EVERY_S)
    assert sorted(Received.objects.values_list("name", flat=True)) == ["企业0", "企业1", "企业2"]
    assert there.asked == [("GET", "messages"), ("POST", "ack"), ("GET", "messages")]
    site(world, "后来者", code="OUT-9")
    assert fetching.fetch(source, now=NOW, ask=there)
    assert Received.objects.filter(name="后来者").exists()


def test_R2_what_a_kill_cuts_off_before_the_acknowledgement_comes_again_and_counts_once(client, source):
    there = There(client)

    def killed(method, url, body, headers, most):
        if url.endswith("ack"):
            raise KeyboardInterrupt
        return there(method, url, body, headers, most)

    with pytest.raises(KeyboardInterrupt):
        fetching.fetch(source, now=NOW, ask=killed)
    assert Subscription.records.get().acked_seq == 0
    assert fetching.fetch(source, now=NOW, ask=there)
    assert Received.objects.count() == 3
    source.refresh_from_db()
    assert (source.last_seq, source.refused) == (2, 0)


def test_what_is_kept_no_longer_is_begun_anew(client, source):
    there = There(client)
    assert fetching.fetch(source, now=NOW, ask=there)
    row = Subscription.records.get()
    Message.objects.all().delete()
    Subscription.records.update(first_seq=row.last_seq + 3, last_seq=row.last_seq + 2, acked_seq=row.last_seq + 2)
    assert fetching.fetch(source, now=NOW, ask=there)
    source.refresh_from_db()
    assert source.last_seq == source.begun_seq + 1 > row.last_seq + 2
    assert Received.objects.filter(gone=False).count() == 3


def test_W3_a_source_that_cannot_be_reached_is_told_once_and_tried_later(world, source):
    def nobody(*_given):
        raise NoAnswer("connect", "cannot be reached")

    assert not fetching.fetch(source, now=NOW, ask=nobody)
    source.refresh_from_db()
    assert source.next_try > NOW
    assert not Trouble.objects.exists(), "one slip is no interruption"
    for _again in range(2):
        assert not fetching.fetch(source, now=NOW, ask=nobody)
    assert Trouble.objects.get(closed_at=None).kind == "unfetched"
    assert Notice.objects.filter(ref=f"source:{source.pk}", to=world.keeper).count() == 1


def test_an_interruption_is_over_once_something_is_fetched(client, source):
    def refusing(*_given):
        return Answer(503, b"")

    for _again in range(2):
        fetching.fetch(source, now=NOW, ask=refusing)
    assert Trouble.objects.filter(closed_at=None).exists()
    assert fetching.fetch(source, now=NOW, ask=There(client))
    assert not Trouble.objects.filter(closed_at=None).exists()


def test_a_line_that_was_changed_on_its_way_stops_there(client, source):
    there = There(client)

    def changed(method, url, body, headers, most):
        answer = there(method, url, body, headers, most)
        return Answer(answer.status, answer.body.replace(b".", b".A", 1)) if "messages" in url else answer

    assert not fetching.fetch(source, now=NOW, ask=changed)
    assert Received.objects.count() == 0
    source.refresh_from_db()
    assert source.last_error.startswith(("signature", "shape", "header"))


def test_S9_nothing_is_asked_of_an_address_that_left_the_list(world, client, source, address):
    addresses.end_address(address, actor=world.admin, now=NOW)
    there = There(client)
    source.refresh_from_db()
    assert fetching.fetch(source, now=NOW, ask=there)
    assert there.asked == []
    drive(NOW)
    assert not Job.objects.filter(name="exchange.fetch").exists()


def test_the_jobs_process_fetches_by_the_clock_of_the_source(source):
    drive(NOW)
    drive(NOW)
    assert Job.objects.filter(name="exchange.fetch").count() == 1
    Job.objects.all().delete()
    Source.objects.update(next_try=NOW + timedelta(seconds=30))
    drive(NOW)
    assert not Job.objects.filter(name="exchange.fetch").exists()


@pytest.mark.parametrize(
    ("place", "access", "door"),
    [(PLACE, "", "pull"), ("", "EXC-0001:key", "pull"), (PLACE, "no key", "pull"), (PLACE, "EXC-0001:key", "http"),
     ("http://city.example.org/", "EXC-0001:key", "pull")],
)  # fmt: skip
def test_a_source_to_fetch_from_needs_address_and_key_over_a_private_line(world, place, access, door):
    address = None
    if place:
        address = addresses.add_address(kind="http", place=place, note="市局", actor=world.admin, now=NOW)
    with pytest.raises(Refused):
        receiving.add_source(
            name="市局", sub="EXC-0001", public_key=jws.written(jws.public_bytes(keys.public_key())), door=door,
            address=address, access=access, actor=world.keeper, now=NOW,
        )  # fmt: skip
    assert not Source.objects.exists()


def test_the_form_takes_address_and_key_and_shows_neither_key_nor_hash(client, world, address):
    sign_in(client, world.keeper)
    form = {
        "name": "市局", "sub": "EXC-0001", "public_key": jws.written(jws.public_bytes(keys.public_key())),
        "door": "pull", "subject": "", "address": address.pk, "access": "EXC-0001:topsecret",
    }  # fmt: skip
    answer = client.post("/exchange/sources/", form, follow=True)
    page = answer.content.decode()
    assert PLACE in page
    assert "topsecret" not in page
    assert Source.objects.get().access == "EXC-0001:topsecret"
    assert "topsecret" not in str(list(Entry.objects.values_list("after", flat=True)))
