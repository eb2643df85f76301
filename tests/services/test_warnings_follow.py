"""Two installations with a web process each: what one warns of the other shows, and drops when it is called off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from two_installations import Installation, two

pytestmark = pytest.mark.services
CITY = "99010000000000"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Installation, Installation]]:
    city, county = two(tmp_path, side="warning_side.py")
    city.more["ANLAN_WARNING_SENDER"] = CITY
    county.more["ANLAN_WARNING_HOSTS"] = f"127.0.0.1:{city.port}"
    for side in (city, county):
        side.end()
        side.open()
    yield city, county
    city.end()
    county.end()


def test_a_warning_is_fetched_shown_and_dropped_when_it_is_called_off(pair):
    city, county = pair
    city.start_web()
    for side in pair:
        side.do("plant_people")
    city.wait_for_web()
    pem = city.get("/feeds/warnings.pem").decode()
    assert pem.startswith("-----BEGIN CERTIFICATE")
    county.do("follow", feed=f"http://127.0.0.1:{city.port}/feeds/warnings.atom", sender=CITY, certificate=pem)

    assert county.do("poll") == {"force": [], "played": [], "all": 0, "told": 0, "error": ""}
    name = city.do("issue", headline="澄江市发布暴雨橙色预警")
    city.do("issue", headline="演练一条", exercise=True)
    seen = county.do("poll", later_s=60)
    assert seen == {"force": [["澄江市发布暴雨橙色预警", True]], "played": [], "all": 1, "told": 1, "error": ""}
    # Asked again, nothing comes twice; with their machine gone, what they warned of stands.
    assert county.do("poll", later_s=120) == seen
    city.kill("serve_web")
    cut = county.do("poll", later_s=180)
    assert cut["force"] == seen["force"]
    assert cut["error"].startswith("connect")

    city.do("issue", headline="解除暴雨橙色预警", of=name)
    city.start_web()
    city.wait_for_web()
    over = county.do("poll", later_s=900)
    assert (over["force"], over["all"], over["told"], over["error"]) == ([], 2, 2, "")
