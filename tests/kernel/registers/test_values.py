"""One reading of what people type, sheets hold and machines send."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_county import plant_county

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.kernel.registers import values
from anlan.kernel.registers.info import Kind
from anlan.kernel.registers.values import BadValue, Lookups, parse, plain

pytestmark = pytest.mark.django_db


def read(name, raw):
    return parse(ENTERPRISES.info(name), raw, Lookups())


@pytest.mark.parametrize(
    ("raw", "level"),
    [(1, 1), ("2", 2), ("Ⅲ", 3), ("三级", 3), ("红", 1), ("橙色", 2), ("较大风险", 2), ("IV", 4),
     ("Ⅰ 红", 1), ("blue", 4), (2.0, 2), ("４", 4)],
)  # fmt: skip
def test_a_level_in_every_writing(raw, level):
    assert read("risk", raw) == level


@pytest.mark.parametrize("raw", ["0", "5", "紫", "红橙", True, 1.5, [1]])
def test_no_level(raw):
    with pytest.raises(BadValue):
        read("risk", raw)


@pytest.mark.parametrize("raw", ["filling", "Filling", "加油（气）站", "Filling station"])
def test_a_choice_by_code_and_by_its_words_in_both_languages(raw):
    assert read("kind", raw) == "filling"


@pytest.mark.parametrize(
    ("raw", "number"), [("104.5", 104.5), ("１０４．５", 104.5), (104, 104.0), ("  104.5 ", 104.5), ("1,04.5", 104.5)]
)
def test_a_number_in_every_writing(raw, number):
    assert read("lon", raw) == number


@pytest.mark.parametrize("raw", ["nan", "inf", "1e400", "181", "-181", "abc", True, "12度", [], {}, "0x10"])
def test_no_longitude(raw):
    if raw in ([],):
        assert read("lon", raw) is None
        return
    with pytest.raises(BadValue):
        read("lon", raw)


@pytest.mark.parametrize(
    "raw",
    ["2026-11-30", "2026/11/30", "2026.11.30", "2026年11月30日", "2026年11月30", "20261130", 20261130.0,
     date(2026, 11, 30), datetime(2026, 11, 30, 5, tzinfo=UTC), "2026-11-30 00:00:00", "2026-11-30T08:00"],
)  # fmt: skip
def test_a_day_in_every_writing(raw):
    info = ENTERPRISES.info("created_at")
    assert values._date(info, raw, Lookups()) == date(2026, 11, 30)


@pytest.mark.parametrize("raw", ["2026-02-30", "30.11.2026", "明天", "1066-10-14", "20261301", 44000.5, ""])
def test_no_day(raw):
    with pytest.raises(BadValue):
        values._date(ENTERPRISES.info("created_at"), raw, Lookups())


def test_a_moment_without_zone_is_in_the_bureaus():
    moment = values._moment(ENTERPRISES.info("created_at"), "2026-11-30 08:00", Lookups())
    assert moment.astimezone(UTC) == datetime(2026, 11, 30, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "code"),
    [("990123101201", "990123101201"), ("沙头村", "990123101201"), ("沧浪镇沙头村", "990123101201"),
     ("安澜县 沧浪镇 / 沙头村", "990123101201"), ("安澜县沙头村", "990123101201"), ("丹崖镇", "990123102"),
     (990123102.0, "990123102")],
)  # fmt: skip
def test_a_place_by_code_by_name_and_by_the_names_above(raw, code):
    plant_county()
    assert read("region", raw).code == code


@pytest.mark.parametrize("raw", ["没有镇", "丹崖镇沙头村", "沙头", "990123999"])
def test_no_place_and_a_village_in_the_wrong_town(raw):
    plant_county()
    with pytest.raises(BadValue, match=raw):
        read("region", raw)


def test_text_is_made_plain_and_its_chinese_signs_stay():
    assert plain("  ＡＢ１２　甲、（乙）\x00\t丙 ") == "AB12 甲、（乙） 丙"


def test_a_text_that_is_too_long_says_how_long_it_may_be():
    with pytest.raises(BadValue, match="120"):
        read("name", "长" * 121)


def test_what_must_be_filled_says_so():
    with pytest.raises(BadValue):
        read("name", " \u3000")


@pytest.mark.parametrize(
    ("raw", "good"),
    [
        ("POLYGON((104 31,105 31,105 32,104 31))", True),
        ('{"type":"LineString","coordinates":[[104,31],[105,32]]}', True),
        ({"type": "Polygon", "coordinates": [[[104, 31], [105, 31], [105, 32], [104, 31]]]}, True),
        ("POINT(104 31)", False),
        ("POLYGON((104 31,105 32,105 31,104 32,104 31))", False),
        ("POLYGON((400000 31,400001 31,400001 32,400000 31))", False),
        ("nonsense", False),
        ('{"type":"Polygon"}', False),
        ({"type": "Polygon", "coordinates": 7}, False),
        (7, False),
    ],
)
def test_an_outline_is_a_line_or_an_area_that_does_not_cross_itself(raw, good):
    info = type(ENTERPRISES.info("lon"))(
        name="outline", kind=Kind.OUTLINE, field=ENTERPRISES.model._meta.get_field("outline")
    )
    if good:
        assert parse(info, raw, Lookups())
    else:
        with pytest.raises(BadValue):
            parse(info, raw, Lookups())


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30),
    st.lists(st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2), st.dates(), st.datetimes(),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(["name", "kind", "risk", "lon", "keeper_phone", "remark", "code"]), raw=ANYTHING)
def test_nothing_that_comes_in_raises_anything_but_a_bad_value(name, raw):
    with contextlib.suppress(BadValue):
        assert values.words_of(ENTERPRISES.info(name), read(name, raw)) is not None
