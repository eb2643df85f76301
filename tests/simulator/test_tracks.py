"""The teams' cars of the demo county: entered with terminals, on roads of the county, one of them held by a fence."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.utils import timezone
from shapely.geometry import LineString

from anlan.apps.resources.models import Team
from anlan.apps.tracks.models import Carrier, Watch
from anlan.apps.tracks.queries.fences import ground_of
from anlan.demo import populate
from anlan.demo.cars import EVERY_S, FILE, read_cars
from anlan.demo.fill import places, resources, tracks
from anlan.demo.populate import _people, _plantings
from anlan.kernel.people.services import system_user
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.services import plant
from anlan.kernel.sensing.models import DeviceLink
from anlan.science.tracks import outside_m


@pytest.mark.django_db
def test_the_cars_stay_in_the_county_and_the_first_in_its_fence(county, tmp_path):
    now, hand = timezone.now(), system_user("demo")
    plant(_plantings(county))
    regions = {region.code: region for region in Region.objects.defer("boundary")}
    _people(county, regions, "a demo password 1", tmp_path, hand, now)
    for filler in (places, resources):
        filler.fill(county, actor=hand, now=now)
    assert Team.present.count() >= tracks.CARS
    tracks.fill(county, actor=hand, now=now)
    cars = read_cars(settings.DATA / FILE)
    assert len(cars) == Carrier.records.count() == DeviceLink.objects.count() == tracks.CARS
    assert (settings.DATA / FILE).stat().st_mode & 0o077 == 0
    for car in cars:
        assert county.boundary.contains(LineString(car.way))
    watch = Watch.objects.select_related("fence").get()
    steps = [cars[0].at(round(now.timestamp() * 1000) + 1000 * EVERY_S * step) for step in range(2_000)]
    beyond = outside_m([x for x, _y, _c in steps], [y for _x, y, _c in steps], ground_of(watch.fence))
    assert beyond.max() < -100
    assert populate.BEFORE_POINTS < tracks.ORDER
