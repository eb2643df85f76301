"""A client that others wrote, unchanged, over HTTP."""

from __future__ import annotations

import pytest
from sensorthings_world import BEGIN, ROOT, key_of

fsc = pytest.importorskip("frost_sta_client", reason="frost-sta-client is not installed")

# The client calls what its own libraries call deprecated.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture
def service(live_server, sender):
    key = fsc.service.auth_handler.AuthHandler("client", key_of(sender))
    return fsc.SensorThingsService(f"{live_server.url}{ROOT}", auth_handler=key)


def test_the_client_of_frost_reads_walks_and_sends(service, world):
    thing = service.things().query().filter("name eq '一号网关'").list().entities[0]
    assert thing.properties["anlanCode"] == "gw-1"
    streams = thing.get_datastreams().query().orderby("id", "asc").expand("ObservedProperty,Sensor").list()
    assert [one.id for one in streams] == [one.pk for one in world.points]
    assert streams.entities[0].observed_property.id == "other"
    first = streams.entities[0]
    newest = first.get_observations().query().orderby("phenomenonTime").top(1).list().entities[0]
    assert newest.result == 9

    made = fsc.Observation(phenomenon_time="2026-11-22T03:35:00+00:00", result=10.5, datastream=first)
    service.create(made)
    assert service.observations().find(made.id).result == 10.5

    document = fsc.model.ext.data_array_document.DataArrayDocument()
    array = fsc.model.ext.data_array_value.DataArrayValue()
    names = array.Property
    array.datastream = fsc.Datastream(id=first.id)
    array.components = {names.PHENOMENON_TIME, names.RESULT}
    for minute in (36, 37):
        array.add_observation(fsc.Observation(phenomenon_time=f"2026-11-22T03:{minute}:00Z", result=float(minute)))
    document.add_data_array_value(array)
    links = [one.self_link for one in service.observations().create(document)]
    assert links[1].endswith(f"'{first.id}-{BEGIN + 12 * 60_000}')")

    walked = first.get_observations().query().top(4).count().list()
    assert walked.count == 13
    assert [one.result for one in walked] == [*range(10), 10.5, 36, 37]
