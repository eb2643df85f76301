"""The page that reads messages, as its person sees it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.formats.device_frames import SL651
from tests.formats.test_sl651_ascii import TIMED

pytestmark = pytest.mark.browser

FRAME = " ".join(f"{byte:02X}" for byte in SL651["S1"] + SL651["S4"] + TIMED)


@pytest.mark.parametrize(("size", "language"), [("desk", "zh-hans"), ("phone", "zh-hans"), ("desk", "en")])
def test_a_pasted_message_is_read_by_keyboard_alone(visit, size: str, language: str):
    watched = visit("officer", size=size, language=language)
    page = watched.open("/monitoring/message/")
    page.locator("textarea[name=text]").focus()
    page.keyboard.insert_text(FRAME)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("SL 651")
    expect(page.locator("section[aria-label]").nth(1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shots = os.environ.get("ANLAN_TEST_SHOTS")
    if shots:
        page.screenshot(path=str(Path(shots) / f"message-{size}-{language}.png"), full_page=True)
    assert watched.faults == []
