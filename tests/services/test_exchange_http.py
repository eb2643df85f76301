"""Two installations with a web process each: what one sends is in the register of the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from two_installations import Installation, two

pytestmark = pytest.mark.services


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Installation, Installation]]:
    one, other = two(tmp_path)
    yield one, other
    one.end()
    other.end()


def test_registers_follow_each_other_through_a_stranger_s_door_a_lost_message_and_a_kill(pair):
    city, county = pair
    for side in pair:
        side.start_web()
    city.do("plant", sites=12)
    county.do("plant")
    for side in pair:
        side.wait_for_web()
    (key,) = json.loads(city.get("/api/v1/exchange/keys"))["keys"]
    assert json.loads(county.get("/api/v1/exchange/keys"))["keys"][0]["kid"] != key["kid"]
    place = f"http://127.0.0.1:{county.port}/api/v1/exchange/receive"
    code = city.do("subscribe", mode="push", place=place)
    # They do not know us yet.
    assert "401" in city.do("work")["sent"][0][2]
    county.do("source", key=key["x"], sub=code)
    # The beginning is taken for arrived and never was: the receiver asks for it.
    city.do("lose")
    sent = city.do("work", later_s=60)
    assert sent["sent"] == [[2, 2, ""]]
    there = county.do("work")
    assert there["sites"] == sent["sites"]
    assert len(there["sites"]) == 12
    assert there["heard"] == [[2, 0, 1]]
    assert there["open"] == []

    county.kill("serve_web")
    city.do("change")
    city.do("work", later_s=120)
    cut = city.do("work", later_s=180)
    assert cut["sent"][0][:2] == [3, 2]
    assert cut["open"] == [["undelivered", 3, 3]]
    county.start_web()
    county.wait_for_web()
    again = city.do("work", later_s=600)
    assert again["open"] == []
    there = county.do("work")
    # Removed there: proposed here, done by a person.
    assert there["sites"] == again["sites"] | {"S-1": "企业1"}
    assert "gone" in there["standing"]
    assert there["sites"]["S-0"] == "改了名"
    assert sum(code.startswith("P-") for code in there["sites"]) == 5
