"""Major hazard installations: every term against the published example, computed again whenever its ground moves."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
import shapely
from django.urls import reverse
from sites_world import NOW, SitesWorld
from small_county import make_user, sign_in

from anlan.apps.sites import jobs
from anlan.apps.sites.assessment_words import read
from anlan.apps.sites.declarations import CHEMICALS, ENTERPRISES, MAJOR_HAZARDS, UNITS
from anlan.apps.sites.models import Assessment, Cause, MajorHazard, Standing
from anlan.apps.sites.services import assessing, nightly
from anlan.kernel.audit.models import Entry
from anlan.kernel.layers import people_within
from anlan.kernel.layers.people_within import People
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.registers import selecting, services

pytestmark = pytest.mark.django_db

BOX = json.dumps(shapely.geometry.mapping(shapely.box(104.04, 31.54, 104.06, 31.56)))


@pytest.fixture
def world(db):
    return SitesWorld()


@pytest.fixture
def census(monkeypatch):
    """A census that answers with what a test puts in; empty it knows nothing."""
    kept: list[People] = []
    asked: list[object] = []

    def count(geometry, *, at, paths):
        asked.append(geometry)
        return kept[0] if kept else None

    monkeypatch.setattr(people_within, "_counts", [(count, "census.see")])
    count.kept, count.asked = kept, asked
    return count


def people(number, covered=1.0):
    return People(2 * number, number, "night", 10, covered, date(2026, 5, 1), "县风险普查")


def plant(world, *stocks, **values):
    """An installation of one unit with these stocks (name, tonnes)."""
    hazard = world.hazard(**{"surveyed_people": 102, "surveyed_on": "2026-05-01", **values})
    unit = world.unit(installation=hazard.code)
    held = [world.chemical(unit, name, tonnes) for name, tonnes in stocks]
    return MajorHazard.present.get(pk=hazard.pk), unit, held


def now_of(hazard):
    return MajorHazard.present.select_related("region", "enterprise").get(pk=hazard.pk)


EXAMPLE = (("硫化氢", 2), ("磷化氢", 2), ("氯", 1))


# --- the published example --------------------------------------------------------------------------------------------
def test_the_unit_of_the_examination_is_of_grade_2_with_every_term_kept(world):
    """Examination bank: q 2, 2, 1 t; Q 5, 1, 5 t; β 5, 20, 4; 102 people: S = 2.6, R = 85.6, grade 2."""
    hazard, _unit, _held = plant(world, *EXAMPLE)
    assert (hazard.s, hazard.r, hazard.alpha, hazard.people, hazard.level) == (2.6, 85.6, 2.0, 102, 2)
    kept = Assessment.objects.filter(installation=hazard).first()
    terms = [
        (one["tonnes"], one["threshold"]["value"], one["threshold"]["table"], one["beta"]["value"],
         one["beta"]["table"], one["share"], one["weighted"])
        for one in kept.terms
    ]  # fmt: skip
    assert terms == [(2, 5, 1, 5, 3, 0.4, 2), (2, 1, 1, 20, 3, 2, 40), (1, 5, 1, 4, 3, 0.2, 0.8)]
    assert kept.people["source"] == "survey"
    assert kept.rules["MH-SUBSTANCES"]["clause"] == "表1"
    assert {"MH-SUBSTANCES", "MH-CLASSES", "MH-GASES", "MH-ALPHA", "MH-LEVELS"} <= set(kept.rules)


def test_the_tab_shows_every_term_with_its_clause(world, client):
    hazard, _unit, _held = plant(world, *EXAMPLE, filed_level=3)
    sign_in(client, world.keeper)
    page = client.get(reverse("registers:archive", args=["major-hazard", hazard.code]) + "?tab=assessment")
    text = page.content.decode()
    for shown in ("硫化氢", "磷化氢", "85.6", "2.6", "GB 18218-2018", "102", "0.4", "40"):
        assert shown in text, shown
    reading = read(Assessment.objects.filter(installation=hazard).first())
    assert reading.verified is True
    assert reading.missing == ()
    assert hazard.differs is True


# --- what is not known is not zero ------------------------------------------------------------------------------------
def test_without_census_boundary_or_survey_the_grade_is_open_and_says_why(world, census):
    hazard, _unit, _held = plant(world, ("氯", 10), surveyed_people=None, surveyed_on=None)
    assert (hazard.standing, hazard.level, hazard.people) == (Standing.UNKNOWN, None, None)
    kept = Assessment.objects.filter(installation=hazard).first()
    assert kept.people["why"] == "boundary"
    world.change(ENTERPRISES, world.firm, outline=BOX)
    kept = Assessment.objects.filter(installation=hazard).first()
    assert kept.people["why"] == "census"
    assert kept.levels == [3, 4]  # R between 4 and 16 by the least and the greatest α
    assert read(kept).missing


def test_the_census_counts_from_the_boundary_of_the_plant(world, census):
    census.kept[:] = [people(61.4)]
    world.change(ENTERPRISES, world.firm, outline=BOX)
    hazard, _unit, _held = plant(world, ("氯", 10), surveyed_people=None, surveyed_on=None)
    assert (hazard.people, hazard.alpha, hazard.r, hazard.level) == (61, 1.5, 12.0, 3)
    west, south, east, north = census.asked[-1].bounds
    assert (north - 31.56) * 110_900 == pytest.approx(500, rel=0.01)
    assert (104.04 - west) * 94_900 == pytest.approx(500, rel=0.01)
    assert south < 31.54
    assert east > 104.06


def test_a_census_that_covers_a_part_of_the_surroundings_does_not_count(world, census):
    census.kept[:] = [people(61, covered=0.6)]
    world.change(ENTERPRISES, world.firm, outline=BOX)
    hazard, _unit, _held = plant(world, ("氯", 10), surveyed_people=None, surveyed_on=None)
    assert (hazard.people, hazard.standing) == (None, Standing.UNKNOWN)
    assert Assessment.objects.filter(installation=hazard).first().people["why"] == "partly"


def test_a_stock_without_design_maximum_leaves_the_result_open(world):
    hazard, unit, _held = plant(world, *EXAMPLE)
    world.chemical(unit, "光气", None)
    hazard = now_of(hazard)
    assert (hazard.standing, hazard.s, hazard.level) == (Standing.UNKNOWN, None, None)
    kept = Assessment.objects.filter(installation=hazard).first()
    assert kept.s_known == 2.6
    assert kept.levels == [1, 2]  # more of anything can only make it graver


def test_an_installation_without_chemicals_is_not_called_harmless(world):
    hazard = world.hazard(surveyed_people=0, surveyed_on="2026-05-01")
    assert hazard.standing == Standing.UNKNOWN
    assert read(Assessment.objects.get(installation=hazard)).missing


def test_live_inventory_never_counts(world):
    hazard, _unit, (first, *_others) = plant(world, *EXAMPLE)
    world.change(CHEMICALS, first, inventory=0.1, inventory_at="2026-11-20 08:00")
    assert now_of(hazard).s == 2.6
    assert Assessment.objects.filter(installation=hazard).first().s == 2.6


# --- computed again ---------------------------------------------------------------------------------------------------
def test_a_change_of_the_design_maximum_computes_it_again_and_keeps_the_former_result(world):
    hazard, _unit, (first, *_others) = plant(world, *EXAMPLE)
    before = Assessment.objects.filter(installation=hazard).count()
    world.change(CHEMICALS, first, design_max=20)
    hazard = now_of(hazard)
    assert (hazard.s, hazard.level) == (6.2, 1)
    assert hazard.r == pytest.approx(2 * (20 + 40 + 0.8))
    assert Assessment.objects.filter(installation=hazard).count() == before + 1
    assert Assessment.objects.filter(installation=hazard, level=2).exists()
    assert Entry.objects.filter(verb="hazard.assess").exists()
    asked = selecting.question(MAJOR_HAZARDS, world.keeper, {"level": "1"}, NOW)
    assert selecting.count(MAJOR_HAZARDS, asked) == 1


def test_a_chemical_that_is_removed_or_moved_leaves_its_former_installation(world):
    hazard, _unit, (_first, second, third) = plant(world, *EXAMPLE)
    services.remove(CHEMICALS, second, reason="停用", actor=world.actor, now=NOW)
    assert now_of(hazard).s == pytest.approx(0.6)
    assert now_of(hazard).standing == Standing.NOT_MAJOR
    elsewhere = world.unit(name="别处的罐")
    world.change(CHEMICALS, third, unit=elsewhere.code)
    assert now_of(hazard).s == pytest.approx(0.4)
    services.restore(CHEMICALS, second, actor=world.actor, now=NOW)
    assert now_of(hazard).s == pytest.approx(2.4)


def test_a_unit_that_moves_changes_both_installations(world):
    hazard, unit, _held = plant(world, *EXAMPLE)
    other = world.hazard(name="另一罐区", surveyed_people=0, surveyed_on="2026-05-01")
    world.change(UNITS, unit, installation=other.code)
    assert now_of(hazard).standing == Standing.UNKNOWN
    assert (now_of(other).s, now_of(other).alpha) == (2.6, 0.5)


def test_a_survey_and_a_filing_are_taken_at_once(world):
    hazard, _unit, _held = plant(world, *EXAMPLE)
    changed = world.change(MAJOR_HAZARDS, hazard, surveyed_people=0)
    assert (changed.alpha, changed.r, changed.level) == (0.5, 21.4, 3)
    assert changed.differs is True
    assert world.change(MAJOR_HAZARDS, hazard, filed_level=3).differs is False
    assert services.clean(MAJOR_HAZARDS, {"surveyed_people": 4, "surveyed_on": ""}, record=changed).blocking


def test_the_night_computes_again_only_what_the_census_or_the_rules_changed(world, census):
    census.kept[:] = [people(61)]
    world.change(ENTERPRISES, world.firm, outline=BOX)
    hazard, _unit, _held = plant(world, *EXAMPLE, surveyed_people=None, surveyed_on=None)
    assert nightly.settle_all(actor=world.actor, now=NOW + timedelta(days=1))["installations"] == 0
    census.kept[:] = [people(20)]
    jobs.night(now=NOW + timedelta(days=2))
    kept = Assessment.objects.filter(installation=hazard).first()
    assert (kept.cause, kept.alpha) == (Cause.NIGHT, 1.0)
    assert now_of(hazard).alpha == 1.0


def test_the_button_assesses_again_and_keeps_the_result_even_when_it_is_the_same(world, client):
    hazard, _unit, _held = plant(world, *EXAMPLE)
    before = Assessment.objects.filter(installation=hazard).count()
    sign_in(client, world.keeper)
    answer = client.post(reverse("sites:assess", args=[hazard.code]))
    assert answer.url.endswith("?tab=assessment")
    kept = Assessment.objects.filter(installation=hazard).first()
    assert Assessment.objects.filter(installation=hazard).count() == before + 1
    assert (kept.cause, kept.by) == (Cause.ASKED, world.keeper)


def test_S2_only_who_may_change_it_assesses_it(world, client):
    hazard, _unit, _held = plant(world, *EXAMPLE)
    looker = make_user("looker", "town_officer", region=world.county.canglang)
    neighbour = make_user("neighbour", "record_keeper", region=world.county.danya)
    with pytest.raises(NotAllowed):
        assessing.assess(hazard, actor=looker, now=NOW)
    sign_in(client, neighbour)
    assert client.post(reverse("sites:assess", args=[hazard.code])).status_code == 404
    sign_in(client, looker)
    assert client.post(reverse("sites:assess", args=[hazard.code])).status_code == 403


def test_a_batch_of_chemicals_computes_its_installations(world):
    hazard, unit, _held = plant(world)
    batch = services.start_batch(CHEMICALS, title="物料", actor=world.actor, now=NOW)
    rows = [
        {"name": name, "enterprise": world.firm, "region": world.firm.region, "unit": unit, "design_max": tonnes}
        for name, tonnes in EXAMPLE
    ]
    services.stage(batch, new=rows, actor=world.actor, now=NOW)
    services.publish(batch, actor=world.actor, now=NOW)
    assert now_of(hazard).level == 2
    asked = selecting.question(CHEMICALS, world.keeper, {"threshold": "some"}, NOW)
    assert selecting.count(CHEMICALS, asked) == 3
