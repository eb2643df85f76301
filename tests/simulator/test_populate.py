"""The county planted through the verbs, and its gateways."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from django.utils import timezone

from anlan.apps.sites.models import Enterprise, MajorHazard
from anlan.demo import past, populate
from anlan.demo.county.model import SEED
from anlan.demo.scenarios import SCENARIOS, scenario
from anlan.demo.signals import sample_times, signal
from anlan.demo.simulator import DAY_MS, Door, DoorClosed, Playing, Simulator, Stopped
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.web import refs

NOW_MS = 1_795_320_000_000


@pytest.mark.django_db
def test_the_county_is_planted_once_with_keys_and_doors_kept_private(county, tmp_path):
    said: list[str] = []
    assert not populate.is_planted()
    populate.plant_county(county, password="a demo password 1", data=tmp_path, now=timezone.now(), say=said.append)
    assert populate.is_planted()
    counts = (Enterprise.records.count(), Point.records.count(), Device.records.count(), Region.objects.count())
    # Besides the county's own: a controller, stations from outside, a vendor's gauge, eight cars with five points
    # each and the fence that holds one of them.
    points, devices = 312 + 17 + 6 + 6 + 3 + 8 * 5 + 1, 60 + 1 + 1 + 1 + 1 + 8
    assert counts == (584 + 6, points, devices, 1 + 1 + 1 + 12 + 150 + 450)
    hung = {ref for ref in Point.records.values_list("site_ref", flat=True) if ref}
    assert all(refs.resolve(ref) is not None for ref in hung)
    assert set(MajorHazard.present.values_list("level", flat=True)) == {1, 2, 3, 4, None}
    keys = json.loads((tmp_path / "demo-keys.json").read_text())
    doors = json.loads((tmp_path / "demo-users.json").read_text())
    assert set(keys) == {gateway.code for gateway in county.gateways}
    for name in ("demo-keys.json", "demo-users.json"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    first = User.objects.get(username=doors[0]["username"])
    assert first.check_password("a demo password 1")
    others = User.objects.exclude(username__in=[door["username"] for door in doors]).filter(is_system=False)
    assert not any(user.has_usable_password() for user in others)


class Answers:
    """A door that answers as it is told and remembers what it was sent."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.sent: list[dict] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        code = self.codes.pop(0) if self.codes else 200
        if code == 0:
            raise httpx.ConnectError("refused")
        if code == 200:
            self.sent.append(json.loads(request.content))
        return httpx.Response(code, json={}, headers={"Retry-After": "2"} if code == 503 else {})


def door(answers: Answers, waits: list[float]) -> Door:
    client = httpx.Client(transport=httpx.MockTransport(answers))
    return Door("http://door/api/v1/readings", {"gw": "key"}, pause=waits.append, client=client)


def test_a_batch_is_sent_until_it_is_answered():
    answers, waits = Answers(0, 503, 500, 200), []
    door(answers, waits).send("gw", "b1", (["P"], [1], [2.0]))
    assert len(answers.sent) == 1
    assert waits == [0.5, 2.0, 2.0]


def test_a_refused_batch_is_not_sent_for_ever():
    with pytest.raises(DoorClosed, match="401"):
        door(Answers(401), []).send("gw", "b1", (["P"], [1], [2.0]))


def test_a_simulator_that_shall_end_does_not_wait_for_the_door():
    with pytest.raises(Stopped):
        client = httpx.Client(transport=httpx.MockTransport(Answers(0, 0, 0)))
        Door("http://door/", {"gw": "key"}, pause=lambda _s: True, client=client).send("gw", "b1", (["P"], [1], [2.0]))


@pytest.fixture
def simulator(county, tmp_path):
    answers = Answers()
    points = [point for point in county.points if scenario("leak").changes(point) or point.number <= 12]
    made = door(answers, [])
    made.keys = {point.gateway: "key" for point in points}
    return SimpleNamespace(it=Simulator(points, made, tmp_path, SEED), answers=answers, points=points, data=tmp_path)


def restarted(simulator) -> Simulator:
    return Simulator(simulator.points, simulator.it.door, simulator.data, SEED)


def test_archives_reach_thirty_days_back_and_are_sent_once(simulator):
    days = list(simulator.it.archive_until(NOW_MS))
    assert len(days) == 30
    first = min(t for body in simulator.answers.sent for t in body["columns"]["t"])
    assert 0 <= first - (NOW_MS - 30 * DAY_MS) < 3_600_000
    assert {body["lane"] for body in simulator.answers.sent} == {"backfill"}
    assert list(restarted(simulator).archive_until(NOW_MS + 60_000)) == []


def test_archives_that_were_broken_off_go_on_where_they_stopped(simulator):
    walk = simulator.it.archive_until(NOW_MS)
    reached = [next(walk) for _day in range(3)][-1]
    assert next(restarted(simulator).archive_until(NOW_MS)) == reached + DAY_MS


def test_live_samples_are_sent_once_whatever_the_rhythm(simulator):
    sent = sum(simulator.it.live(NOW_MS + 1000 * step) for step in range(61))
    again = restarted(simulator)
    assert again.live(NOW_MS + 60_000) == 0
    times = [
        one
        for body in simulator.answers.sent
        for one in zip(body["columns"]["point"], body["columns"]["t"], strict=True)
    ]
    assert len(times) == len(set(times)) == sent > 0


def test_a_scenario_makes_its_points_sample_faster_and_rise(simulator):
    simulator.it.live(NOW_MS)
    simulator.answers.sent.clear()
    simulator.it.live(NOW_MS + 90_000, [Playing("leak", NOW_MS)])
    values = {}
    for body in simulator.answers.sent:
        for code, value in zip(body["columns"]["point"], body["columns"]["value"], strict=True):
            values.setdefault(code, []).append(value)
    assert len(values["GT-2031"]) == 18
    assert max(values["GT-2031"]) > 50


@pytest.mark.parametrize("script", SCENARIOS, ids=lambda s: s.name)
def test_every_scenario_drives_its_points_through_the_door_and_silences_none_that_speaks(county, tmp_path, script):
    answers = Answers()
    made = door(answers, [])
    made.keys = {point.gateway: "key" for point in county.points}
    simulator = Simulator(county.points, made, tmp_path, SEED)
    simulator.live(NOW_MS)
    answers.sent.clear()
    simulator.live(NOW_MS + 60_000, [Playing(script.name, NOW_MS)])
    sent = Counter(code for body in answers.sent for code in body["columns"]["point"])
    quick = 0
    for point in script.points(county.points):
        t = sample_times(point, NOW_MS + 1, NOW_MS + 60_001, 5)
        said = script.apply(point, t, signal(point, t, SEED, gaps=False), NOW_MS)
        assert sent[point.code] == np.count_nonzero(~np.isnan(said)), point.code
        quick += sent[point.code] >= 11
    assert quick >= len(script.points(county.points)) // 2
    assert all(np.isfinite(value) for body in answers.sent for value in body["columns"]["value"])


def test_a_pictures_proof_cannot_be_taken_for_a_photo(tmp_path):
    made = past.draw_photo(3)
    assert made.startswith(b"\xff\xd8")
    assert len(made) < 200_000
    assert past.draw_photo(3) == made != past.draw_photo(4)


def test_nothing_of_the_simulator_knows_rules_or_alarms():
    source = (Path(past.__file__).parent / "simulator.py").read_text(encoding="utf-8")
    assert "sensing" not in source
