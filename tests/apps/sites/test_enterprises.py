"""Enterprises and what hangs on them: checks warn and do not block, plant ages, licences end, ponds get their grade."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from sites_world import NOW, SitesWorld
from small_county import make_user, sign_in

from anlan.apps.sites import enterprise_queries as queries
from anlan.apps.sites.declarations import (
    CHEMICALS,
    ENTERPRISES,
    LICENCES,
    TAILINGS_PONDS,
    UNITS,
)
from anlan.apps.sites.models import LicenceKind, Sector, TailingsPond, Unit
from anlan.apps.sites.models.enterprises import Scale, Standardisation
from anlan.apps.sites.models.mines import PondGrade
from anlan.apps.sites.models.plants import HazardClass
from anlan.apps.sites.services import figures, nightly
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.registers import selecting, services
from anlan.kernel.registers.models import Revision
from anlan.kernel.rulebook.codes import code_list
from anlan.kernel.rulebook.queries import entries, lookup

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return SitesWorld()


def found(register, raw, record=None):
    return {(fault.field, fault.code): fault for fault in services.clean(register, raw, record=record).faults}


# --- checks -----------------------------------------------------------------------------------------------------------
def test_a_wrong_check_digit_of_the_credit_code_warns_and_does_not_block(world):
    raw = {"name": "抄错代码的企业", "kind": "light", "region": "990123101", "credit_code": "91990123MA00000159"}
    fault = found(ENTERPRISES, raw)["credit_code", "wrong_check"]
    assert not fault.blocks
    assert "8" in fault.words
    assert services.create(ENTERPRISES, raw, actor=world.actor, now=NOW).credit_code == "91990123MA00000159"


@pytest.mark.parametrize(
    ("code", "fault"), [("9199", "wrong_length"), ("91990123MI00000158", "wrong_sign"), ("91990123MA00000158", None)]
)
def test_each_fault_of_a_credit_code_is_named(world, code, fault):
    raw = {"name": "一号企业", "kind": "light", "region": "990123101", "credit_code": code}
    assert [one for field, one in found(ENTERPRISES, raw) if field == "credit_code"] == ([fault] if fault else [])


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"industry": "9999"}, "industry", "unknown"),
        ({"industry": "A2614"}, "industry", "unknown"),
        ({"industry": "2614", "scale": "large", "staff": 86, "revenue": 3000}, "scale", "differs"),
        ({"staff": 90, "insured_staff": 60}, "insured_staff", "fewer"),
        ({"insured_person": 30}, "insured_person", "low"),
        ({"kind": "mine", "safety_staff": 0}, "safety_staff", "missing"),
        ({"kind": "light", "staff": 101, "safety_staff": 0}, "safety_staff", "missing"),
    ],
)
def test_what_does_not_fit_together_is_told_and_kept(world, more, field, code):
    raw = {"name": "一号企业", "kind": "light", "region": "990123101", **more}
    assert not found(ENTERPRISES, raw)[field, code].blocks
    services.create(ENTERPRISES, raw, actor=world.actor, now=NOW)


@pytest.mark.parametrize(
    "more",
    [
        {"industry": "C2614", "scale": "small", "staff": 86, "revenue": 3000},
        {"industry": "2614", "scale": "medium", "staff": 400},  # the revenue may still be anything
        {"kind": "light", "staff": 100, "safety_staff": 0},
        {"insured_person": 40, "staff": 90, "insured_staff": 90},
    ],
)
def test_what_fits_is_not_told(world, more):
    assert not found(ENTERPRISES, {"name": "一号企业", "kind": "light", "region": "990123101", **more})


def test_closed_lists_are_those_of_the_rulebook(world):
    shipped = {entry.code for entry in entries("licence", NOW)}
    assert set(LicenceKind.values) - {"OTHER"} == shipped
    assert set(Standardisation.values) == set(code_list("STANDARDISATION", at=NOW))
    ponds = lookup("grading", "TAILINGS-POND", at=NOW).body["grades"]
    assert list(PondGrade.values) == [one["code"] for one in ponds]
    scales = lookup("enterprise_scale", "SCALE-INDUSTRY", at=NOW).body["grades"]
    assert list(Scale.values) == [one["code"] for one in scales]
    classes = lookup("major_hazard", "MH-CLASSES", at=NOW).body["classes"]
    assert set(HazardClass.values) == {one["symbol"] for one in classes}
    assert {"chemical", "mine", "metal"} <= set(Sector.values)


# --- licences ---------------------------------------------------------------------------------------------------------
def test_a_licence_that_ends_before_it_begins_is_refused_and_a_long_one_is_told(world):
    raw = {"name": "证", "kind": "LIC-PRODUCTION", "enterprise": world.firm.code, "since": "2025-03-01"}
    assert found(LICENCES, {**raw, "until": "2025-02-01"})["until", "order"].blocks
    assert not found(LICENCES, {**raw, "until": "2028-03-02"})["until", "long"].blocks
    assert not found(LICENCES, {**raw, "until": "2028-03-01"})


def test_licences_that_end_are_views_a_column_and_lines_on_the_archive(world, client):
    today = timezone.localdate()
    days = {"到期": -3, "本月": 20, "两月": 70, "明年": 400}
    for name, ahead in days.items():
        world.part(LICENCES, name=name, kind="LIC-PRODUCTION", until=(today + timedelta(days=ahead)).isoformat())
    views = {view.code: view.query for view in LICENCES.views}
    keeper = world.keeper
    names = {}
    for code, query in views.items():
        params = dict(part.split("=") for part in query.split("&") if not part.startswith("sort"))
        asked = selecting.question(LICENCES, keeper, params, timezone.now())
        names[code] = {row.name for row in selecting.records(LICENCES, selecting.select(LICENCES, asked).pks)}
    assert names == {"ending": {"本月"}, "renew": {"本月", "两月"}, "ended": {"到期"}}
    # Renewal of this licence is asked for 90 days before its end, so two are to be renewed by now.
    assert queries.licences_ending([world.firm.pk], today, queries.renewal_days(NOW)) == {
        world.firm.pk: queries.Ending(ended=1, ending=2)
    }
    assert world.firm.pk in figures.licences_ending([world.firm.pk])
    sign_in(client, keeper)
    page = client.get(reverse("registers:archive", args=["enterprise", world.firm.code])).content.decode()
    assert "?tab=licence" in page
    assert "1" in page


# --- plant ------------------------------------------------------------------------------------------------------------
def test_plant_is_ageing_from_the_day_after_twenty_years(world):
    unit = world.unit(built_on="2006-11-22")
    assert unit.ageing is False  # NOW is that day twenty years on, in the bureau's zone
    older = world.unit(name="老装置", built_on="2006-11-21")
    assert older.ageing is True
    assert nightly.settle_all(actor=world.actor, now=NOW)["units"] == 0
    assert nightly.settle_all(actor=world.actor, now=NOW + timedelta(days=1))["units"] == 1
    assert Unit.present.get(pk=unit.pk).ageing is True
    line = Revision.objects.filter(register="unit", record=unit.pk).last()
    assert (line.before, line.after) == ({"ageing": False}, {"ageing": True})
    asked = selecting.question(UNITS, world.keeper, {"ageing": "1"}, NOW)
    assert selecting.count(UNITS, asked) == 2


def test_its_own_design_life_ages_plant_earlier(world):
    assert world.unit(built_on="2014-01-01", design_years=10).ageing is True
    assert world.unit(name="新", built_on="2014-01-01", design_years=15).ageing is False


def test_computed_values_do_not_make_an_open_form_stale(world):
    unit = world.unit(built_on="2006-11-22")
    seen = unit.revision
    nightly.settle_all(actor=world.actor, now=NOW + timedelta(days=1))
    changed = services.change(UNITS, unit, {"medium": "甲醇"}, actor=world.actor, now=NOW, seen=seen)
    assert changed.medium == "甲醇"
    assert Unit.present.get(pk=unit.pk).ageing in (True, False)


def test_a_unit_or_chemical_of_another_enterprise_is_refused(world):
    other = world.enterprise(name="另一家企业")
    unit = world.unit()
    assert found(CHEMICALS, {"name": "氯", "enterprise": other.code, "unit": unit.code})["unit", "other"].blocks
    hazard = world.hazard()
    raw = {"name": "罐", "kind": "tank", "enterprise": other.code, "installation": hazard.code}
    assert found(UNITS, raw)["installation", "other"].blocks


def test_a_chemical_tells_its_q_and_warns_of_what_is_amiss(world):
    chlorine = world.part(CHEMICALS, name="液氯", cas="7782-50-5", design_max=4)
    assert (chlorine.threshold, chlorine.found_as) == (5.0, "1-12 氯")
    by_class = world.part(CHEMICALS, name="某反应中间体", classes=["J5", "W5.3"], design_max=4)
    assert (by_class.threshold, by_class.found_as) == (500.0, "2-J5")
    raw = {"name": "某物", "enterprise": world.firm.code, "cas": "7782-50-6", "design_max": 4, "inventory": 5}
    faults = found(CHEMICALS, raw)
    assert {key for key, fault in faults.items() if fault.blocks} == {("inventory_at", "missing")}
    assert {("cas", "wrong_check"), ("inventory", "above"), ("classes", "unknown")} <= set(faults)


# --- tailings ponds ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("volume", "height", "grade"),
    [(420, 48, "grade-4"), (1200, 48, "grade-3"), (1200, 20, "grade-4"), (50, 20, "grade-5"), (None, 48, "")],
)
def test_a_pond_gets_its_grade_from_volume_and_height(world, volume, height, grade):
    pond = world.part(TAILINGS_PONDS, name="尾矿库", volume=volume, height=height)
    assert pond.grade == grade


@pytest.mark.parametrize(("nearest", "head"), [(1000, True), (1001, False), (None, None)])
def test_a_head_pond_has_people_within_the_distance_of_the_rulebook(world, nearest, head):
    pond = world.part(TAILINGS_PONDS, name="尾矿库", nearest_m=nearest, downstream_people=138)
    assert pond.is_head_pond is head
    changed = services.change(TAILINGS_PONDS, pond, {"nearest_m": 300}, actor=world.actor, now=NOW)
    assert changed.is_head_pond is True
    assert TailingsPond.present.get(pk=pond.pk).is_head_pond is True


def test_a_filed_grade_that_differs_is_told(world):
    raw = {"name": "库", "region": "990123101", "volume": 420, "height": 48}
    assert found(TAILINGS_PONDS, {**raw, "filed_grade": "grade-3"})["filed_grade", "differs"].blocks is False
    assert not found(TAILINGS_PONDS, {**raw, "filed_grade": "grade-4"})


# --- rights and batches -----------------------------------------------------------------------------------------------
def test_S2_nobody_changes_an_enterprise_of_another_town(world):
    neighbour = make_user("neighbour", "record_keeper", region=world.county.danya)
    with pytest.raises(NotAllowed):
        services.change(ENTERPRISES, world.firm, {"staff": 1}, actor=neighbour, now=NOW)


def test_a_batch_of_units_is_computed_too_and_told_to_every_reader(world):
    batch = services.start_batch(UNITS, title="装置", actor=world.actor, now=NOW)
    row = {"name": "老储罐", "kind": "tank", "enterprise": world.firm, "region": world.firm.region,
           "built_on": date(1999, 5, 1)}  # fmt: skip
    services.stage(batch, new=[row], actor=world.actor, now=NOW)
    services.publish(batch, actor=world.actor, now=NOW)
    asked = selecting.question(UNITS, world.keeper, {"ageing": "1"}, datetime(2026, 11, 22, tzinfo=UTC))
    assert selecting.count(UNITS, asked) == 1
