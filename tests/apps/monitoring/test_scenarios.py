"""Scenarios of the demo: asked for on a page, played by the simulator."""

from __future__ import annotations

import pytest
from sensing_world import NOW, seconds, sign_in

from anlan.apps.monitoring import declarations, queries, services
from anlan.apps.monitoring.declarations import Scenario, declare_scenario
from anlan.apps.monitoring.models import ScenarioRun
from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.people.rights import NotAllowed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def demo(settings, monkeypatch):
    settings.DEMO = True
    monkeypatch.setattr(declarations, "_scenarios", {})
    declare_scenario(Scenario("leak", "甲醇泄漏", "罐区可燃气体浓度上升", 1200, "沧浦化工园区"))


def start(officer, county, now=NOW):
    return services.start_scenario("leak", region=county, actor=officer, now=now)


def test_a_scenario_that_was_asked_for_waits_for_the_simulator(officer, county, hands):
    run = start(officer, county)
    assert list(queries.running()) == [run]
    assert services.take_scenario(run, now=NOW + seconds(2))
    assert services.end_scenario(run, actor=hands, now=NOW + seconds(1202))
    assert not queries.running().exists()
    run.refresh_from_db()
    assert (run.taken_at, run.stopped_by) == (NOW + seconds(2), None)
    assert AuditEntry.objects.filter(verb="scenario.start").count() == 1


def test_a_scenario_runs_once_at_a_time(officer, county):
    run = start(officer, county)
    with pytest.raises(services.NotNow):
        start(officer, county, NOW + seconds(5))
    services.end_scenario(run, actor=officer, now=NOW + seconds(9), region=county)
    assert start(officer, county, NOW + seconds(10)).pk != run.pk


def test_a_run_that_was_stopped_is_not_taken(officer, county):
    run = start(officer, county)
    services.end_scenario(run, actor=officer, now=NOW, region=county)
    assert not services.take_scenario(run, now=NOW + seconds(1))
    assert not services.end_scenario(run, actor=officer, now=NOW + seconds(2), region=county)
    run.refresh_from_db()
    assert run.stopped_by == officer


def test_scenarios_are_played_in_a_demo_only_and_by_those_who_may(officer, engineer, county, settings):
    with pytest.raises(NotAllowed):
        start(engineer, county)
    settings.DEMO = False
    with pytest.raises(services.NotNow):
        start(officer, county)
    assert not ScenarioRun.objects.exists()


def test_an_unknown_scenario_is_refused(officer, county):
    with pytest.raises(services.NotNow, match="quake"):
        services.start_scenario("quake", region=county, actor=officer, now=NOW)


def test_a_code_is_declared_once():
    with pytest.raises(ValueError, match="leak"):
        declare_scenario(Scenario("leak", "另一个", "", 1))


def test_the_page_starts_and_stops(client, officer, county):
    sign_in(client, officer)
    assert "甲醇泄漏" in client.get("/monitoring/scenarios/").content.decode()
    client.post("/monitoring/scenarios/leak/start/")
    assert queries.running().count() == 1
    page = client.get("/monitoring/scenarios/").content.decode()
    assert "data-due" in page
    again = client.post("/monitoring/scenarios/leak/start/", HTTP_ACCEPT="application/json")
    assert again.status_code == 409
    client.post("/monitoring/scenarios/leak/stop/")
    assert not queries.running().exists()
    assert client.post("/monitoring/scenarios/quake/start/").status_code == 404


def test_S1_outside_a_demo_and_without_the_right_there_is_no_such_page(client, officer, engineer, county, settings):
    sign_in(client, engineer)
    assert client.get("/monitoring/scenarios/").status_code == 404
    assert client.post("/monitoring/scenarios/leak/start/").status_code == 404
    settings.DEMO = False
    sign_in(client, officer)
    assert client.get("/monitoring/scenarios/").status_code == 404
    assert client.post("/monitoring/scenarios/leak/start/").status_code == 404
