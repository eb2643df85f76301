"""Why something waits in set-aside is said in the language of whoever reads the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils import translation
from sensing_world import sign_in

from anlan.formats.vendor_json import FAULTS as VENDOR_FAULTS
from anlan.gateways.vendors.taking import WHY
from anlan.kernel.sensing.observed import batches
from anlan.kernel.sensing.words import FAULTS, MESSAGE_FAULTS, REASONS, reason_words

SRC = Path(__file__).parents[3] / "src" / "anlan"
MADE = re.compile(r'(?:BadBody\(\s*\d+|Refused\(\s*[\w-]+),\s*"[^"]*",\s*"([^"]+)"')


def reasons() -> set[str]:
    """Every reason that a door, a gateway, the engine or the store can give."""
    found = {"future", "before 1970", "point", *batches._WORDS}
    for folder in ("kernel/sensing", "gateways"):
        for path in (SRC / folder).rglob("*.py"):
            found |= set(MADE.findall(path.read_text(encoding="utf-8")))
    return found


def test_every_reason_has_words_in_both_languages():
    assert len(reasons()) > 30
    assert reasons() - set(REASONS) - set(FAULTS) == set()
    with translation.override("zh-hans"):
        for reason in reasons():
            words = reason_words(reason)
            assert re.search(r"[\u4e00-\u9fff]", words), (reason, words)


def test_a_reason_that_nobody_knows_is_still_said_in_the_readers_language():
    with translation.override("zh-hans"):
        assert re.search(r"[\u4e00-\u9fff]", reason_words("brand_new"))
        assert "brand_new" in reason_words("brand_new")


def test_what_came_by_a_mapping_has_the_words_of_mappings_in_both_languages():
    for reason in {*VENDOR_FAULTS, *WHY, "unknown_device"}:
        assert reason_words(reason, is_mapped=True) == str(MESSAGE_FAULTS[reason])
        with translation.override("zh-hans"):
            assert re.search(r"[\u4e00-\u9fff]", reason_words(reason, is_mapped=True)), reason
    assert reason_words("not_json") != reason_words("not_json", is_mapped=True)
    assert reason_words("poison", is_mapped=True) == str(REASONS["poison"])


@pytest.mark.django_db
def test_the_page_takes_the_words_of_mappings_for_what_came_by_one(client, engineer, readings):
    from anlan.kernel.sensing.store import Refused

    for key in ("map:v:1:abc", "post-1"):
        readings.put_set_aside("gw-1", key, "live", [Refused(-1, "device", "unknown_device", "No device.", "v/A1/up")])
    sign_in(client, engineer)
    page = client.get("/sensing/set-aside/", HTTP_ACCEPT_LANGUAGE="zh-hans").content.decode()
    with translation.override("zh-hans"):
        for words in (MESSAGE_FAULTS["unknown_device"], REASONS["unknown_device"]):
            assert f"<td>{words} " in page


@pytest.mark.django_db
def test_the_page_says_it_in_chinese_and_shows_what_was_sent(client, engineer, readings, point):
    from anlan.kernel.sensing.store import Refused

    row = Refused(3, "result", "result", "A result is a number.", "GT-2031", None, None, '{"result": "<b>wet</b>"}')
    readings.put_set_aside("gw-1", "sta:1", "live", [row])
    sign_in(client, engineer)
    page = client.get("/sensing/set-aside/", HTTP_ACCEPT_LANGUAGE="zh-hans").content.decode()
    assert "结果不是数值" in page
    assert "&lt;b&gt;wet&lt;/b&gt;" in page
