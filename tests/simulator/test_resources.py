"""Forces and supplies of the demo: every register and page has something to show, and the books add up."""

from __future__ import annotations

import time

import pytest
from django.utils import timezone
from small_county import sign_in

from anlan.apps.resources import declarations
from anlan.apps.resources.models import Document, Opening, Requisition, Sort, Stage, Team
from anlan.apps.resources.queries import stock
from anlan.apps.resources.services.refusing import Refused
from anlan.demo import populate
from anlan.demo.fill import resources
from anlan.kernel.people.models import User
from anlan.kernel.people.services import system_user
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.services import plant


@pytest.mark.django_db
def test_registers_ledger_requisitions_and_shelters_are_filled(county, client, tmp_path):
    actor, now = system_user("demo"), timezone.now()
    plant(populate._plantings(county))
    regions = {region.code: region for region in Region.objects.defer("boundary")}
    populate._people(county, regions, "a demo password 1", tmp_path, actor, now)
    began = time.perf_counter()
    try:
        resources.fill(county, actor=actor, now=now)
    except Refused as refused:
        pytest.fail(str(refused))
    assert time.perf_counter() - began < 60
    for name in declarations.__all__:
        assert getattr(declarations, name).model.present.count() >= 8, name
    assert Team.present.count() >= 40
    assert len(stock.rows(stock.Balance.objects.all())) >= 300
    assert set(Document.records.values_list("sort", flat=True)) == set(Sort.values) - {Sort.RELEASE}
    assert {Stage.IN_USE, Stage.ASSESSED, Stage.PAID} <= set(Requisition.records.values_list("stage", flat=True))
    assert Opening.records.filter(closed_at=None, people__gt=100).count() == 1
    assert stock.wrong_balances() == []
    assert stock.ending(actor, timezone.localdate())
    sign_in(client, User.objects.get(name="翁怀安"))
    for page in (
        "stores",
        "items",
        "documents",
        "reservations",
        "ending",
        "gaps",
        "coverage",
        "requisitions",
        "shelters",
    ):
        assert client.get(f"/resources/{page}/").status_code == 200, page
