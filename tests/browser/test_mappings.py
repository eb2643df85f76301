"""A vendor's mapping from the first message to being in force, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

MESSAGE = '{"t": 1795320000, "水位": %d}'


def too_wide(page) -> int:
    """How many pixels the page can be scrolled sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize(("size", "code"), [("desk", "walk-desk"), ("phone", "walk-phone")])
def test_a_mapping_is_made_tried_and_put_in_force(visit, size, code):
    watched = visit("officer", size=size)
    page = watched.open("/mappings/new/")
    page.fill("[name=code]", code)
    page.fill("[name=name]", "山川水务")
    page.fill("[name=topic]", f"{code}/{{device}}/up")
    page.select_option("[name=time_form]", "epoch_s")
    page.fill("[name=time_path]", "t")
    page.locator("[name=s_name]").first.fill("水位")
    page.locator("[name=s_sensor]").first.fill("level")
    page.locator("[name=s_scale]").first.fill("0.01")
    page.click("button[value=save]")
    page.wait_for_url(lambda url: "/new/" not in url)
    for value in (123, 124):
        page.fill("[name=try_topic]", f"{code}/A1/up")
        page.fill("[name=message]", MESSAGE % value)
        page.click("button[value=try]")
        expect(page.locator("#result")).to_contain_text(str(value / 100))
        assert too_wide(page) <= 0
        page.click("button[value=keep]")
        expect(page.locator("#examples .mex > li")).to_have_count(value - 122)
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("form[action$='/put/'] button").click()
    if page.locator("dialog[open] button.primary").count():
        page.locator("dialog[open] button.primary").click()
    expect(page.locator("form[action$='/end/']")).to_be_visible()
    for path in ("/mappings/", page.url.removeprefix(watched.base) + "devices/", "/mappings/import/"):
        watched.open(path)
        assert too_wide(page) <= 0, path
    assert watched.faults == []
