"""Duty rosters: what they keep to, how even they are, why a place stays empty, what a swap breaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.science.roster.checking import Breach, Swap, balances, faults_of, hindrances, swap_effect
from anlan.science.roster.making import WEIGHTS, make_roster
from anlan.science.roster.staffing import (
    Day,
    DayKind,
    Duty,
    Measure,
    Pair,
    PairRule,
    Person,
    Role,
    Shift,
    Staffing,
    brought,
    days_between,
    tally,
    touched,
)

FIRST = date(2026, 10, 1)
DAY, NIGHT, WHOLE = Shift("day", 8.5, 9.5), Shift("night", 18, 14.5, night=True), Shift("whole", 8.5, 24, night=True)
GOLDEN_WEEK = [FIRST + timedelta(days=n) for n in range(7)]


def october(last: int = 31) -> tuple[Day, ...]:
    return days_between(FIRST, FIRST.replace(day=last), off=GOLDEN_WEEK, worked=[date(2026, 10, 10)])


def crew(n: int, role: str = "duty", **fields) -> tuple[Person, ...]:
    return tuple(Person(f"p{i:02}", frozenset({role}), **fields) for i in range(n))


def staffing(**fields) -> Staffing:
    """A 24-hour duty of one officer in October, eight officers."""
    plain = {"days": october(), "shifts": (WHOLE,), "roles": (Role("duty", {"whole": 1}),), "people": crew(8)}
    return Staffing(**(plain | fields))


# --- days -------------------------------------------------------------------------------------------------------------


def test_a_saturday_inside_a_holiday_is_a_holiday_and_a_worked_one_is_a_working_day():
    kinds = {day.date.day: day.kind for day in october()}
    assert [kinds[n] for n in (1, 3, 7, 8, 10, 11, 17)] == [
        DayKind.HOLIDAY,
        DayKind.HOLIDAY,
        DayKind.HOLIDAY,
        DayKind.WORKING,
        DayKind.WORKING,
        DayKind.WEEKEND,
        DayKind.WEEKEND,
    ]
    with pytest.raises(ValueError, match="ends after"):
        days_between(FIRST, FIRST - timedelta(days=1), off=(), worked=())


def test_a_night_reaches_into_the_next_day_and_a_day_that_ends_at_midnight_does_not():
    assert touched(FIRST, NIGHT) == [FIRST, FIRST + timedelta(days=1)]
    assert touched(FIRST, Shift("late", 16, 8)) == [FIRST]
    assert len(touched(FIRST, Shift("two", 0, 48))) == 2


# --- a month ----------------------------------------------------------------------------------------------------------


def test_a_month_of_an_ordinary_bureau_is_filled_and_even():
    """Six leaders for a day, twelve officers and nine drivers for day and night."""
    people = (
        *(Person(f"leader{n}", frozenset({"leader"}), rest_h=48) for n in range(6)),
        *(Person(f"officer{n}", frozenset({"officer"}), rest_h=24) for n in range(12)),
        *(Person(f"driver{n}", frozenset({"driver"}), rest_h=24) for n in range(9)),
    )
    roles = (
        Role("leader", {"whole": 1}),
        Role("officer", {"day": 1, "night": 1}),
        Role("driver", {"day": 1, "night": 1}),
    )
    month = Staffing(october(), (DAY, NIGHT, WHOLE), roles, people)
    roster = make_roster(month)
    assert faults_of(roster.duties, month) == ()
    assert (len(roster.duties), roster.gaps, roster.proved) == (31 * 5, (), True)
    assert [(one.role, one.measure) for one in roster.balances if not one.even] == []
    for one in roster.balances:
        assert max(one.loads.values()) - min(one.loads.values()) <= 1


def test_the_same_seed_gives_the_same_roster_and_another_seed_another():
    month = staffing()
    first, again, other = (make_roster(month, seed=seed).duties for seed in (7, 7, 8))
    assert first == again
    assert first != other
    assert balances(first, month)[0].loads != {} and make_roster(month, seed=8).gaps == ()


def test_former_months_are_made_up_for():
    """Whoever stood three duties less in September gets the duties that are lacking."""
    history = {f"p{n:02}": {"duty": dict.fromkeys((Measure.TOTAL, Measure.NIGHT), 4 if n else 1)} for n in range(8)}
    month = staffing(history=history, people=crew(8, rest_h=24))
    loads = next(one.loads for one in make_roster(month).balances if one.measure is Measure.TOTAL)
    assert sum(loads.values()) == 31 + 29
    assert sorted(loads.values()) == [7, 7, 7, 7, 8, 8, 8, 8]


def test_a_newcomer_starts_with_the_mean_of_the_others():
    history = {f"p{n:02}": {"duty": {Measure.TOTAL: 10}} for n in range(1, 8)}
    assert brought(staffing(history=history), "duty", Measure.TOTAL)["p00"] == 10
    half = (Person("new", frozenset({"duty"}), weight=0.5), *crew(8)[1:])
    assert brought(staffing(history=history, people=half), "duty", Measure.TOTAL)["new"] == 5


def test_half_a_share_is_half_the_duties():
    people = (*crew(7), Person("half", frozenset({"duty"}), weight=0.5))
    month = staffing(people=people)
    one = next(one for one in make_roster(month).balances if one.measure is Measure.TOTAL)
    assert one.even
    assert one.loads["half"] == 2
    assert one.shares["half"] == pytest.approx(31 / 15)


def test_what_is_published_stays_and_the_rest_is_drawn_up_around_it():
    month = staffing()
    published = tuple(duty for duty in make_roster(month, seed=1).duties if duty.date.day <= 10)
    ill = replace(month.people[0], away=frozenset(day.date for day in month.days if day.date.day > 10))
    again = replace(month, people=(ill, *month.people[1:]), fixed=published)
    roster = make_roster(again, seed=2)
    assert set(published) <= set(roster.duties)
    assert faults_of(roster.duties, again) == ()


def test_the_last_duty_of_the_former_month_gives_its_rest():
    before = (Duty(FIRST - timedelta(days=1), "whole", "duty", "p00"),)
    month = staffing(days=october(2), people=crew(2, rest_h=12), before=before)
    assert {duty.date.day: duty.person for duty in make_roster(month).duties} == {1: "p01", 2: "p00"}
    tired = staffing(days=october(2), people=crew(2, rest_h=25), before=before)
    assert [duty.date.day for duty in make_roster(tired).duties] == [1], "p00 has rested on the 2nd, 9:30"


def test_no_roster_is_more_even_than_the_one_found():
    """Every roster of four days and three people is tried; the cost is that of the programme."""
    people = (
        Person("a", frozenset({"duty"}), away=frozenset({FIRST})),
        Person("b", frozenset({"duty"}), weight=0.5, most=2),
        Person("c", frozenset({"duty"})),
    )
    history = {"a": {"duty": {Measure.TOTAL: 2}}, "b": {"duty": {}}, "c": {"duty": {Measure.TOTAL: 1}}}
    days = (
        Day(FIRST, DayKind.HOLIDAY),
        *(Day(FIRST + timedelta(days=n)) for n in (1, 2)),
        Day(FIRST + timedelta(days=3), DayKind.WEEKEND),
    )
    small = Staffing(days, (DAY,), (Role("duty", {"day": 1}),), people, history=history)
    weight = {person.id: person.weight for person in people}

    def cost(duties: tuple[Duty, ...]) -> float:
        return sum(
            WEIGHTS[one.measure] * sum(load**2 / weight[person] for person, load in one.loads.items())
            for one in balances(duties, small)
        )

    every = [
        tuple(Duty(day.date, "day", "duty", person) for day, person in zip(days, chosen, strict=True))
        for chosen in product("abc", repeat=4)
    ]
    best = min(cost(duties) for duties in every if not faults_of(duties, small))
    assert cost(make_roster(small).duties) == pytest.approx(best)


# --- places that stay empty -------------------------------------------------------------------------------------------


def test_an_empty_place_names_for_everybody_what_hinders_them():
    holiday = frozenset({FIRST})
    people = (
        Person("away", frozenset({"duty"}), away=holiday),
        Person("leader", frozenset({"leader"})),
        Person("resting", frozenset({"duty"}), rest_h=24),
    )
    before = (Duty(FIRST - timedelta(days=1), "whole", "duty", "resting"),)
    roles = (Role("duty", {"whole": 1}), Role("leader", {"whole": 0}))
    month = Staffing(october(1), (WHOLE,), roles, people, before=before)
    (gap,) = make_roster(month).gaps
    assert (gap.date, gap.shift, gap.role, gap.lacking) == (FIRST, "whole", "duty", 1)
    found = {one.person: [fault.breach for fault in one.faults] for one in gap.hindrances}
    assert found == {"away": [Breach.AWAY], "resting": [Breach.REST]}
    assert gap.hindrances[1].faults[0].with_ == before[0]


def test_a_role_that_nobody_may_take_has_an_empty_place_without_candidates():
    month = staffing(roles=(Role("duty", {"whole": 1}), Role("diver", {"whole": 1})), days=october(2))
    roster = make_roster(month)
    assert [(gap.role, gap.hindrances) for gap in roster.gaps] == [("diver", ()), ("diver", ())]
    assert len(roster.duties) == 2


def test_too_few_people_leave_as_few_places_empty_as_possible():
    month = staffing(people=crew(3, most=5))
    roster = make_roster(month)
    assert len(roster.duties) == 15
    assert sum(gap.lacking for gap in roster.gaps) == 16
    assert {fault.breach for fault in faults_of(roster.duties, month)} == {Breach.SHORT}
    assert all(one.faults for gap in roster.gaps for one in gap.hindrances)


def test_without_people_every_place_is_empty_and_without_places_there_is_nothing_to_do():
    nobody = make_roster(staffing(people=(), days=october(3)))
    assert (nobody.duties, len(nobody.gaps), nobody.gaps[0].hindrances) == ((), 3, ())
    assert make_roster(staffing(roles=(), people=())).duties == ()
    assert make_roster(staffing(people=crew(2), roles=(Role("duty", {"whole": 0}),))).gaps == ()


def test_a_fixed_duty_stays_even_where_it_breaks_a_rule_and_the_checker_names_it():
    people = (Person("a", frozenset({"duty"}), away=frozenset({FIRST}), most=1), *crew(3, rest_h=24))
    fixed = tuple(Duty(FIRST + timedelta(days=n), "whole", "duty", "a") for n in (0, 1))
    month = staffing(people=people, days=october(6), fixed=fixed)
    roster = make_roster(month)
    assert set(fixed) <= set(roster.duties)
    assert sum(duty.person == "a" for duty in roster.duties) == 2, "nothing comes to what is too much already"
    assert breaches(roster.duties, month) == [Breach.AWAY, Breach.REST, Breach.MOST]
    assert roster.gaps == ()


def test_a_pair_apart_is_never_on_duty_on_one_day_and_a_pair_together_always():
    people = crew(6)
    pairs = (Pair("p00", "p01"), Pair("p02", "p03", PairRule.TOGETHER))
    month = staffing(people=people, pairs=pairs, roles=(Role("duty", {"whole": 2}),), days=october(12))
    roster = make_roster(month)
    assert faults_of(roster.duties, month) == ()
    by_day = {day.date: {duty.person for duty in roster.duties if duty.date == day.date} for day in month.days}
    assert all(len(those & {"p00", "p01"}) < 2 for those in by_day.values())
    assert all(len(those & {"p02", "p03"}) != 1 for those in by_day.values())
    assert any({"p02", "p03"} <= those for those in by_day.values())


# --- the checker ------------------------------------------------------------------------------------------------------


def breaches(duties, month) -> list[Breach]:
    return [fault.breach for fault in faults_of(duties, month) if fault.breach is not Breach.SHORT]


def test_each_breach_is_found_by_itself():
    second = FIRST + timedelta(days=1)
    people = (
        Person("a", frozenset({"duty"}), most=1, rest_h=24),
        Person("b", frozenset({"duty"}), away=frozenset({second})),
        Person("c", frozenset()),
        Person("d", frozenset({"duty"}), rest_h=0),
    )
    month = staffing(
        days=october(6),
        people=people,
        shifts=(DAY, NIGHT),
        roles=(Role("duty", {"day": 1, "night": 1}),),
        pairs=(Pair("a", "d"),),
    )

    def duty(day: int, shift: str, person: str) -> Duty:
        return Duty(FIRST + timedelta(days=day - 1), shift, "duty", person)

    assert breaches([], month) == []
    assert breaches([duty(1, "night", "b")], month) == [Breach.AWAY], "it reaches into the 2nd"
    assert breaches([duty(1, "day", "c")], month) == [Breach.UNQUALIFIED]
    assert breaches([duty(1, "day", "a"), duty(6, "day", "a")], month) == [Breach.MOST]
    assert breaches([duty(1, "night", "d"), duty(2, "day", "d")], month) == [], "8:30 to 8:30, and no rest is asked"
    assert breaches([duty(1, "day", "d"), duty(1, "day", "d")], month) == [Breach.CROWDED, Breach.OVERLAP]
    assert breaches([duty(1, "day", "a"), duty(1, "night", "d")], month) == [Breach.PAIR]
    assert breaches([duty(9, "day", "a")], month) == [Breach.STRANGE]
    assert breaches([duty(1, "day", "nobody")], month) == [Breach.STRANGE]
    assert breaches([duty(1, "day", "a"), duty(1, "day", "b")], month) == [Breach.CROWDED]


def test_a_place_that_lacks_people_says_how_many():
    month = staffing(days=october(1), roles=(Role("duty", {"whole": 3}),))
    (fault,) = faults_of([Duty(FIRST, "whole", "duty", "p00")], month)
    assert (fault.breach, fault.date, fault.n, str(fault)) == (Breach.SHORT, FIRST, 2, "short 2026-10-01 whole duty 2")


# --- swaps ------------------------------------------------------------------------------------------------------------


def test_a_swap_that_breaks_nothing_may_be_done():
    month = staffing(people=crew(8, rest_h=24))
    duties = make_roster(month).duties
    mine = duties[0]
    other = next(
        duty
        for duty in duties
        if duty.person != mine.person and not swap_effect(duties, Swap(mine, duty.person, duty), month).faults
    )
    effect = swap_effect(duties, Swap(mine, other.person, other), month)
    assert effect.faults == ()
    assert replace(mine, person=other.person) in effect.duties
    assert replace(other, person=mine.person) in effect.duties
    assert len(effect.duties) == len(duties)
    assert tally(effect.duties, month)[mine.person]["duty"][Measure.TOTAL] == 4


def test_a_swap_names_only_what_it_breaks_itself():
    month = staffing(days=october(4), people=crew(3, rest_h=24))
    duties = tuple(
        Duty(day.date, "whole", "duty", person)
        for day, person in zip(month.days, ("p00", "p01", "p02", "p02"), strict=True)
    )
    assert breaches(duties, month) == [Breach.REST], "wrong before the swap already"
    effect = swap_effect(duties, Swap(duties[0], "p01"), month)
    assert [(fault.breach, fault.person, fault.with_.person) for fault in effect.faults] == [
        (Breach.REST, "p01", "p01")
    ]
    mend = swap_effect(duties, Swap(duties[3], "p00"), month)
    assert (mend.faults, [fault.breach for fault in mend.mended]) == ((), [Breach.REST])
    assert next(one.loads for one in mend.balances if one.measure is Measure.TOTAL) == {"p00": 2, "p01": 1, "p02": 1}


def test_a_swap_with_a_strange_duty_or_oneself_is_refused():
    month = staffing()
    duties = make_roster(month).duties
    stranger = Duty(FIRST, "whole", "duty", "nobody")
    for swap in (
        Swap(stranger, "p00"),
        Swap(duties[0], duties[0].person),
        Swap(duties[0], "p07" if duties[0].person != "p07" else "p06", duties[0]),
    ):
        with pytest.raises(ValueError, match="swap"):
            swap_effect(duties, swap, month)


# --- what cannot be meant ---------------------------------------------------------------------------------------------


def test_all_faults_of_a_staffing_are_named_at_once():
    with pytest.raises(ValueError) as refused:
        staffing(
            shifts=(WHOLE, WHOLE, Shift("long", 30, 90)),
            people=(Person("a", frozenset({"cook"}), weight=0), Person("a", frozenset({"duty"}), rest_h=-1)),
            pairs=(Pair("a", "z"),),
            roles=(Role("duty", {"noon": 1}),),
            fixed=(Duty(FIRST, "whole", "duty", "a"),),
            before=(Duty(FIRST, "whole", "duty", "a"),),
        )
    words = str(refused.value)
    for part in (
        "shift whole",
        "shift long",
        "person a",
        "weight",
        "rest",
        "cook",
        "noon",
        "a pair",
        "fixed",
        "former",
    ):
        assert part in words
    with pytest.raises(ValueError, match="at least one day"):
        staffing(days=())
    with pytest.raises(ValueError, match="without a gap"):
        staffing(days=(october()[0], october()[2]))


# --- laws -------------------------------------------------------------------------------------------------------------


@st.composite
def months(draw) -> Staffing:
    """Small months of every kind: short of people, with leave, pairs, history and two roles."""
    days = october(draw(st.integers(1, 9)))
    shifts = draw(st.sampled_from([(WHOLE,), (DAY, NIGHT), (DAY, NIGHT, WHOLE)]))
    need = {shift.code: draw(st.integers(0, 2)) for shift in shifts}
    roles = (Role("leader", {shifts[0].code: 1}), Role("duty", need))
    n = draw(st.integers(1, 6))
    people = tuple(
        Person(
            f"p{i}",
            draw(st.frozensets(st.sampled_from(["leader", "duty"]))),
            weight=draw(st.sampled_from([0.5, 1.0])),
            away=draw(st.frozensets(st.sampled_from([day.date for day in days]), max_size=4)),
            most=draw(st.none() | st.integers(0, 5)),
            rest_h=draw(st.sampled_from([0, 12, 24, 60])),
        )
        for i in range(n)
    )
    pairs = (Pair("p0", "p1", draw(st.sampled_from(PairRule))),) if n > 1 and draw(st.booleans()) else ()
    history = {"p0": {"duty": dict.fromkeys(Measure, draw(st.integers(0, 6)))}}
    return Staffing(days, shifts, roles, people, pairs, history)


@settings(max_examples=60, deadline=None)
@given(months(), st.integers(0, 3))
def test_no_rule_is_broken_and_each_empty_place_has_its_reasons(month, seed):
    roster = make_roster(month, seed=seed)
    found = faults_of(roster.duties, month)
    assert {fault.breach for fault in found} <= {Breach.SHORT}
    assert {(fault.date, fault.shift, fault.role, fault.n) for fault in found} == {
        (gap.date, gap.shift, gap.role, gap.lacking) for gap in roster.gaps
    }
    assert all(one.faults for gap in roster.gaps for one in gap.hindrances)
    assert roster.duties == make_roster(month, seed=seed).duties


@settings(max_examples=40, deadline=None)
@given(months(), st.data())
def test_a_hindrance_is_what_the_checker_says_when_the_duty_is_added(month, data):
    """Two ways to the same answer: the whole roster judged again, and only the person and partners."""
    duties = make_roster(month).duties
    day = data.draw(st.sampled_from(month.days))
    role = data.draw(st.sampled_from(month.roles))
    shift = data.draw(st.sampled_from(sorted(role.needed)))
    about_place = {Breach.SHORT, Breach.CROWDED}
    before = [fault for fault in faults_of(duties, month) if fault.breach not in about_place]
    for one in hindrances(day.date, shift, role.code, duties, month):
        added = faults_of((*duties, Duty(day.date, shift, role.code, one.person)), month)
        new = [fault for fault in added if fault.breach not in about_place and fault not in before]
        assert sorted(map(str, one.faults)) == sorted(map(str, new))
