"""Working time against a plain loop, and days counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.kernel.clocks.working import Holidays, add_working_time, working_seconds

BUREAU = ZoneInfo("Asia/Shanghai")
#: National Day 2026: seven days off from Thursday, the Saturday after it is worked.
OCTOBER = Holidays(off=frozenset(date(2026, 10, d) for d in range(1, 8)), on=frozenset({date(2026, 10, 10)}))
DAY = 86400


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BUREAU)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-20 15:00", 1, "2026-11-23 15:00"),  # Friday to Monday
        ("2026-11-20 15:00", 3, "2026-11-25 15:00"),  # to Wednesday
        ("2026-11-22 11:25", 1, "2026-11-24 00:00"),  # Sunday: Monday is the day, it ends at midnight
        ("2026-09-30 09:00", 1, "2026-10-08 09:00"),  # over the week of National Day
        ("2026-10-08 09:00", 2, "2026-10-10 09:00"),  # into the worked Saturday
        ("2026-10-10 09:00", 1, "2026-10-12 09:00"),
    ],
)
def test_days_counted_by_hand(start: str, days: int, end: str) -> None:
    assert add_working_time(at(start), days * DAY, BUREAU, OCTOBER) == at(end)


def test_no_time_at_all_ends_where_it_starts_even_on_a_sunday() -> None:
    assert add_working_time(at("2026-11-22 11:25"), 0, BUREAU) == at("2026-11-22 11:25")


def test_the_answer_is_in_utc() -> None:
    assert add_working_time(at("2026-11-20 15:00"), DAY, BUREAU).tzinfo is UTC


def test_a_span_that_runs_backwards_or_a_naive_start_is_refused() -> None:
    with pytest.raises(ValueError, match="forward"):
        add_working_time(at("2026-11-20 15:00"), -1, BUREAU)
    with pytest.raises(ValueError, match="no zone"):
        add_working_time(datetime(2026, 11, 20), 0, BUREAU)


def test_a_calendar_without_a_working_day_is_refused_and_does_not_run_for_ever() -> None:
    never = Holidays(off=frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(366 * 22)))
    with pytest.raises(ValueError, match="calendar of holidays"):
        add_working_time(at("2026-11-20 15:00"), 1, BUREAU, never)


def by_the_quarter_hour(start: datetime, quarters: int, holidays: Holidays) -> datetime:
    """The plain loop: walk in quarters of an hour and count those on working days."""
    while quarters:
        if holidays.is_working(start.astimezone(BUREAU).date()):
            quarters -= 1
        start += timedelta(minutes=15)
    return start


QUARTER = st.integers(0, 4 * 24 * 60).map(lambda n: datetime(2026, 9, 20, tzinfo=UTC) + timedelta(minutes=15 * n))


@given(QUARTER, st.integers(1, 4 * 24 * 9))
def test_the_same_as_the_plain_loop(start: datetime, quarters: int) -> None:
    assert add_working_time(start, quarters * 900, BUREAU, OCTOBER) == by_the_quarter_hour(start, quarters, OCTOBER)


@given(QUARTER, st.integers(0, 20 * DAY))
def test_what_was_added_is_counted_again(start: datetime, seconds: int) -> None:
    end = add_working_time(start, seconds, BUREAU, OCTOBER)
    assert working_seconds(start, end, BUREAU, OCTOBER) == seconds


@given(QUARTER, st.integers(0, 10 * DAY), st.integers(0, 10 * DAY))
def test_two_spans_one_after_the_other_are_one_long_span(start: datetime, first: int, second: int) -> None:
    """The law that lets a clock be paused and resumed anywhere."""
    middle = add_working_time(start, first, BUREAU, OCTOBER)
    assert (
        add_working_time(middle, second, BUREAU, OCTOBER) == add_working_time(start, first + second, BUREAU, OCTOBER)
        or second == 0
    )


def test_a_day_on_which_the_clocks_are_changed_has_its_own_length() -> None:
    """Shanghai changed its clocks until 1991; on 1990-04-15 the day had 23 hours."""
    start = datetime(1990, 4, 15, 0, 0, tzinfo=BUREAU)
    days = Holidays(on=frozenset({date(1990, 4, 15)}))
    assert working_seconds(start, datetime(1990, 4, 16, 0, 0, tzinfo=BUREAU), BUREAU, days) == 23 * 3600
