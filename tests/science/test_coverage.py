"""What fire stations reach, by distance."""

from __future__ import annotations

import csv
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.science.coverage import EARTH_KM, coverage, distances_km, reach_km
from tests.science.published import recording
from tests.science.shipped import entries


def san_francisco() -> tuple[np.ndarray, np.ndarray]:
    """(m along streets [site, tract], people [tract]): ../shared/data/optim/README.md."""
    people = {row["NAME"]: float(row["POP2000"]) for row in _rows("SF_demand_205_centroid_uniform_weight.csv")}
    tracts = list(people)
    rows = _rows("SF_network_distance_candidateStore_16_censusTract_205_new.csv")
    sites = list(dict.fromkeys(row["name"] for row in rows))
    distance = np.full((len(sites), len(tracts)), np.nan)
    for row in rows:
        distance[sites.index(row["name"]), tracts.index(row["DestinationName"])] = float(row["distance"])
    return distance, np.array(list(people.values()))


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(recording("optim", name)))


# --- published --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sites", "people"), [(2, 671_938), (4, 875_247), (8, 955_113)])
def test_the_best_sites_of_san_francisco_reach_as_many_people_as_the_published_optimum(sites, people):
    """Maximal covering with 5,000 along streets: every choice of 2, 4 and 8 of 16 sites is tried."""
    metres, demand = san_francisco()
    best = max(
        combinations(range(16), sites), key=lambda chosen: demand[(metres[list(chosen)] <= 5000).any(axis=0)].sum()
    )
    found = coverage(metres[list(best)] / 1000, demand, 5.0)
    assert (found.reached, found.weight) == (people, 955_113)
    assert found.share == pytest.approx(people / 955_113)
    every = [coverage(metres[list(chosen)] / 1000, demand, 5.0).reached for chosen in combinations(range(16), 2)]
    assert max(every) == 671_938


def test_a_quarter_of_the_earth_lies_between_pole_and_equator():
    quarter = EARTH_KM * np.pi / 2
    found = distances_km([0, 0, 179.5], [0, 90, 0], [0, 90, -179.5], [90, 0, 0])
    assert found == pytest.approx(
        np.array(
            [
                [quarter, quarter, EARTH_KM * np.radians(179.5)],
                [0, quarter, quarter],
                [quarter, EARTH_KM * np.radians(89.5), EARTH_KM * np.radians(1)],
            ]
        )
    )


def test_a_reach_follows_from_the_minutes_of_the_rulebook():
    """Four minutes at 30 to 35 km/h with detours of 1.5 to 1.3: 1.3 to 1.8 km."""
    norms = entries("norms")
    speed, detour = norms["FIRE-SPEED"], norms["ROAD-DETOUR"]
    assert reach_km(4, speed["least"], detour["most"]) == pytest.approx(1.33, abs=0.01)
    assert reach_km(4, speed["most"], detour["least"]) == pytest.approx(1.79, abs=0.01)
    for bad in ((0, 30, 1.3), (4, -1, 1.3), (4, 30, 0.9)):
        with pytest.raises(ValueError, match="detour"):
            reach_km(*bad)


# --- what is counted --------------------------------------------------------------------------------------------------


def test_places_are_counted_and_the_nearest_is_named_even_out_of_reach():
    distance = np.array([[1.0, 4.0, 9.0, np.nan], [2.0, 3.0, 8.0, np.nan]])
    found = coverage(distance, [10, 20, 30, 40], [3.0, 3.0])
    assert found.by.tolist() == [2, 1, 0, 0]
    assert found.nearest.tolist() == [0, 1, 1, -1]
    assert found.km[:3].tolist() == [1, 3, 8] and np.isnan(found.km[3])
    assert (found.reached, found.weight, found.share) == (30, 100, 0.3)


def test_each_place_has_a_radius_of_its_own_and_the_edge_is_reached():
    assert coverage([[2.0], [2.0]], [5], [1.9, 2.0]).by.tolist() == [1]


def test_without_places_nothing_is_reached_and_without_demand_there_is_no_share():
    assert coverage(np.empty((0, 2)), [1, 1], 3.0).share == 0
    assert np.isnan(coverage(np.empty((2, 0)), [], 3.0).share)


def test_what_cannot_be_meant_is_refused():
    for distance, weight, radius in (
        ([1.0], [1], 1),
        ([[1.0]], [1, 2], 1),
        ([[1.0]], [-1], 1),
        ([[1.0]], [np.nan], 1),
        ([[1.0]], [1], -1),
    ):
        with pytest.raises(ValueError):
            coverage(distance, weight, radius)
    with pytest.raises(ValueError, match="degrees"):
        distances_km([200], [0], [0], [0])
    with pytest.raises(ValueError, match="one length"):
        distances_km([0, 1], [0], [0], [0])
    assert np.isnan(distances_km([np.nan], [0], [0], [0]))


# --- laws -------------------------------------------------------------------------------------------------------------

points = st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=5)


@given(points, points)
def test_distances_are_the_same_there_and_back_and_never_more_than_half_the_globe(a, b):
    (lon_a, lat_a), (lon_b, lat_b) = np.array(a).T, np.array(b).T
    there, back = distances_km(lon_a, lat_a, lon_b, lat_b), distances_km(lon_b, lat_b, lon_a, lat_a)
    assert there == pytest.approx(back.T, abs=1e-6)
    assert ((there >= 0) & (there <= np.pi * EARTH_KM + 1e-6)).all()
    assert np.diag(distances_km(lon_a, lat_a, lon_a, lat_a)) == pytest.approx(0, abs=1e-3)


@given(st.integers(0, 5), st.integers(1, 8), st.floats(0, 10), st.floats(0, 5), st.randoms(use_true_random=False))
def test_a_place_more_or_a_wider_radius_never_reaches_less_and_the_loop_agrees(places, demand, radius, wider, rng):
    distance = np.array([[rng.uniform(0, 10) for _d in range(demand)] for _p in range(places + 1)])
    weight = np.array([rng.uniform(0, 100) for _d in range(demand)])
    fewer, more = coverage(distance[:places], weight, radius), coverage(distance, weight, radius)
    assert fewer.reached <= more.reached <= coverage(distance, weight, radius + wider).reached
    plain = sum(w for d, w in enumerate(weight) if any(distance[p, d] <= radius for p in range(places + 1)))
    assert more.reached == pytest.approx(plain)
