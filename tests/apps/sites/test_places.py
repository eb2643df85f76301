"""What schools, hospitals, lifelines and stations check and show."""

from __future__ import annotations

import pytest
import shapely
from django.urls import reverse
from small_county import NOW, sign_in

from anlan.apps.sites.declarations import CROWDED_PLACES, HOSPITALS, LINES, SCHOOLS, STATIONS
from anlan.kernel.registers import selecting, services

VALUES = {
    "school": {"name": "临江小学", "kind": "primary", "students": 612, "boarders": 140},
    "hospital": {"name": "中心卫生院", "kind": "township", "beds": 96, "icu_beds": 8, "burn_beds": 6},
    "crowded-place": {"name": "养老服务中心", "kind": "elderly", "capacity": 180, "sleepers": 120, "helpless": 46},
    "station": {"name": "水文站", "kind": "hydro", "warning_m": 401.5, "guarantee_m": 403},
    "lifeline-line": {"name": "燃气管道", "kind": "gas"},
}  # fmt: skip
PLACE = {"region": "990123101201", "lon": 104.1, "lat": 31.6}


def values_of(register, **other):
    return {**PLACE, **VALUES[register.code], **other}


def faults(register, **other):
    return [(one.field, one.blocks) for one in services.clean(register, values_of(register, **other)).faults]


@pytest.mark.parametrize(
    ("register", "values", "expected"),
    [
        (SCHOOLS, {"students": 100, "boarders": 140}, [("boarders", True)]),
        (SCHOOLS, {"students": None}, []),
        (HOSPITALS, {"beds": 10}, [("beds", True)]),
        (CROWDED_PLACES, {"capacity": 50}, [("sleepers", False)]),
        (STATIONS, {"warning_m": 404}, [("warning_m", False)]),
    ],
)
def test_numbers_that_contradict_each_other_are_told(world, register, values, expected):
    assert faults(register, **values) == expected


def test_a_pipeline_keeps_its_line(world):
    shape = shapely.to_wkb(shapely.LineString([(104.05, 31.55), (104.1, 31.6), (104.2, 31.62)]))
    batch = services.start_batch(LINES, title="lines", actor=world.actor, now=NOW)
    row = {**VALUES["lifeline-line"], "region": world.county.shatou, "lon": 104.1, "lat": 31.6, "outline": shape}
    (pk,) = services.stage(batch, new=[row], actor=world.actor, now=NOW)
    services.publish(batch, actor=world.actor, now=NOW)
    made = LINES.model.present.get(pk=pk)
    assert shapely.from_wkb(bytes(made.outline)).geom_type == "LineString"


def test_the_views_of_a_register_find_what_they_say(world):
    services.create(SCHOOLS, values_of(SCHOOLS), actor=world.actor, now=NOW)
    services.create(SCHOOLS, values_of(SCHOOLS, boarders=0, name="走读小学"), actor=world.actor, now=NOW)
    (boarding,) = (view for view in SCHOOLS.views if view.code == "boarding")
    name, _, value = boarding.query.partition("=")
    question = selecting.question(SCHOOLS, world.keeper, {name: value}, NOW)
    assert selecting.count(SCHOOLS, question) == 1


def test_the_foot_of_the_registers_leads_to_patrols_and_spot_checks(world, client):
    sign_in(client, world.duty)
    page = client.get(reverse("registers:index"), follow=True).content.decode()
    assert reverse("sites:patrols") in page
    assert reverse("sites:spot_checks") in page
