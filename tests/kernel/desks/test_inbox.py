"""The order in which work stands before a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from anlan.kernel.desks.inbox import Item, grouped, order

NOW = datetime(2026, 11, 22, 3, 25, tzinfo=UTC)


def item(ref: str, *, due: timedelta | None = None, level: int | None = 3, age: int = 0) -> Item:
    return Item(
        url="",
        ref=ref,
        kind="alarm",
        title=ref,
        place="",
        state="",
        level=level,
        at=NOW - timedelta(minutes=age),
        due=NOW + due if due is not None else None,
    )


def test_the_nearest_clock_comes_first_whatever_the_level():
    late, soon, red = (
        item("late", due=timedelta(minutes=-1)),
        item("soon", due=timedelta(minutes=5)),
        item("red", due=timedelta(hours=2), level=1),
    )
    assert sorted([red, soon, late], key=order) == [late, soon, red]


def test_of_equal_clocks_the_higher_level_comes_first():
    due = timedelta(minutes=5)
    assert [one.ref for one in sorted([item("b", due=due, level=4), item("a", due=due, level=1)], key=order)] == [
        "a",
        "b",
    ]


def test_what_has_no_clock_comes_after_everything_that_has_one():
    assert [one.ref for one in sorted([item("none", level=1), item("far", due=timedelta(days=30))], key=order)] == [
        "far",
        "none",
    ]


def test_groups_say_what_the_clock_says_and_empty_ones_are_left_out():
    groups = grouped(
        [
            item("late", due=timedelta(seconds=-1)),
            item("now", due=timedelta(0)),
            item("hour", due=timedelta(minutes=59)),
            item("day", due=timedelta(hours=23)),
            item("never"),
        ],
        NOW,
    )
    assert [[one.ref for one in group.items] for group in groups] == [["late"], ["now", "hour"], ["day"], ["never"]]
    assert [group.late for group in groups] == [True, False, False, False]
