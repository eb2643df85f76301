"""Editions of the grid and people in an area."""

from __future__ import annotations

from datetime import date

import h3
import numpy as np
import pytest
import shapely
from census_world import FIRST, SECOND, THIRD, rows
from small_county import NOW, make_user

from anlan.apps.census.models import Cell, Edition, EditionState
from anlan.apps.census.queries.grid import hexagon
from anlan.apps.census.services import editions
from anlan.kernel.audit.models import Entry
from anlan.kernel.layers.people_within import people_for, people_within
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.people.services import system_user
from anlan.science.areas import grown

pytestmark = pytest.mark.django_db


def shape(*cells):
    return shapely.union_all([hexagon(h3.str_to_int(cell)) for cell in cells])


def test_people_are_unknown_before_a_grid_is_in_force(county):
    assert people_within(shape(FIRST)) is None
    editions.stage(rows(county), title="S", surveyed_on=date(2025, 1, 1), actor=system_user("tests"), now=NOW)
    assert people_within(shape(FIRST)) is None, "read in is not in force"


def test_whole_cells_count_whole(grid):
    found = people_within(shape(FIRST, SECOND))
    assert found.people == pytest.approx(140)
    assert found.day == pytest.approx(70)
    assert found.covered == pytest.approx(1, abs=1e-3)
    assert (found.source, found.as_of) == ("Survey", date(2025, 12, 31))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cell_counts_by_the_share_of_its_area(grid, share):
    whole = hexagon(h3.str_to_int(THIRD))
    west, south, east, north = whole.bounds
    low, high = west, east
    for _step in range(60):
        middle = (low + high) / 2
        part = shapely.intersection(whole, shapely.box(west, south, middle, north))
        low, high = (middle, high) if part.area < share * whole.area else (low, middle)
    found = people_within(shapely.box(west - 1e-6, south, middle, north), at="night")
    assert found.people == pytest.approx(60 * share, rel=1e-6)


def test_where_no_cell_is_nobody_is_counted_and_the_answer_says_so(grid):
    found = people_within(shapely.box(104.3, 31.8, 104.31, 31.81))
    assert (found.people, found.cells, found.covered) == (0, 0, 0)
    found = people_within(grown(hexagon(h3.str_to_int(THIRD)).centroid, 500))
    assert 0.1 < found.covered < 0.2, "a cell of 0.1 km² in a circle of 0.79"
    assert found.whole == 60


def test_S1_a_person_is_told_of_the_own_regions_only(grid, county):
    danya = make_user("danya", "town_officer", region=county.danya)
    both = shapely.box(104.0, 31.5, 105.0, 32.0)
    assert people_for(danya, both).people == pytest.approx(60)
    assert people_within(both).people == pytest.approx(200)
    nobody = make_user("nobody", "enterprise", region=county.county)
    assert people_for(nobody, both) is None


def test_another_edition_takes_over_at_once_and_can_be_taken_back(grid, county):
    actor = system_user("tests")
    newer = editions.stage(rows(county, (10, 0, 0)), title="N", surveyed_on=date(2026, 1, 1), actor=actor, now=NOW)
    editions.put_in_force(newer, actor=actor, now=NOW)
    assert people_within(shape(FIRST)).people == pytest.approx(10)
    grid.refresh_from_db()
    assert grid.state == EditionState.FORMER
    editions.put_in_force(grid, actor=actor, now=NOW)
    assert people_within(shape(FIRST)).people == pytest.approx(100)
    with pytest.raises(editions.NotNow):
        editions.put_in_force(grid, actor=actor, now=NOW)


def test_an_edition_that_was_never_in_force_can_be_discarded(grid, county):
    actor = system_user("tests")
    other = editions.stage(rows(county), title="Wrong", surveyed_on=date(2026, 1, 1), actor=actor, now=NOW)
    editions.discard(other, actor=actor, now=NOW)
    assert not Edition.objects.filter(title="Wrong").exists()
    assert Cell.objects.count() == 3
    with pytest.raises(editions.NotNow):
        editions.discard(grid, actor=actor, now=NOW)


def test_each_act_is_kept_in_the_audit_trail(grid):
    verbs = list(Entry.objects.filter(verb__startswith="census.").order_by("id").values_list("verb", flat=True))
    assert verbs == ["census.stage", "census.put_in_force"]


def test_S2_a_town_cannot_replace_the_grid_of_the_county(grid, county):
    town = make_user("danya", "record_keeper", region=county.danya)
    with pytest.raises(NotAllowed):
        editions.stage(rows(county), title="S", surveyed_on=date(2025, 1, 1), actor=town, now=NOW)
    with pytest.raises(NotAllowed):
        editions.put_in_force(grid, actor=town, now=NOW)


def test_a_cell_that_stands_twice_leaves_nothing_behind(county):
    from django.db import IntegrityError, transaction

    double = [*rows(county), rows(county)[0]]
    with pytest.raises(IntegrityError), transaction.atomic():
        editions.stage(double, title="S", surveyed_on=date(2025, 1, 1), actor=system_user("tests"), now=NOW)
    assert not Edition.objects.exists()


def test_cells_of_a_coarser_resolution_hold_the_sums_of_the_finer_ones():
    from anlan.apps.census.layers import _parents

    cells = np.array([h3.str_to_int(cell) for cell in h3.grid_disk(FIRST, 4)], np.int64)
    for resolution in (7, 8, 9):
        wanted = [h3.str_to_int(h3.cell_to_parent(h3.int_to_str(cell), resolution)) for cell in cells.tolist()]
        assert _parents(cells, resolution).tolist() == wanted
