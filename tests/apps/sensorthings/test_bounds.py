"""What one question costs: as many questions to the database for many entities as for one, and a share of a batch."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.encoding import iri_to_uri
from sensorthings_world import BEGIN, ROOT, client_of, http, joined, statuses

from anlan.apps.sensorthings.queries import budget
from anlan.apps.sensorthings.queries.budget import Budget, TooMuch, shares
from anlan.kernel.sensing.models import Device, Point

pytestmark = pytest.mark.django_db


def grow(world, n: int, mark: str = "more") -> None:
    """`n` devices more with three points each, one of them a rain gauge."""
    device, point = world.points[0].device, world.points[0]
    made = Device.records.bulk_create(
        Device(code=f"{mark}-{i}", name=f"设备 {i:02d}", region=device.region, key_hash="0" * 64) for i in range(n)
    )
    Point.records.bulk_create(
        Point(
            code=f"M-{one.code}-{k}", name=f"点 {k}", kind="rain" if k == 0 else "flow", region=point.region,
            device=one, lon=104.6, lat=31.9,
        )
        for one in made
        for k in range(3)
    )  # fmt: skip


def asks(client, path: str) -> tuple[int, dict]:
    """How many questions to the records an answer took, and the answer."""
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(iri_to_uri(f"{ROOT}{path}"))
    assert answer.status_code == 200, answer.content[:300]
    return len(asked), answer.json()


@pytest.mark.parametrize("path", [
    "/Things?$expand=Datastreams",
    "/Things?$expand=Datastreams($top=2;$count=true;$orderby=name desc;$skip=1)",
    "/Things?$expand=Datastreams($filter=ObservedProperty/id eq 'rain')",
    "/Things?$expand=Datastreams($filter=tolower(name) eq '点 1';$orderby=properties/low;$count=true)",
    "/Things?$expand=Datastreams($expand=Thing($expand=Locations),Sensor,ObservedProperty)",
    "/Things?$expand=Locations($expand=Things)",
    "/Things?$expand=Datastreams($expand=Observations($top=1;$orderby=phenomenonTime desc))",
    "/Sensors?$expand=Datastreams($expand=Thing)",
    "/ObservedProperties?$expand=Datastreams($top=5)",
    "/Things?$filter=Datastreams/properties/kind eq 'rain' or Datastreams/properties/kind eq 'other'",
    "/Things?$filter=Locations/name ne 'x'&$orderby=Locations/name desc",
    "/Datastreams?$filter=Thing/Locations/name ne 'x'&$orderby=Thing/description",
    "/Datastreams?$filter=Sensor/Datastreams/name ne 'x'",
    "/Locations?$filter=Things/Datastreams/name ne 'x'",
    "/Observations?$filter=Datastream/Thing/Locations/name ne 'x' or result gt 99&$top=5&$expand=Datastream/Thing/Locations",  # noqa: E501
])  # fmt: skip
def test_a_question_across_relations_costs_no_more_for_many_than_for_few(sender, world, path, monkeypatch):
    # What is remembered of rights for seconds would be asked again on a slow machine.
    monkeypatch.setattr("anlan.kernel.people.rights.FRESH_S", 3_600.0)
    client = client_of(sender)
    grow(world, 1, "first")
    asks(client, path)  # warm: rights and regions are remembered
    few, first = asks(client, path)
    grow(world, 20)
    many, second = asks(client, path)
    assert second["value"]
    assert len(str(second)) > len(str(first)) or "Observations?" in path
    assert many <= few, path


def test_what_the_database_numbers_is_what_a_question_for_each_gives(get, world):
    grow(world, 4)
    options = "$top=2;$skip=1;$count=true;$orderby=name desc;$filter=startswith(name,'点') or id gt 0"
    exact = "$top=2;$skip=1;$count=true;$orderby=name desc;$filter=id gt 0"
    for inside in (options, exact):
        for thing in get(f"/Things?$expand=Datastreams({inside})")["value"]:
            alone = get(f"/Things({thing['@iot.id']})/Datastreams?{inside.replace(';', '&')}")
            assert [one["@iot.id"] for one in thing["Datastreams"]] == [one["@iot.id"] for one in alone["value"]]
            assert thing["Datastreams@iot.count"] == alone["@iot.count"] == 3
            assert ("Datastreams@iot.nextLink" in thing) == ("@iot.nextLink" in alone)


def test_what_comes_along_lies_in_reach_too(world, foreigner, other_town):
    """The device is seen for one point of it that lies elsewhere; the others do not come along."""
    Point.records.filter(pk=world.points[1].pk).update(region=other_town)
    things = client_of(foreigner).get(f"{ROOT}/Things?$expand=Datastreams($count=true)").json()["value"]
    assert [(one["Datastreams@iot.count"], len(one["Datastreams"])) for one in things] == [(1, 1)]
    found = client_of(foreigner).get(iri_to_uri(f"{ROOT}/Things?$filter=Datastreams/id eq {world.points[0].pk}")).json()
    assert found["value"] == []


def test_a_batch_shares_what_one_question_may_and_leaves_nobody_without(monkeypatch):
    monkeypatch.setattr(budget, "MOST_EXPANDED", 100)
    monkeypatch.setattr(budget, "MOST_JUDGED", 40)
    monkeypatch.setattr(budget, "BATCH_TIMES", 2)
    turns = shares(4)
    first = next(turns)
    assert (first.entities, first.judged) == (50, 20)
    with pytest.raises(TooMuch):
        first.bring(51, "$expand")
    second = next(turns)
    second.bring(10, "$expand")
    third, fourth = next(turns), next(turns)
    assert (second.entities, third.entities, fourth.entities) == (40, 70, 100)
    assert next(turns, None) is None


def test_no_batch_reads_more_than_its_share(sender, world, monkeypatch):
    monkeypatch.setattr(budget, "MOST_EXPANDED", 12)
    monkeypatch.setattr(budget, "BATCH_TIMES", 1)
    path = "Observations?%24top=10"
    body = joined("b", *(http("GET", path) for _ in range(3)), http("GET", "Datastreams?%24top=3"))
    answer = client_of(sender).generic("POST", f"{ROOT}/$batch", body, content_type="multipart/mixed; boundary=b")
    assert statuses(answer.content.decode()) == [400, 400, 400, 200]
    assert answer.content.decode().count("too_much") == 3


def test_a_question_that_judges_one_by_one_is_bounded(get, world, monkeypatch):
    grow(world, 3)
    monkeypatch.setattr("anlan.apps.sensorthings.queries.answering.MOST_JUDGED", 5)
    monkeypatch.setattr("anlan.apps.sensorthings.views.Scope", lambda *given: _scope(*given, judged=5))
    assert get("/Datastreams?$filter=tolower(name) eq 'x'", 400)["code"] == "too_much"
    assert get("/Things?$filter=Datastreams/name eq 'x'", 400)["code"] == "too_much"
    assert get("/Things?$expand=Datastreams($filter=tolower(name) eq 'x')", 400)["code"] == "too_much"
    assert len(get("/Things?$expand=Datastreams")["value"]) == 4


def _scope(*given, judged):
    from anlan.apps.sensorthings.queries.scope import Scope

    return Scope(*given, budget=Budget(judged=judged))


def test_links_alone_lead_on_too(get, world):
    page = get("/Datastreams/$ref?$top=2&$count=true")
    assert page["@iot.count"] == 3
    further = get(page["@iot.nextLink"].partition("/sta/v1.1")[2])
    assert [one["@iot.selfLink"].rpartition("(")[2] for one in further["value"]] == [f"{world.points[2].pk})"]


def test_a_data_array_gives_the_ids_under_either_name(get, world):
    for name in ("id", "@iot.id"):
        first = get(f"/Datastreams({world.points[0].pk})/Observations?$resultFormat=dataArray&$select={name},result")
        assert first["value"][0]["components"] == ["id", "result"]
        assert first["value"][0]["dataArray"][0] == [f"{world.points[0].pk}-{BEGIN}", 0]
