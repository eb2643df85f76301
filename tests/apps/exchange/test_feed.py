"""Registers as messages: copy and changes together are the register, whatever was done to it, and nothing else."""

from __future__ import annotations

import contextlib
import json
import zlib

import pytest
from exchange_world import FIELDS, Mirror, caught_up, lines_of, plant, site, subscribed, visible
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from small_county import NOW

from anlan.apps.exchange import feed
from anlan.apps.exchange.models import Message
from anlan.apps.sites.declarations import ENTERPRISES
from anlan.apps.sites.models import Enterprise
from anlan.formats import jws
from anlan.kernel.registers import services as registers
from anlan.kernel.registers.models import Revision

TOWNS = ("990123101", "990123102", "990123101201", "990123102201")
ACTS = ("create", "change", "move", "rename", "remove", "restore", "merge", "batch", "undo", "nothing", "take")


class World:
    """Random acts on the register of sites; those that the register refuses change nothing."""

    def __init__(self):
        self.world = plant()
        self.batches = []
        self.n = 0

    def pick(self, at, *, removed=False):
        rows = Enterprise.records.exclude(removed_at=None) if removed else Enterprise.present.all()
        rows = list(rows.order_by("pk"))
        return rows[at % len(rows)] if rows else None

    def act(self, name, at, other):
        self.n += 1
        with contextlib.suppress(registers.Refused):
            getattr(self, name)(at, other)

    def create(self, at, other):
        site(self.world, f"企业{self.n}", region=TOWNS[at % 4], lon=None, lat=None)

    def change(self, at, other):
        if (row := self.pick(at)) is not None:
            registers.change(ENTERPRISES, row, {"risk": other % 4 + 1}, actor=self.world.hand, now=NOW)

    def move(self, at, other):
        if (row := self.pick(at)) is not None:
            registers.change(ENTERPRISES, row, {"region": TOWNS[other % 4]}, actor=self.world.hand, now=NOW)

    def rename(self, at, other):
        if (row := self.pick(at)) is not None:
            registers.change(ENTERPRISES, row, {"code": f"X-{other % 5}"}, actor=self.world.hand, now=NOW)

    def remove(self, at, other):
        if (row := self.pick(at)) is not None:
            registers.remove(ENTERPRISES, row, reason="已关停", actor=self.world.hand, now=NOW)

    def restore(self, at, other):
        if (row := self.pick(at, removed=True)) is not None:
            registers.restore(ENTERPRISES, row, actor=self.world.hand, now=NOW)

    def merge(self, at, other):
        keep, drop = self.pick(at), self.pick(other)
        if keep is not None and drop is not None:
            registers.merge(ENTERPRISES, keep, drop, taken={"name": "drop"}, actor=self.world.hand, now=NOW)

    def batch(self, at, other):
        batch = registers.start_batch(ENTERPRISES, title="导入", actor=self.world.hand, now=NOW)
        regions = (self.world.shatou, self.world.yuntai)
        new = [{"name": f"批{self.n}-{k}", "kind": "mine", "region": regions[(at + k) % 2]} for k in range(other % 4)]
        row = self.pick(at)
        changes = [(row.pk, {"name": f"改{self.n}", "region": regions[other % 2]})] if row is not None else []
        registers.stage(batch, new=new, changes=changes, actor=self.world.hand, now=NOW)
        self.batches.append(batch)
        if at % 3:
            registers.publish(batch, actor=self.world.hand, now=NOW)

    def undo(self, at, other):
        if self.batches:
            registers.undo(self.batches[at % len(self.batches)], actor=self.world.hand, now=NOW)

    def nothing(self, at, other):
        if (row := self.pick(at)) is not None:
            registers.change(ENTERPRISES, row, {"name": row.name}, actor=self.world.hand, now=NOW)


class CopyAndChanges(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 50), st.integers(0, 50)), max_size=25),
        st.sampled_from([(1, 3), (2, 2), (3, 1000), (200, 1000)]),
    )
    def test_copy_and_changes_are_the_register_after_any_acts(self, acts, sizes):
        page, looked_at = feed.PAGE, feed.LOOKED_AT
        feed.PAGE, feed.LOOKED_AT = sizes
        try:
            world = World()
            rows = [subscribed(world.world), subscribed(world.world, region=world.world.canglang)]
            mirrors = [Mirror(), Mirror()]
            for name, at, other in acts:
                if name == "take":
                    caught_up(rows[at % 2], mirrors[at % 2])
                else:
                    world.act(name, at, other)
            for row, mirror in zip(rows, mirrors, strict=True):
                caught_up(row, mirror)
                assert mirror.tables["enterprise"] == visible(ENTERPRISES, row.region.path, FIELDS)
                assert not feed.compose(row.pk, now=NOW)
        finally:
            feed.PAGE, feed.LOOKED_AT = page, looked_at


@pytest.mark.django_db
def test_a_copy_that_is_changed_while_it_goes_out_ends_as_the_register_is(world, monkeypatch):
    monkeypatch.setattr(feed, "PAGE", 2)
    sites = [site(world, f"企业{n}", code=f"S-{n}") for n in range(7)]
    row = subscribed(world)
    mirror = Mirror()
    feed.compose(row.pk, now=NOW, most=3)  # the beginning and two pages
    mirror.take(feed.line_of(message) for message in row.messages.order_by("seq"))
    registers.change(ENTERPRISES, sites[0], {"name": "改了"}, actor=world.hand, now=NOW)
    registers.remove(ENTERPRISES, sites[1], reason="关停", actor=world.hand, now=NOW)
    registers.remove(ENTERPRISES, sites[6], reason="关停", actor=world.hand, now=NOW)
    site(world, "新增")
    caught_up(row, mirror)
    assert mirror.tables["enterprise"] == visible(ENTERPRISES, world.county.path, FIELDS)
    copies = [said for said in mirror.said if said["kind"] == "copy"]
    assert [said["page"] for said in copies] == [1, 2, 3, 4]
    assert [said["last"] for said in copies] == [False, False, False, True]


@pytest.mark.django_db
def test_messages_are_numbered_without_a_gap_and_each_names_the_one_before(world):
    for n in range(3):
        site(world, f"企业{n}")
    row = subscribed(world)
    lines_of(row)
    for n in range(3):
        site(world, f"后来{n}")
        lines_of(row)
    messages = list(row.messages.order_by("seq"))
    assert [message.seq for message in messages] == [1, 2, 3, 4, 5]
    before = ""
    for message in messages:
        payload = json.loads(payload_of(message))
        assert payload["prev"] == before
        assert payload["sub"] == row.code
        before = message.digest
    numbers = [r["n"] for m in messages[2:] for r in json.loads(payload_of(m))["rows"]]
    assert numbers == sorted(numbers)


def payload_of(message):
    return jws.read(feed.line_of(message).split(".")[1])


@pytest.mark.django_db
def test_an_import_goes_out_with_each_of_its_rows(world):
    row = subscribed(world)
    mirror = Mirror()
    caught_up(row, mirror)
    batch = registers.start_batch(ENTERPRISES, title="普查", actor=world.hand, now=NOW)
    new = [{"name": f"企业{n}", "kind": "mine", "region": world.shatou} for n in range(450)]
    registers.stage(batch, new=new, actor=world.hand, now=NOW)
    caught_up(row, mirror)
    assert mirror.tables["enterprise"] == {}
    registers.publish(batch, actor=world.hand, now=NOW)
    caught_up(row, mirror)
    assert len(mirror.tables["enterprise"]) == 450
    sizes = [len(said["rows"]) for said in mirror.said if said["kind"] == "changes"]
    assert sizes == [200, 200, 50]
    assert {r["act"] for said in mirror.said if said["kind"] == "changes" for r in said["rows"]} == {"publish"}


@pytest.mark.django_db
def test_a_record_of_another_region_is_never_named(world):
    row = subscribed(world, region=world.danya)
    mirror = Mirror()
    caught_up(row, mirror)
    foreign = site(world, "沙头外的", code="SECRET-1")
    registers.change(ENTERPRISES, foreign, {"name": "又改"}, actor=world.hand, now=NOW)
    registers.remove(ENTERPRISES, foreign, reason="关停", actor=world.hand, now=NOW)
    caught_up(row, mirror)
    kept = "".join(payload_of(message).decode() for message in row.messages.all())
    assert "SECRET-1" not in kept
    assert "沙头外的" not in kept
    assert row.allowed.get().n == Revision.objects.filter(register="enterprise").order_by("-n").first().n


@pytest.mark.django_db
def test_many_changes_elsewhere_are_gone_past_in_several_calls(world, monkeypatch):
    monkeypatch.setattr(feed, "LOOKED_AT", 1)
    monkeypatch.setattr(feed, "ROUNDS", 3)
    row = subscribed(world, region=world.danya)
    lines_of(row)
    for n in range(200):
        site(world, f"沙头{n}", code=f"S-{n}")
    mine = site(world, "丹崖的", region="990123102", lon=104.7, lat=31.7)
    mirror = Mirror()
    mirror.take(lines_of(row))
    calls = 0
    while mine.pk not in mirror.tables["enterprise"]:
        calls += 1
        mirror.take(lines_of(row, mirror.seq))
    assert 2 <= calls <= 200


@pytest.mark.django_db
def test_a_record_that_moves_away_is_gone_for_the_region_that_it_left(world):
    moving = site(world, "迁出企业")
    row = subscribed(world, region=world.canglang)
    mirror = Mirror()
    caught_up(row, mirror)
    assert moving.pk in mirror.tables["enterprise"]
    away = {"region": "990123102", "lon": 104.7, "lat": 31.7}
    registers.change(ENTERPRISES, moving, away, actor=world.hand, now=NOW)
    caught_up(row, mirror)
    assert mirror.tables["enterprise"] == {}
    (gone,) = mirror.said[-1]["rows"]
    assert gone["gone"] is True
    assert "record" not in gone


@pytest.mark.django_db
def test_a_merged_record_says_into_which_one_it_went(world):
    keep, drop = site(world, "留下的"), site(world, "并入的")
    row = subscribed(world)
    mirror = Mirror()
    caught_up(row, mirror)
    registers.merge(ENTERPRISES, keep, drop, taken={"name": "drop"}, actor=world.hand, now=NOW)
    caught_up(row, mirror)
    gone = next(r for r in mirror.said[-1]["rows"] if r.get("gone"))
    assert (gone["id"], gone["into"], gone["act"]) == (drop.pk, keep.pk, "merge")
    assert mirror.tables["enterprise"][keep.pk]["name"] == "并入的"


@pytest.mark.django_db
def test_no_more_than_the_window_waits_for_its_acknowledgement(world, monkeypatch):
    monkeypatch.setattr(feed, "PAGE", 1)
    monkeypatch.setattr(feed, "WINDOW", 5)
    for n in range(9):
        site(world, f"企业{n}")
    row = subscribed(world)
    assert len(lines_of(row)) == 5
    assert len(lines_of(row)) == 5
    row.acked_seq = 3
    row.save()
    assert len(lines_of(row)) == 8


@pytest.mark.django_db
def test_a_large_record_stands_in_a_message_of_its_own(world, monkeypatch):
    monkeypatch.setattr(feed, "MESSAGE_BYTES", 900)
    for n in range(6):
        site(world, f"企业{n}", address="很长的地址" * 20)
    row = subscribed(world)
    mirror = Mirror()
    caught_up(row, mirror)
    copies = [len(said["rows"]) for said in mirror.said if said["kind"] == "copy"]
    assert sum(copies) == 6
    assert max(copies) < 6
    assert len(mirror.tables["enterprise"]) == 6


@pytest.mark.django_db
def test_messages_of_personal_fields_are_not_readable_in_the_database(world):
    message = Message(personal=True, payload=feed.kept(b'{"x":"19000004855"}', True), header="h", signature="s")
    assert b"19000004855" not in message.payload
    with pytest.raises(zlib.error):
        zlib.decompress(bytes(message.payload))
    assert "19000004855" in payload_of(message).decode()
