"""The migration that takes the generic register of sites apart: nothing is lost, every name of a site leads on."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest
from django.apps import apps as real
from django.db import connection
from django.db.migrations.state import ProjectState
from small_county import NOW, plant_county

from anlan.kernel.chains.models import Link as ChainLink
from anlan.kernel.people.services import system_user
from anlan.kernel.registers.models import Batch, Head, Link, Revision
from anlan.kernel.sensing.models import Point
from anlan.kernel.sensing.services import add_points, register_device
from anlan.kernel.web import refs

moving = importlib.import_module("anlan.apps.sites.migrations.0005_move_sites")


@pytest.fixture
def old(transactional_db):
    """The table of sites as it was, beside today's; gone again after the test."""
    from django.db.migrations.loader import MigrationLoader

    state: ProjectState = MigrationLoader(connection).project_state(("sites", "0004_enterprises"))
    model = state.apps.get_model("sites", "Site")
    with connection.schema_editor() as editor:
        editor.create_model(model)
    yield state.apps
    with connection.schema_editor() as editor:
        editor.delete_model(model)


class Apps:
    """Today's models, and those that went."""

    def __init__(self, old):
        self.old = old

    def get_model(self, app, name):
        return self.old.get_model(app, name) if (app, name) == ("sites", "Site") else real.get_model(app, name)


@pytest.fixture
def world(old):
    county = plant_county()
    hand = system_user("tests")
    site = old.get_model("sites", "Site").records
    batch = Batch.objects.create(register="site", state="published", title="一次导入", by=hand, at=NOW, created=3)
    common = {"region_id": county.shatou.pk, "created_at": NOW, "changed_at": NOW, "pinyin": "x|x", "sort_key": "x "}
    rows = {
        kind: site.create(code=f"S-{kind}", name=f"名{kind}", kind=kind, risk=2, keeper="窦长微",
                          keeper_phone="19000004855", credit_code="91990123MA00000158", batch_id=batch.pk, **common)
        for kind in ("chemical", "tailings", "school", "hospital", "slope", "hydro", "rain", "shelter", "other")
    }  # fmt: skip
    gone = site.create(
        code="S-old", name="并入的", kind="other", removed_at=NOW, merged_into=rows["other"].pk, **common
    )
    Head.objects.create(register="site", n=7, serial=12)
    for row in rows.values():
        Revision.objects.create(register="site", record=row.pk, act="create", at=NOW, by=hand, batch=batch)
    Revision.objects.create(register="site", n=6, act="publish", at=NOW, by=hand, batch=batch)
    Revision.objects.create(register="site", record=rows["slope"].pk, n=7, act="change", at=NOW, by=hand,
                            before={"keeper": "甲"}, after={"keeper": "窦长微"})  # fmt: skip
    device, _key = register_device(code="gw", name="网关", region=county.shatou, actor=hand, now=NOW)
    add_points(
        [{"code": "P-1", "name": "位移", "kind": "displacement", "unit": "mm", "digits": 1, "region": county.shatou,
          "device": device, "site_ref": f"site:{rows['slope'].pk}", "site_name": "名slope", "period_s": 60}],
        actor=hand, now=NOW,
    )  # fmt: skip
    one, other = sorted((f"site:{rows['chemical'].pk}", f"site:{rows['hospital'].pk}"))
    Link.objects.create(one=one, other=other, words="救治", by=hand, at=NOW)
    return SimpleNamespace(rows=rows, gone=gone, batch=batch, county=county, hand=hand)


def test_every_site_is_in_the_register_of_its_kind_and_its_name_leads_there(old, world):
    with connection.schema_editor() as editor:
        moving.move(Apps(old), editor)
    homes = {
        "chemical": "Enterprise", "other": "Enterprise", "tailings": "TailingsPond", "school": "School",
        "hospital": "Hospital", "slope": "GeoHazard", "hydro": "Station", "rain": "Station", "shelter": "CrowdedPlace",
    }  # fmt: skip
    for kind, name in homes.items():
        model = real.get_model("sites", name)
        record = model.present.get(code=f"S-{kind}")
        was = world.rows[kind]
        assert (record.name, record.region_id, record.pinyin) == (was.name, was.region_id, was.pinyin)
        assert refs.resolve(f"site:{was.pk}").ref == refs.ref_of(record)
        assert refs.label_of(f"site:{was.pk}") == record.name
        assert refs.url_of(f"site:{was.pk}") == refs.address_of(record)
    firm = real.get_model("sites", "Enterprise").present.get(code="S-chemical")
    assert (firm.kind, firm.risk, firm.keeper_phone) == ("chemical", 2, "19000004855")
    slope = real.get_model("sites", "GeoHazard").present.get()
    assert (slope.level, slope.watcher, slope.watcher_phone) == (2, "窦长微", "19000004855")
    school = real.get_model("sites", "School").present.get()
    assert "91990123MA00000158" in school.remark
    gone = real.get_model("sites", "Enterprise").records.get(code="S-old")
    kept = real.get_model("sites", "Enterprise").records.get(code="S-other")
    assert gone.merged_into == kept.pk


def test_histories_points_links_and_numbers_go_along(old, world):
    with connection.schema_editor() as editor:
        moving.move(Apps(old), editor)
    slope = real.get_model("sites", "GeoHazard").present.get()
    assert Point.records.get(code="P-1").site_ref == f"geo-hazard:{slope.pk}"
    last = Revision.objects.filter(register="geo-hazard", record=slope.pk).last()
    assert (last.n, last.before, last.after) == (7, {"watcher": "甲"}, {"watcher": "窦长微"})
    link = Link.objects.get()
    assert {link.one.split(":")[0], link.other.split(":")[0]} == {"enterprise", "hospital"}
    assert link.one < link.other
    assert not Revision.objects.filter(register="site").exists()
    assert not Head.objects.filter(register="site").exists()
    for register in ("enterprise", "school", "geo-hazard", "station"):
        assert Head.objects.get(register=register).n == 7
        flip = Revision.objects.get(register=register, n=6)
        assert flip.batch.register == register
        inside = Revision.objects.filter(batch=flip.batch, record__isnull=False)
        assert set(inside.values_list("register", flat=True)) == {register}
    assert not ChainLink.objects.filter(cause__startswith="site:").exists()


def test_an_installation_without_sites_is_left_as_it_is(old):
    with connection.schema_editor() as editor:
        moving.move(Apps(old), editor)
    assert not real.get_model("sites", "FormerSite").objects.exists()
