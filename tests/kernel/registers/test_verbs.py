"""The verbs of registers: what they refuse, what they leave behind, and what a crash in the middle leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError
from small_county import NOW, make_user

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.apps.sites.models import Enterprise
from anlan.kernel.audit.models import Entry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import history, services
from anlan.kernel.registers.models import BatchState, Head, Link, Revision
from anlan.kernel.registers.services import Refused, Stale
from anlan.kernel.registers.services import batches as batch_verbs
from anlan.kernel.registers.services.batches import conflicts
from anlan.kernel.web.refs import ref_of

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def tests(county):
    return system_user("tests")


def faults(refused):
    return {(fault.field, fault.code) for fault in refused.value.faults}


def test_every_fault_is_named_at_once_and_nothing_is_kept(tests):
    raw = {"name": "", "kind": "nothing", "risk": "9", "lon": "x", "region": "没有这个镇"}
    with pytest.raises(Refused) as refused:
        services.create(ENTERPRISES, raw, actor=tests, now=NOW)
    assert faults(refused) == {
        ("name", "missing"), ("kind", "choice"), ("risk", "choice"), ("lon", "number"), ("region", "unknown"),
    }  # fmt: skip
    assert not Enterprise.records.exists()
    assert not Revision.objects.exists()


def test_a_code_is_given_in_order_and_a_taken_one_is_refused(tests):
    one, two = (
        services.create(ENTERPRISES, {"name": n, "kind": "other", "region": "990123101"}, actor=tests, now=NOW)
        for n in "甲乙"
    )
    assert (one.code, two.code) == ("ENT-000001", "ENT-000002")
    with pytest.raises(Refused) as refused:
        services.create(
            ENTERPRISES, {"code": one.code, "name": "丙", "kind": "other", "region": "990123101"}, actor=tests, now=NOW
        )
    assert faults(refused) == {("code", "taken")}


def test_the_region_is_found_by_the_place(county, tests):
    site = services.create(
        ENTERPRISES, {"name": "甲", "kind": "other", "lon": 104.05, "lat": 31.55}, actor=tests, now=NOW
    )
    assert site.region == county.grid


def test_without_place_and_region_it_asks_for_one(tests):
    with pytest.raises(Refused) as refused:
        services.create(ENTERPRISES, {"name": "甲", "kind": "other"}, actor=tests, now=NOW)
    assert faults(refused) == {("region", "missing")}


def test_a_longitude_alone_is_no_place(tests):
    raw = {"name": "甲", "kind": "other", "region": "990123101", "lon": 104.1}
    with pytest.raises(Refused) as refused:
        services.create(ENTERPRISES, raw, actor=tests, now=NOW)
    assert faults(refused) == {("lat", "missing")}


def test_a_place_far_outside_its_region_warns_and_is_kept(tests):
    raw = {"name": "甲", "kind": "other", "region": "990123101", "lon": 31.6, "lat": 104.1 - 20}
    cleaned = services.clean(ENTERPRISES, raw)
    assert [fault.code for fault in cleaned.warnings] == ["outside"]
    assert not cleaned.blocking


def test_a_change_keeps_what_was_before_and_a_repeat_writes_nothing(sites, tests):
    site = sites["S-2"]
    services.change(ENTERPRISES, site, {"risk": 1, "address": "新街1号"}, actor=tests, now=LATER, note="核查")
    services.change(ENTERPRISES, site, {"risk": 1, "address": "新街1号"}, actor=tests, now=LATER)
    lines = history.of(ENTERPRISES, Enterprise.records.get(pk=site.pk))
    assert [line.act for line in lines] == ["已修改", "新增"]
    assert {(d.label, d.before, d.after) for d in lines[0].differences} == {
        ("风险等级", "Ⅳ 蓝", "Ⅰ 红"), ("地址", "", "新街1号"),
    }  # fmt: skip
    assert Entry.objects.filter(verb="record.change").count() == 1


def test_who_saw_an_older_record_is_told_and_overwrites_nothing(sites, tests):
    seen = sites["S-2"].revision
    services.change(ENTERPRISES, sites["S-2"], {"risk": 1}, actor=tests, now=LATER)
    with pytest.raises(Stale):
        services.change(ENTERPRISES, sites["S-2"], {"risk": 2}, actor=tests, now=LATER, seen=seen)
    assert Enterprise.records.get(code="S-2").risk == 1


def test_S1_nobody_moves_a_record_into_or_out_of_a_foreign_region(county, sites):
    keeper = make_user("danya", "record_keeper", region=county.danya)
    with pytest.raises(NotAllowed):
        services.change(ENTERPRISES, sites["S-1"], {"risk": 1}, actor=keeper, now=LATER)
    with pytest.raises(NotAllowed):
        services.change(ENTERPRISES, sites["S-2"], {"region": "990123101"}, actor=keeper, now=LATER)
    with pytest.raises(NotAllowed):
        services.remove(ENTERPRISES, sites["S-1"], reason="不要了", actor=keeper, now=LATER)
    with pytest.raises(NotAllowed):
        services.change_many(ENTERPRISES, [s.pk for s in sites.values()], {"risk": 1}, actor=keeper, now=LATER)
    assert Enterprise.records.get(code="S-2").risk == 4


def test_many_records_get_one_value(sites, tests):
    assert (
        services.change_many(ENTERPRISES, [s.pk for s in sites.values()], {"risk": "橙"}, actor=tests, now=LATER) == 4
    )
    assert set(Enterprise.present.values_list("risk", flat=True)) == {2}


def test_a_value_that_fits_no_record_changes_none_of_many(sites, tests):
    with pytest.raises(Refused):
        services.change_many(ENTERPRISES, [s.pk for s in sites.values()], {"risk": "紫"}, actor=tests, now=LATER)


def test_a_record_goes_with_a_reason_leaves_its_code_free_and_comes_back_only_if_it_still_is(sites, tests):
    site = sites["S-2"]
    with pytest.raises(Refused):
        services.remove(ENTERPRISES, site, reason=" ", actor=tests, now=LATER)
    services.remove(ENTERPRISES, site, reason="关停", actor=tests, now=LATER)
    other = services.create(
        ENTERPRISES, {"code": "S-2", "name": "新站", "kind": "filling", "region": "990123102"}, actor=tests, now=LATER
    )
    with pytest.raises(Refused) as refused:
        services.restore(ENTERPRISES, site, actor=tests, now=LATER)
    assert faults(refused) == {("code", "taken")}
    services.remove(ENTERPRISES, other, reason="录错", actor=tests, now=LATER)
    assert services.restore(ENTERPRISES, site, actor=tests, now=LATER).removed_at is None


def test_merging_brings_links_along_and_keeps_the_audit(sites, tests):
    keep, drop, third = sites["S-4"], sites["S-5"], sites["S-1"]
    services.link(ENTERPRISES, drop, third, words="共用码头", actor=tests, now=NOW)
    services.link(ENTERPRISES, keep, drop, words="同院", actor=tests, now=NOW)
    kept = services.merge(ENTERPRISES, keep, drop, taken={"risk": "drop"}, actor=tests, now=LATER, note="同一库")
    assert (kept.risk, kept.name) == (1, "重庆路3号库")
    assert [(row.one, row.other) for row in Link.objects.all()] == [tuple(sorted((ref_of(kept), ref_of(third))))]
    gone = Enterprise.records.get(pk=drop.pk)
    assert (gone.merged_into, gone.removed_at) == (kept.pk, LATER)
    assert Entry.objects.filter(verb="record.merge", ref=ref_of(kept)).exists()
    with pytest.raises(Refused):
        services.restore(ENTERPRISES, gone, actor=tests, now=LATER)


def test_a_record_is_neither_merged_nor_linked_with_itself(sites, tests):
    with pytest.raises(Refused):
        services.merge(ENTERPRISES, sites["S-1"], sites["S-1"], taken={}, actor=tests, now=LATER)
    with pytest.raises(Refused):
        services.link(ENTERPRISES, sites["S-1"], sites["S-1"], words="", actor=tests, now=LATER)


def test_changes_are_numbered_without_holes(sites, tests):
    services.change(ENTERPRISES, sites["S-2"], {"risk": 1}, actor=tests, now=LATER)
    services.remove(ENTERPRISES, sites["S-2"], reason="关停", actor=tests, now=LATER)
    numbers = list(Revision.objects.filter(register="enterprise").order_by("n").values_list("n", flat=True))
    assert numbers == list(range(1, 8))
    assert Head.objects.get(register="enterprise").n == 7


# --- batches --------------------------------------------------------------------------------------------------------
def a_batch(sites, tests):
    batch = services.start_batch(ENTERPRISES, title="普查表", actor=tests, now=NOW)
    values = services.clean(ENTERPRISES, {"name": "新厂", "kind": "other", "region": "990123102"}).values
    services.stage(batch, new=[values, {**values, "name": "新厂二"}], changes=[(sites["S-2"].pk, {"risk": 1})],
                   actor=tests, now=NOW)  # fmt: skip
    return batch


def test_a_batch_cut_off_while_it_is_put_in_force_is_finished_by_putting_it_in_force_again(sites, tests, monkeypatch):
    batch = a_batch(sites, tests)
    with monkeypatch.context() as patch:
        patch.setattr(batch_verbs, "_flip", lambda *_args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            services.publish(batch, actor=tests, now=LATER)
    assert not Enterprise.present.filter(name__startswith="新厂").exists()
    services.publish(batch, actor=tests, now=LATER)
    services.publish(batch, actor=tests, now=LATER)
    assert Enterprise.present.filter(name__startswith="新厂").count() == 2
    assert Enterprise.present.get(code="S-2").risk == 1
    assert Revision.objects.filter(batch=batch, record=None).count() == 1
    assert Entry.objects.get(verb="record.publish").after["digest"] == batch.digest


def test_undoing_a_batch_takes_all_of_it_back_and_frees_its_codes(sites, tests):
    batch = a_batch(sites, tests)
    services.publish(batch, actor=tests, now=LATER)
    codes = list(Enterprise.present.filter(batch=batch).values_list("code", flat=True))
    services.undo(batch, actor=tests, now=LATER)
    assert not Enterprise.present.filter(batch=batch).exists()
    assert Enterprise.present.get(code="S-2").risk == 4
    services.create(
        ENTERPRISES, {"code": codes[0], "name": "再来", "kind": "other", "region": "990123102"}, actor=tests, now=LATER
    )
    with pytest.raises(Refused):
        services.publish(batch, actor=tests, now=LATER)


def test_a_batch_is_not_undone_over_somebodys_later_change(sites, tests):
    batch = a_batch(sites, tests)
    services.publish(batch, actor=tests, now=LATER)
    made = Enterprise.present.filter(batch=batch).first()
    services.change(ENTERPRISES, made, {"risk": 3}, actor=tests, now=LATER)
    assert conflicts(batch) == [made.pk]
    with pytest.raises(Refused, match=made.name):
        services.undo(batch, actor=tests, now=LATER)
    batch.refresh_from_db()
    assert batch.state == BatchState.PUBLISHED


def test_a_batch_with_a_taken_code_leaves_nothing_visible(sites, tests):
    batch = services.start_batch(ENTERPRISES, title="重码", actor=tests, now=NOW)
    values = services.clean(
        ENTERPRISES, {"code": "S-1", "name": "重码厂", "kind": "other", "region": "990123102"}
    ).values
    with pytest.raises(IntegrityError):
        services.stage(batch, new=[values], actor=tests, now=NOW)


def test_S1_rows_of_a_batch_are_held_to_the_writers_region(county, sites):
    keeper = make_user("danya", "record_keeper", region=county.danya)
    batch = services.start_batch(ENTERPRISES, title="越界", actor=keeper, now=NOW)
    values = services.clean(ENTERPRISES, {"name": "越界厂", "kind": "other", "region": "990123101"}).values
    with pytest.raises(NotAllowed):
        services.stage(batch, new=[values], actor=keeper, now=NOW)
    with pytest.raises(NotAllowed):
        services.stage(batch, changes=[(sites["S-1"].pk, {"risk": 1})], actor=keeper, now=NOW)
