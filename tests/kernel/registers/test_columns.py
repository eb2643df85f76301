"""Columns in memory answer as the rows of the database do, after whatever was done to them."""

from __future__ import annotations

import random
from datetime import timedelta

import numpy as np
import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from small_county import NOW, make_user, plant_county

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.apps.sites.models import Enterprise
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import selecting, services
from anlan.kernel.registers.columns import store as stores
from anlan.kernel.registers.columns.text import TextColumn, normal
from anlan.kernel.registers.conditions import Question
from anlan.kernel.registers.services import batches

pytestmark = pytest.mark.django_db

WORDS = ("澜", "润", "化工", "有限公司", "加油站", "仓储", "丹崖", "3号", "12号", "库", "V203", "ａｂ")


def names_of(selection):
    return [row.name for row in selecting.records(ENTERPRISES, selection.pks)]


def asked(actor, **params):
    return selecting.question(ENTERPRISES, actor, params, NOW)


def test_the_search_of_the_columns_is_the_search_of_plain_text():
    random.seed(3)
    rows = ["".join(random.choices(WORDS, k=random.randint(0, 6))) for _ in range(400)]
    column = TextColumn()
    column.build([[normal(row) for row in rows[:150]], [normal(row) for row in rows[150:]]])
    changed = {7: "新", 399: normal("丹崖12号库"), 400: "末"}
    column.put(changed)
    full = [changed.get(k, normal(row)) for k, row in enumerate([*rows, ""])]
    for needle in ("澜", "公司", "化工有", "有限公司加", "v203", "ab", "12号库", "没有", "末", "库3号"):
        found = column.containing(normal(needle), 401)
        assert found.tolist() == [normal(needle) in text for text in full], needle


def test_a_needle_does_not_reach_over_two_rows_or_fields(sites):
    tests = system_user("tests")
    assert selecting.count(ENTERPRISES, asked(tests, q="公司丹崖")) == 0
    assert selecting.count(ENTERPRISES, asked(tests, q="司S-1")) == 0


@pytest.mark.parametrize(
    ("typed", "found"),
    [("澜", 1), ("重庆", 2), ("化工仓", 1), ("cql", 2), ("zql", 2), ("chongqinglu", 2), ("lrhg", 1), ("s-1", 1),
     ("Ｓ－１", 1), ("经二路", 1), ("澜 储", 1), ("澜 丹", 0), ("91990123MA", 1), ("S-", 5), ("%", 0), ("_", 0)],
)  # fmt: skip
def test_search_by_one_two_and_three_characters_initials_and_polyphones(sites, typed, found):
    assert selecting.count(ENTERPRISES, asked(system_user("tests"), q=typed)) == found


def test_names_sort_as_a_dictionary_does_and_numbers_by_value(sites):
    found = selecting.select(ENTERPRISES, asked(system_user("tests")))
    assert names_of(found) == ["重庆路3号库", "重庆路12号库", "丹崖加油站", "澜润化工仓储有限公司", "沙头小学"]


def test_levels_sort_with_the_gravest_first_and_what_has_none_last_both_ways(sites):
    tests = system_user("tests")
    up = selecting.select(ENTERPRISES, asked(tests), sort=selecting.sort_of(ENTERPRISES, "risk"))
    down = selecting.select(ENTERPRISES, asked(tests), sort=selecting.sort_of(ENTERPRISES, "-risk"))
    assert [row.risk for row in selecting.records(ENTERPRISES, up.pks)] == [1, 2, 3, 4, None]
    assert [row.risk for row in selecting.records(ENTERPRISES, down.pks)] == [4, 3, 2, 1, None]


def test_a_second_key_decides_what_the_first_leaves_equal(sites):
    found = selecting.select(
        ENTERPRISES, asked(system_user("tests")), sort=selecting.sort_of(ENTERPRISES, "kind,-name")
    )
    assert [row.code for row in selecting.records(ENTERPRISES, found.pks)] == ["S-1", "S-2", "S-5", "S-4", "S-3"]


@pytest.mark.parametrize(
    ("params", "codes"),
    [
        ({"kind": "warehouse,light"}, {"S-3", "S-4", "S-5"}),
        ({"risk": "1,2"}, {"S-1", "S-5"}),
        ({"risk": "none"}, {"S-3"}),
        ({"risk": "some"}, {"S-1", "S-2", "S-4", "S-5"}),
        ({"region": "990123101"}, {"S-1", "S-3"}),
        ({"region": "990123101201001"}, set()),
        ({"place": "none"}, {"S-3", "S-4", "S-5"}),
        ({"place": "some", "kind": "filling"}, {"S-2"}),
        ({"lon": "104.5.."}, {"S-2"}),
        ({"lon": "..104.5"}, {"S-1"}),
        ({"created_at": "2026-11-22"}, {"S-1", "S-2", "S-3", "S-4", "S-5"}),
        ({"created_at": "..2026-11-21"}, set()),
        ({"created_at": "-1d..today"}, {"S-1", "S-2", "S-3", "S-4", "S-5"}),
        ({"kind": "nonsense"}, set()),
        ({"lon": "x..y"}, set()),
        ({"created_at": "2026-13-45"}, set()),
        ({"keeper": "none"}, {"S-2", "S-3", "S-4", "S-5"}),
        ({"keeper_phone": "some"}, {"S-1"}),
        ({"keeper": "窦长微"}, set()),
        ({"nonsense": "1"}, {"S-1", "S-2", "S-3", "S-4", "S-5"}),
    ],
)
def test_filters_mean_what_the_address_says(sites, params, codes):
    found = selecting.select(ENTERPRISES, asked(system_user("tests"), **params))
    assert {row.code for row in selecting.records(ENTERPRISES, found.pks)} == codes


def test_a_day_is_a_day_of_the_bureaus_zone(sites):
    # Entered on 2026-11-21 19:25 UTC, which is the 22nd here.
    assert selecting.count(ENTERPRISES, asked(system_user("tests"), created_at="2026-11-21")) == 0


def test_counts_by_value_add_up(sites):
    tests = system_user("tests")
    assert selecting.facets(ENTERPRISES, asked(tests), "risk") == {1: 1, 2: 1, 3: 1, 4: 1, None: 1}
    assert selecting.facets(ENTERPRISES, asked(tests), "kind") == {
        "chemical": 1,
        "filling": 1,
        "warehouse": 2,
        "light": 1,
    }


def test_S2_columns_hold_everyone_to_their_regions(county, sites):
    danya = make_user("danya", "record_keeper", region=county.danya)
    nobody = make_user("nobody")
    assert {row.code for row in selecting.records(ENTERPRISES, selecting.select(ENTERPRISES, asked(danya)).pks)} == {
        "S-2", "S-4", "S-5",
    }  # fmt: skip
    assert selecting.count(ENTERPRISES, asked(nobody)) == 0
    assert selecting.count(ENTERPRISES, asked(None)) == 0


def test_a_change_of_another_process_is_seen_at_the_next_question(sites):
    tests = system_user("tests")
    assert selecting.count(ENTERPRISES, asked(tests, q="新名")) == 0
    services.change(ENTERPRISES, sites["S-2"], {"name": "新名加油站"}, actor=tests, now=NOW)
    assert selecting.count(ENTERPRISES, asked(tests, q="新名")) == 1
    assert selecting.count(ENTERPRISES, asked(tests, q="丹崖")) == 0
    services.remove(ENTERPRISES, sites["S-2"], reason="关停", actor=tests, now=NOW)
    assert selecting.count(ENTERPRISES, asked(tests, q="新名")) == 0
    services.restore(ENTERPRISES, sites["S-2"], actor=tests, now=NOW)
    assert selecting.count(ENTERPRISES, asked(tests, q="新名")) == 1


def test_a_batch_is_invisible_until_it_is_published_and_gone_when_undone(county, sites):
    tests = system_user("tests")
    selecting.count(ENTERPRISES, asked(tests))
    batch = services.start_batch(ENTERPRISES, title="三行", actor=tests, now=NOW)
    rows = [
        services.clean(ENTERPRISES, {"name": f"新厂{k}", "kind": "other", "region": "990123102"}).values
        for k in range(3)
    ]
    services.stage(batch, new=rows, changes=[(sites["S-2"].pk, {"address": "新街"})], actor=tests, now=NOW)
    later = services.create(
        ENTERPRISES, {"name": "后来者", "kind": "other", "region": "990123102"}, actor=tests, now=NOW
    )
    assert selecting.count(ENTERPRISES, asked(tests, q="新厂")) == 0
    services.publish(batch, actor=tests, now=NOW)
    assert selecting.count(ENTERPRISES, asked(tests, q="新厂")) == 3
    assert selecting.count(ENTERPRISES, asked(tests, q="新街")) == 1
    store = stores.of(ENTERPRISES)
    assert np.all(np.diff(store.pk) > 0)  # the batch has older numbers than the record entered meanwhile
    assert names_of(selecting.select(ENTERPRISES, asked(tests, q="新厂")))[0] == "新厂0"
    services.undo(batch, actor=tests, now=NOW + timedelta(minutes=1))
    assert selecting.count(ENTERPRISES, asked(tests, q="新厂")) == 0
    assert selecting.count(ENTERPRISES, asked(tests, q="新街")) == 0
    assert selecting.select(ENTERPRISES, asked(tests, q="后来者")).pks == [later.pk]


def test_columns_are_not_asked_inside_a_transaction(sites):
    with transaction.atomic(), pytest.raises(RuntimeError, match="outside of transactions"):
        selecting.count(ENTERPRISES, Question(paths=("/",)))


# --- the same law over random acts ----------------------------------------------------------------------------------
ACT = st.tuples(
    st.sampled_from(["create", "rename", "move", "regrade", "remove", "restore", "batch"]), st.integers(0, 30)
)


@settings(max_examples=25, deadline=None)
@given(acts=st.lists(ACT, max_size=14), ask_each=st.booleans())
def test_columns_kept_through_any_acts_equal_columns_read_afresh(acts, ask_each):
    with transaction.atomic():
        transaction.get_connection().atomic_blocks[-1]._from_testcase = True  # rolled back below, like a test
        county = plant_county()
        tests = system_user("tests")
        stores.forget()
        regions = (county.shatou, county.yuntai, county.danya)
        kept: list[Enterprise] = []
        for act, n in acts:
            _do(act, n, kept, regions, tests)
            if ask_each:
                selecting.select(ENTERPRISES, asked(tests), sort=selecting.sort_of(ENTERPRISES, "risk"))
        here = _everything(tests)
        stores.forget()
        assert here == _everything(tests)
        stores.forget()
        transaction.set_rollback(True)


def _do(act, n, kept, regions, tests):
    name = f"{WORDS[n % len(WORDS)]}{WORDS[n * 7 % len(WORDS)]}{n}"
    if act == "batch":
        batch = services.start_batch(ENTERPRISES, title="b", actor=tests, now=NOW)
        values = {"name": name, "kind": "other", "region": regions[n % 3]}
        made = services.stage(batch, new=[values, {**values, "name": name + "二"}], actor=tests, now=NOW)
        services.publish(batch, actor=tests, now=NOW)
        if n % 4 == 0:
            services.undo(batch, actor=tests, now=NOW)
        else:
            kept += Enterprise.records.filter(pk__in=made)
    elif act == "create" or not kept:
        values = {"name": name, "kind": "mine" if n % 2 else "dust", "region": regions[n % 3], "risk": n % 5 or None}
        kept.append(services.create(ENTERPRISES, values, actor=tests, now=NOW))
    else:
        record = Enterprise.records.get(pk=kept[n % len(kept)].pk)
        if act == "restore":
            services.restore(ENTERPRISES, record, actor=tests, now=NOW)
        elif record.removed_at is None:
            if act == "remove":
                services.remove(ENTERPRISES, record, reason="试验", actor=tests, now=NOW)
            else:
                value = {"rename": {"name": name}, "move": {"region": regions[n % 3]}, "regrade": {"risk": n % 4 + 1}}
                services.change(ENTERPRISES, record, value[act], actor=tests, now=NOW)


def _everything(tests):
    found = {}
    for sort in ("name", "-name", "risk", "-kind,name", "region", "code", "address"):
        spec = selecting.sort_of(ENTERPRISES, sort)
        found[sort] = selecting.select(ENTERPRISES, asked(tests), sort=spec).pks
    for typed in ("澜", "公司", "3号", "v203", "二"):
        found[typed] = sorted(selecting.select(ENTERPRISES, asked(tests, q=typed)).pks)
    found["levels"] = selecting.facets(ENTERPRISES, asked(tests), "risk")
    return found


def test_whoever_reads_by_the_number_of_an_undo_finds_the_former_values(county, sites, monkeypatch):
    """Columns and messages are made from what stands there once the number is seen, and nobody looks again."""
    tests = system_user("tests")
    site = Enterprise.records.get(code="S-1")
    batch = services.start_batch(ENTERPRISES, title="导入", actor=tests, now=NOW)
    services.stage(batch, changes=[(site.pk, {"name": "导入后的名称"})], actor=tests, now=NOW)
    services.publish(batch, actor=tests, now=NOW)
    found = []
    flip = batches._flip

    def seen(*args):
        flip(*args)
        found.append(Enterprise.records.get(pk=site.pk).name)

    monkeypatch.setattr(batches, "_flip", seen)
    services.undo(batch, actor=tests, now=NOW)
    assert found == [site.name]


def test_within_one_moment_every_count_is_of_the_same_state(sites):
    tests = system_user("tests")
    with stores.one_moment():
        assert selecting.count(ENTERPRISES, asked(tests)) == 5
        services.create(ENTERPRISES, {"name": "后来者", "kind": "other", "region": "990123102"}, actor=tests, now=NOW)
        assert selecting.count(ENTERPRISES, asked(tests)) == 5
        assert selecting.totals(tests)["enterprise"] == 5
    assert selecting.count(ENTERPRISES, asked(tests)) == 6
