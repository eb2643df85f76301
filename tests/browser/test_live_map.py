"""From a reading at the door to what an officer sees and does: map, sound, slider, circle, phone."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

MINUTE_MS = 60_000


@pytest.fixture
def leak(installation):
    """Raise the level of one detector: two readings, further apart than the rule's delay, so nothing is waited for."""

    def _leak(point: str, value: float = 31.0) -> None:
        now = int(time.time() * 1000)
        assert installation.post(point, value, now - 12_000)["accepted"] == 1
        assert installation.post(point, value + 0.5, now)["accepted"] == 1

    return _leak


def test_a_leak_pulses_on_the_open_map_and_is_acknowledged_with_one_key(visit, installation, leak):
    watched = visit("officer")
    page = watched.open("/map/")
    installation.post("GT-2031", 3.2)
    leak("GT-2031")
    pulse = page.locator(".pulse.yellow")
    pulse.first.wait_for(timeout=20_000)
    assert "Ⅲ" in pulse.first.inner_text(), "level by numeral, not by colour alone"
    pulse.first.click()
    card = page.locator("#mcard")
    expect(card).to_contain_text("GB/T 50493-2019")
    expect(card).to_contain_text("5.5.2")
    expect(card.locator(".curve canvas")).to_be_visible()
    expect(card.locator(".clk b")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    page.keyboard.press("a")
    expect(page.locator(".toast button")).to_be_visible()
    expect(page.locator(".pulse.yellow")).to_have_count(0, timeout=15_000)
    assert watched.faults == []


def test_two_officers_see_who_was_first(visit, leak):
    first, second = visit("officer"), visit("second")
    first.open("/map/")
    second.open("/map/")
    leak("GT-2032", 33.0)
    for watched in (first, second):
        watched.page.locator(".pulse.yellow").first.click(timeout=20_000)
        expect(watched.page.locator("#mcard [data-act*=acknowledge]")).to_be_visible()
    # The second page is held as it is, so that both press on what they see.
    second.page.route("**/card/", lambda route: route.abort())
    first.page.keyboard.press("a")
    expect(first.page.locator(".toast").last).to_be_visible()
    second.page.locator("#mcard [data-act*=acknowledge]").dispatch_event("click")
    expect(second.page.locator(".toast.error", has_text="顾怀远")).to_be_visible()


def test_the_siren_is_muted_in_words_until_it_is_armed(visit, leak):
    watched = visit("officer")
    page = watched.open("/duty/")
    button = page.locator("[data-sound]")
    expect(button).to_contain_text("静音")
    button.click()
    expect(button).to_have_attribute("data-state", "armed")
    leak("GT-2033", 55.0)
    expect(page.locator("html")).to_have_attribute("data-last-sound", re.compile("heard$"), timeout=20_000)
    button.click()
    expect(button).to_contain_text("静音")
    assert watched.faults == []


def test_the_slider_looks_back_and_acts_are_off_meanwhile(visit, leak):
    watched = visit("officer")
    page = watched.open("/map/")
    box = page.locator("[data-track]").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + 20)
    expect(page.locator("[data-replay-band]")).to_be_visible()
    expect(page.locator("#mdesk")).to_have_attribute("data-past", "1")
    expect(page.locator(".pulse")).to_have_count(0)
    page.locator("#map canvas").first.focus()
    page.keyboard.press("End")
    expect(page.locator("[data-replay-band]")).to_be_hidden()
    assert page.locator("#mdesk").get_attribute("data-past") is None
    assert watched.faults == []


def test_the_circle_counts_people_and_points(visit):
    watched = visit("officer")
    page = watched.open("/map/?at=104.7,31.9,12")
    page.click("[data-tool=around]")
    canvas = page.locator("#map").bounding_box()
    page.mouse.click(canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2)
    panel = page.locator("#maround")
    expect(panel.locator(".four b").first).to_have_text("1,300")
    expect(panel.locator(".near li").first).to_contain_text(re.compile("GT-|澜润"))
    expect(panel.locator("[data-km='3']")).to_have_attribute("aria-pressed", "true")
    page.click("[data-km='1']")
    expect(page.locator(".rimlabel")).to_have_text("1.00 km")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert watched.faults == []


def test_search_finds_by_pinyin_initials_and_flies_there(visit):
    watched = visit("officer")
    page = watched.open("/map/")
    page.keyboard.press("/")
    page.keyboard.type("cpz")
    expect(page.locator("#hits li").first).to_contain_text("沧浦镇")
    page.keyboard.press("Enter")
    expect(page.locator("#mdesk")).to_have_attribute("data-view", re.compile(r"^104\.(6|7)\d+,31\.9\d+,1[12]"))
    assert watched.faults == []


def test_a_layer_that_fails_is_named_and_can_be_tried_again(visit):
    watched = visit("officer")
    watched.page.route("**/layers/cases.geojson*", lambda route: route.fulfill(status=503, body=""))
    page = watched.open("/map/")
    line = page.locator("[data-layer=cases]").first
    expect(line).to_have_class(re.compile("failed"))
    watched.page.unroute("**/layers/cases.geojson*")
    line.locator(".retry").click()
    expect(line).not_to_have_class(re.compile("failed"))


def test_layers_fold_and_a_choice_is_kept(visit):
    page = visit("officer").open("/map/")
    page.locator("#layer-points").uncheck()
    page.keyboard.press("Escape")
    page.locator("#map canvas").first.focus()
    page.keyboard.press("l")
    expect(page.locator("#mtree")).to_have_class(re.compile("folded"))
    page.reload()
    page.wait_for_selector("#mdesk[data-ready]", timeout=60_000)
    assert not page.locator("#layer-points").is_checked()


def test_on_a_phone_the_card_is_a_sheet_and_targets_are_large(visit, leak):
    watched = visit("officer", size="phone")
    page = watched.open("/map/")
    leak("GT-2031", 34.0)
    page.locator(".pulse").first.dispatch_event("click", timeout=20_000)
    sheet = page.locator("#mcard")
    expect(sheet).to_be_visible()
    expect(sheet.locator(".acts .btn").first).to_be_visible()
    box = sheet.bounding_box()
    assert box["x"] == 0
    assert box["width"] == 390
    assert box["y"] + box["height"] <= 844 - 56, "the tabs stay free"
    heights = "all => all.map((one) => one.getBoundingClientRect().height)"
    for targets in (".card-in .acts .btn", ".rail a:not(.logo, .wide)"):
        assert min(page.locator(targets).evaluate_all(heights)) >= 40, targets
    assert watched.faults == []


def test_S2_a_page_says_so_when_its_session_has_ended(visit):
    watched = visit("second")
    page = watched.open("/duty/")
    page.wait_for_selector("html[data-stream=open]")
    other = watched.context.new_page()
    other.goto(watched.base + "/work/")
    other.click("details.menu summary")
    other.locator("form[action='/sign-out/'] button").click()
    other.wait_for_url("**/sign-in/**")
    page.wait_for_selector("html[data-stream=ended]", timeout=7_000)
    expect(page.locator("[data-stream-lost]")).to_be_visible()


def test_tabs_of_one_browser_share_one_stream_and_all_hear(visit, leak):
    watched = visit("officer")
    pages = [watched.open("/duty/"), *(watched.context.new_page() for _ in range(3))]
    for page in pages[1:]:
        page.goto(watched.base + "/work/")
    for page in pages:
        page.wait_for_selector("html[data-stream=open]")
        page.evaluate(
            """() => document.body.addEventListener("anlan:alarm", (event) => {
              document.body.dataset.heard = `${document.body.dataset.heard ?? ""} ${event.detail.id}`;
            })"""
        )
    leak("GT-2032", 52.0)
    for page in pages:
        expect(page.locator("body")).to_have_attribute("data-heard", re.compile(r"\d"), timeout=20_000)
    heard = [page.locator("body").get_attribute("data-heard").split() for page in pages]
    assert len({ids[0] for ids in heard}) == 1, "all hear the same"
    assert all(len(ids) == len(set(ids)) for ids in heard), "none twice"


def test_fire_coverage_is_drawn_with_its_legend_and_counts(visit):
    watched = visit("officer")
    page = watched.open("/map/?layers=fire-coverage")
    line = page.locator("[data-layer=fire-coverage]")
    expect(line.locator("em")).to_have_text("2")
    expect(line.locator("xpath=..").locator(".leg .sq.accent")).to_be_visible()
    expect(line.locator("xpath=..").locator(".leg .sq.gap")).to_be_visible()
    assert watched.faults == []
