"""Places in shelters, and what norms ask for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.science.norms import Norm, Per, Standing, lacking, need, standing
from anlan.science.shelters import capacity, occupancy, places_by_town
from tests.science.shipped import entries

NORMS = {code: Norm.of(body) for code, body in entries("norms").items()}
TYPES = entries("shelters")


# --- capacity ---------------------------------------------------------------------------------------------------------


def test_a_school_yard_holds_four_times_as_many_for_a_night_as_for_two_weeks():
    """3,000 m² at 0.5 and 2.0 m² a person."""
    space = [TYPES[code]["m2_per_person"] for code in ("SHELTER-EMERGENCY", "SHELTER-FIXED-SHORT")]
    assert capacity(3000, space).tolist() == [6000, 1500]


def test_half_a_place_is_none_and_rounding_takes_no_whole_one():
    assert capacity([5.9, 6.0, 0.6, 0.3], [2.0, 2.0, 0.2, 0.1]).tolist() == [2, 3, 3, 3]


@pytest.mark.parametrize(("area", "space"), [(-1, 2), (np.nan, 2), (np.inf, 2), (10, 0), (10, -2), (10, np.nan)])
def test_an_area_or_space_that_is_none_is_refused(area, space):
    with pytest.raises(ValueError):
        capacity(area, space)


@given(st.integers(0, 10_000), st.sampled_from([0.5, 2.0, 3.0, 4.5]))
def test_as_many_people_as_fit_have_their_space_and_one_more_has_not(people, space):
    assert capacity(people * space, space) == people
    assert capacity(people * space + space * 0.999, space) == people


# --- occupancy --------------------------------------------------------------------------------------------------------


def test_a_full_shelter_has_no_free_place_and_says_how_many_are_too_many():
    found = occupancy([0, 80, 100, 130, 5], [100, 100, 100, 100, 0])
    assert found.free.tolist() == [100, 20, 0, 0, 0]
    assert found.over.tolist() == [0, 0, 0, 30, 5]
    assert found.share[:4].tolist() == [0, 0.8, 1, 1.3]
    assert np.isnan(found.share[4]), "a share of no place is none"
    with pytest.raises(ValueError):
        occupancy(-1, 10)


# --- towns ------------------------------------------------------------------------------------------------------------


def test_spare_places_of_one_town_do_not_shelter_the_people_of_another():
    share = NORMS["SHELTER-SHARE"].least
    found = places_by_town([10_000, 20_000, 333], share, [2000, 1000, 50])
    assert found.needed.tolist() == [1500, 3000, 50]
    assert found.lacking.tolist() == [0, 2000, 0]
    assert found.spare.tolist() == [500, 0, 0]
    assert found.lacking_in_all == 2000


@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 1), st.integers(0, 10**6)), min_size=1, max_size=8))
def test_needed_places_are_those_there_less_spare_and_more_lacking(towns):
    people, share, room = map(np.array, zip(*towns, strict=True))
    found = places_by_town(people, share, room)
    assert (found.needed == room + found.lacking - found.spare).all()
    assert ((found.lacking == 0) | (found.spare == 0)).all()
    assert (found.needed <= people).all() and (found.needed >= people * share - 1e-6).all()


def test_a_share_above_one_is_refused():
    for bad in ((-1, 0.5, 1), (10, 1.1, 1), (10, -0.1, 1), (10, 0.5, -1), (10, np.nan, 1)):
        with pytest.raises(ValueError):
            places_by_town(*bad)


# --- norms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "people", "days", "amount"),
    [
        ("WATER-DAY", 1000, 3, 45_000),
        ("WATER-SURVIVAL", 1000, 1, 2500),
        ("FOOD-ENERGY", 10, 2, 42_000),
        ("TOILETS-FIRST", 101, 1, 3),
        ("TOILETS", 100, 1, 5),
        ("BLANKETS", 7, 1, 14),
        ("TEAM-VILLAGE", 150, 1, 1500),
    ],
)
def test_what_the_shipped_norms_ask_for(code, people, days, amount):
    assert need(NORMS[code], people, days=days) == amount


def test_pieces_are_whole_and_litres_are_not():
    assert need(Norm(0.1, None, Per.PERSON, whole=True), 30) == 3, "3.0000000000000004 blankets are three"
    assert need(Norm(0.5, None, Per.PERSON, whole=True), 3) == 2
    assert need(Norm(0.5, None, Per.PERSON), 3) == 1.5


def test_what_is_held_and_not_known_is_not_taken_for_none():
    assert lacking([10, 10, 10], [4, 12, np.nan])[:2].tolist() == [6, 0]
    assert np.isnan(lacking(10, np.nan))


@pytest.mark.parametrize(
    ("held", "where"), [(29, Standing.BELOW), (30, Standing.WITHIN), (50, Standing.WITHIN), (51, Standing.ABOVE)]
)
def test_a_towns_team_has_30_to_50_members(held, where):
    assert standing(NORMS["TEAM-TOWN"], held) is where


def test_a_vessel_of_more_than_twenty_years_is_above_the_norm_and_a_station_is_held_to_its_area():
    assert standing(NORMS["AGE-VESSEL"], 20) is Standing.WITHIN
    assert standing(NORMS["AGE-VESSEL"], 20.01) is Standing.ABOVE
    assert standing(NORMS["FIRE-AREA-1"], 7.5) is Standing.ABOVE
    assert standing(NORMS["TOILETS"], 4, count=100) is Standing.BELOW


def test_a_norm_without_a_least_asks_for_nothing_and_days_belong_to_norms_by_day():
    with pytest.raises(ValueError, match="asks for nothing"):
        need(NORMS["FIRE-AREA-1"], 3)
    with pytest.raises(ValueError, match="days"):
        need(NORMS["BLANKETS"], 3, days=2)
    with pytest.raises(ValueError, match="days"):
        need(NORMS["WATER-DAY"], 3, days=0)
    for count in (-1, np.nan):
        with pytest.raises(ValueError, match="count"):
            need(NORMS["WATER-DAY"], count)
    with pytest.raises(ValueError, match="people or places"):
        standing(NORMS["TOILETS"], 1, count=0)


@given(st.sampled_from(sorted(code for code, norm in NORMS.items() if norm.least is not None)), st.integers(1, 10**5))
def test_who_has_what_is_needed_is_not_below_the_norm(code, count):
    norm = NORMS[code]
    enough = float(need(norm, count))
    assert standing(norm, enough, count) is not Standing.BELOW
    assert standing(norm, enough - 1.0 if norm.whole else enough * 0.999, count) is Standing.BELOW
