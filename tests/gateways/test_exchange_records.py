"""What the gateway to NATS reads of the exchange without Django is what the models say, and no more may leave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from exchange_world import Mirror, agreement, plant, site
from small_county import NOW

from anlan.apps.exchange import feed
from anlan.apps.exchange.models import Arrival, Message, Source, Subscription, Taken, Trouble
from anlan.apps.exchange.services import addresses, delivery, subscriptions
from anlan.apps.exchange.services.queueing import drive
from anlan.gateways.exchange_records import ExchangeRecords
from anlan.kernel.jobs.models import Job

SUBJECT = "anlan.exchange.city"
TODAY = timezone.localdate(NOW)


@pytest.fixture
def world(db):
    return plant()


@pytest.fixture
def plain(world) -> ExchangeRecords:
    """On the connection of the test, whose rows no other connection sees."""
    found = ExchangeRecords("sqlite:////nowhere" if connection.vendor == "sqlite" else "postgresql://nowhere")
    connection.ensure_connection()
    found._local.connection = connection.connection
    return found


@pytest.fixture
def row(world) -> Subscription:
    address = addresses.add_address(kind="nats", place=SUBJECT, note="市局", actor=world.admin, now=NOW)
    site(world)
    return subscriptions.subscribe(agreement(world, mode="nats", address=address), actor=world.keeper, now=NOW)[0]


def test_only_what_is_written_down_as_leaving_is_ready_letter_for_letter(plain, row):
    feed.compose(row.pk, now=NOW)
    assert plain.ready(TODAY, 50) == []
    assert delivery.hand_over(row, now=NOW) == 2
    ready = plain.ready(TODAY, 50)
    assert [(one.subscription, one.code, one.subject, one.seq) for one in ready] == [
        (row.pk, row.code, SUBJECT, 1), (row.pk, row.code, SUBJECT, 2),
    ]  # fmt: skip
    assert [one.line for one in ready] == [feed.line_of(message) for message in Message.objects.order_by("seq")]
    assert Mirror().take(one.line for one in ready) == 2
    assert len(plain.ready(TODAY, 1)) == 1


def test_what_has_arrived_is_not_ready_any_more_and_stands_as_arrived(plain, row):
    delivery.hand_over(row, now=NOW)
    plain.failed(row.pk, "nats: no response")
    row.refresh_from_db()
    assert (row.failures, row.last_error) == (1, "nats: no response")
    plain.arrived(row.pk, 1, NOW)
    assert [one.seq for one in plain.ready(TODAY, 50)] == [2]
    assert Taken.objects.get().outcome == "sending"
    plain.arrived(row.pk, 2, NOW)
    plain.arrived(row.pk, 1, NOW)
    row.refresh_from_db()
    assert (row.acked_seq, row.acked_at, row.failures, row.last_error) == (2, NOW, 0, "")
    assert Taken.objects.get().outcome == "arrived"


def test_nothing_is_ready_for_what_is_not_in_force(plain, row):
    delivery.hand_over(row, now=NOW)
    assert plain.ready(row.valid_until, 50)
    assert plain.ready(row.valid_until + timedelta(days=1), 50) == []
    for change in ({"state": "paused"}, {"first_seq": 3}, {"mode": "push"}):
        before = {name: getattr(row, name) for name in change}
        Subscription.records.update(**change)
        assert plain.ready(TODAY, 50) == [], change
        Subscription.records.update(**before)
    Message.objects.update(personal=True)
    assert plain.ready(TODAY, 50) == []
    Message.objects.update(personal=False)
    row.address.ended_at = NOW
    row.address.save()
    assert plain.ready(TODAY, 50) == []
    assert delivery.hand_over(row, now=NOW) == 0


def test_who_misses_something_gets_it_again_within_what_is_kept(plain, row):
    delivery.hand_over(row, now=NOW)
    plain.arrived(row.pk, 2, NOW)
    plain.again("EXC-9999", 0)
    plain.again(row.code, 2)
    assert plain.ready(TODAY, 50) == []
    plain.again(row.code, 1)
    assert [one.seq for one in plain.ready(TODAY, 50)] == [2]
    Subscription.records.update(first_seq=2)
    plain.again(row.code, 0)
    assert [one.seq for one in plain.ready(TODAY, 50)] == [2]


def test_sources_gaps_and_arrivals_are_those_of_the_models(plain, world):
    fields = {"name": "市局", "public_key": "x", "kid": "k", "by": world.keeper, "at": NOW}
    heard = Source.objects.create(sub="EXC-1", door="nats", subject=SUBJECT, last_seq=4, **fields)
    Source.objects.create(sub="EXC-2", door="nats", subject=SUBJECT, enabled=False, **fields)
    Source.objects.create(sub="EXC-3", door="http", **fields)
    assert [(one.pk, one.sub, one.subject) for one in plain.sources()] == [(heard.pk, "EXC-1", SUBJECT)]
    gap = Trouble.objects.create(kind="missing", source=heard, seq_from=5, seq_to=6, opened_at=NOW, asked_at=NOW)
    ((number, sub, last, asked_at),) = plain.wanted()
    assert (number, sub, last) == (gap.pk, "EXC-1", 4)
    assert asked_at
    gap.closed_at = NOW
    gap.save()
    assert plain.wanted() == []
    plain.lay_down(heard.pk, ["a.b.c", "d.e.f"], NOW)
    plain.lay_down(heard.pk, ["a.b.c"], NOW)
    assert list(Arrival.objects.values_list("line", "at")) == [("a.b.c", NOW), ("d.e.f", NOW)]


def test_the_jobs_process_hands_over_what_is_new_and_takes_in_what_came(plain, row, world):
    drive(NOW)
    assert Job.objects.get().name == "exchange.hand_over"
    Job.objects.all().delete()
    delivery.hand_over(row, now=NOW)
    assert drive(NOW) == 0  # what waits for the gateway is no work for the jobs
    site(world, "又一家")
    assert drive(NOW) == 1
    Job.objects.all().delete()
    delivery.hand_over(row, now=NOW)
    assert Taken.objects.count() == 2
    fields = {"name": "市局", "public_key": "x", "kid": "k", "by": world.keeper, "at": NOW}
    Arrival.objects.create(source=Source.objects.create(sub="EXC-1", **fields), line="x", digest="x", at=NOW)
    assert drive(NOW) == 1
    assert Job.objects.get().name == "exchange.take_arrivals"
