"""Which of many points a tile shows: the ones that matter first, the others spread over it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats.mvt import cluster, thin

always = settings(max_examples=100, deadline=None, derandomize=True, database=None)
crowds = st.lists(
    st.tuples(st.integers(-64, 4159), st.integers(-64, 4159), st.integers(1, 5)), min_size=1, max_size=60
)  # fmt: skip


def columns(crowd):
    return tuple(np.array(column) for column in zip(*crowd, strict=True))


def test_few_points_are_all_shown():
    shown = thin([1, 2, 3], [1, 2, 3], [5, 1, 5], limit=3, cell=64)
    assert (shown.rows.tolist(), shown.left_out) == ([0, 1, 2], 0)
    assert thin([], [], [], limit=1, cell=64).left_out == 0


def test_every_red_point_is_shown_before_any_other():
    rng = np.random.default_rng(4)
    x, y = rng.integers(0, 4096, (2, 20_000))
    level = np.full(20_000, 5)
    level[:300], level[300:900] = 1, 2
    order = rng.permutation(20_000)
    shown = thin(x[order], y[order], level[order], limit=5_000, cell=64)
    assert shown.rows.size == 5_000
    assert shown.left_out == 15_000
    assert np.bincount(level[order][shown.rows])[[1, 2]].tolist() == [300, 600]


def test_equal_points_take_turns_by_cells():
    # Three crowds of 100 and three single points, each in a cell of its own: every cell gets one, then the crowds.
    x = np.concatenate([np.repeat([10, 200, 400], 100), [600, 800, 1000]])
    shown = thin(x, np.zeros(303), np.full(303, 5), limit=12, cell=64)
    assert np.unique(x[shown.rows] // 64, return_counts=True)[1].tolist() == [3, 3, 3, 1, 1, 1]


def test_a_cell_that_shows_alarms_waits_with_its_quiet_points():
    x, level = np.array([10, 11, 12, 200]), np.array([1, 1, 5, 5])
    assert thin(x, np.zeros(4), level, limit=3, cell=64).rows.tolist() == [0, 1, 3]


def test_the_last_places_do_not_all_go_to_one_side():
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(0, 4096, 64), np.arange(0, 4096, 64)))
    shown = thin(x, y, np.full(x.size, 5), limit=x.size // 8, cell=64)
    quarters = np.unique((x[shown.rows] // 2048) * 2 + y[shown.rows] // 2048, return_counts=True)[1]
    assert quarters.size == 4
    assert quarters.min() > 0.8 * quarters.mean()


@always
@given(crowds, st.integers(1, 60), st.sampled_from([1, 64, 1000, 8192]))
def test_a_point_is_shown_only_when_all_that_matter_more_are(crowd, limit, cell):
    x, y, level = columns(crowd)
    shown = thin(x, y, level, limit, cell)
    assert shown.rows.size == min(limit, x.size)
    assert shown.left_out == x.size - shown.rows.size
    assert np.all(np.diff(shown.rows) > 0)
    left = np.delete(level, shown.rows)
    assert not left.size or level[shown.rows].max() <= left.min()
    assert thin(x, y, level, limit, cell).rows.tolist() == shown.rows.tolist()


@always
@given(crowds, st.integers(1, 60), st.sampled_from([64, 1000]))
def test_no_cell_gets_a_second_place_while_another_has_none(crowd, limit, cell):
    x, y, _level = columns(crowd)
    shown = thin(x, y, np.full(x.size, 5), limit, cell).rows
    cells = list(zip((x // cell).tolist(), (y // cell).tolist(), strict=True))
    had = {one: [cells[row] for row in shown].count(one) for one in cells}
    most = max(had.values())
    assert all(had[one] >= most - 1 or had[one] == cells.count(one) for one in had)


@always
@given(crowds, st.sampled_from([64, 1000]))
def test_clusters_count_every_point_once_and_carry_its_level_up(crowd, cell):
    x, y, level = columns(crowd)
    found = cluster(x, y, level, cell)
    assert found.count.sum() == x.size
    at = list(zip(np.floor(found.x / cell).tolist(), np.floor(found.y / cell).tolist(), strict=True))
    cells = list(zip((x // cell).tolist(), (y // cell).tolist(), strict=True))
    assert sorted(at) == sorted(set(cells))
    for where, count, highest in zip(at, found.count.tolist(), found.level.tolist(), strict=True):
        members = [number for number, one in enumerate(cells) if one == where]
        assert (count, highest) == (len(members), level[members].min())


def test_a_cluster_stands_in_the_middle_of_its_points():
    found = cluster([0, 10, 500], [0, 30, 500], [5, 2, 4], 64)
    assert list(zip(found.x, found.y, found.count, found.level, strict=True)) == [(5, 15, 2, 2), (500, 500, 1, 4)]
    assert cluster([], [], [], 64).count.size == 0


def test_thinning_needs_a_limit_a_cell_and_points_that_are_somewhere():
    for wrong in (
        {"limit": 0}, {"cell": 0}, {"y": [1]}, {"priority": [1]}, {"x": [np.nan, 1]},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="needed"):
            thin(**({"x": [1, 2], "y": [1, 2], "priority": [1, 2], "limit": 1, "cell": 64} | wrong))
    with pytest.raises(ValueError, match="levels are needed"):
        cluster([1, 2], [1, 2], [1], 64)
