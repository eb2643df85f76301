"""Every page at three sizes and in both languages: no complaint, nothing from outside, nothing cut off."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser

PAGES = (
    "/map/",
    "/duty/",
    "/work/",
    "/chains/",
    "/registers/",
    "/sensing/",
    "/sensing/points/GT-2031/",
    "/sensing/alarms/",
    "/sensing/set-aside/",
    "/sensing/devices/",
    "/rulebook/",
    "/notices/",
    "/account/password/",
)
SYSTEM_PAGES = ("/system/", "/system/admin/")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def too_wide(page) -> int:
    """How many pixels the page can be scrolled sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("size", ["wall", "desk", "phone"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_K1_every_page_stands_without_complaint_and_without_the_outside(visit, size, language):
    watched = visit("officer", size=size, language=language)
    for path in PAGES:
        page = watched.open(path)
        assert page.locator("html").get_attribute("lang") == language, path
        assert page.locator("main").inner_text().strip(), path
        assert too_wide(page) <= 0, f"{path} can be scrolled sideways"
    assert watched.faults == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_system_desk_and_the_door_stand_without_complaint(visit, language):
    watched = visit("admin", language=language)
    for path in SYSTEM_PAGES:
        page = watched.open(path)
        assert too_wide(page) <= 0, path
    stranger = visit(language=language, size="phone")
    stranger.open("/sign-in/")
    assert too_wide(stranger.page) <= 0
    assert watched.faults == stranger.faults == []


def test_no_english_is_left_in_the_frame_of_the_chinese_screen(visit):
    page = visit("officer").open("/duty/")
    words = page.locator(".rail, .top").all_inner_texts()
    assert not re.findall(r"[A-Za-z]{3,}", " ".join(words))
    assert CHINESE.search(" ".join(words))


def test_the_dark_theme_holds_on_every_page(visit):
    watched = visit("officer", theme="dark")
    for path in ("/map/", "/duty/", "/sensing/points/GT-2031/"):
        page = watched.open(path)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
        assert red + green + blue < 200, (path, colour)
    assert watched.faults == []


def test_a_theme_is_chosen_in_the_page_and_kept(visit):
    watched = visit("officer")
    page = watched.open("/duty/")
    page.click("details.menu summary")
    page.click("[data-theme-switch]")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    watched.open("/work/")
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_the_language_is_changed_from_the_account_menu(visit):
    watched = visit("second")
    page = watched.open("/duty/")
    page.click("details.menu summary")
    page.get_by_role("button", name="English").click()
    page.wait_for_selector("html[lang=en]")
    page.click("details.menu summary")
    page.get_by_role("button", name="简体中文").click()
    page.wait_for_selector("html[lang=zh-hans]")


def test_keys_move_between_desks_and_open_help(visit):
    watched = visit("officer")
    page = watched.open("/work/")
    page.keyboard.press("?")
    page.wait_for_selector("dialog#help[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/duty/")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/map/")
    page.wait_for_selector("#mdesk[data-ready]", timeout=60_000)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    assert watched.faults == []


def test_j_and_k_walk_down_and_up_a_list(visit):
    page = visit("officer").open("/sensing/")
    page.keyboard.press("j")
    first = page.locator("[data-row].cur").inner_text()
    page.keyboard.press("j")
    assert page.locator("[data-row].cur").inner_text() != first
    page.keyboard.press("k")
    assert page.locator("[data-row].cur").inner_text() == first
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/sensing/points/"))


def test_S8_a_script_or_style_written_into_the_page_does_not_run(visit):
    watched = visit("officer")
    page = watched.open("/work/")
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "document.title = 'owned'";
          document.body.append(script);
          const box = document.createElement("div");
          box.innerHTML = `<p id="x" style="color: rgb(1, 2, 3)">x</p><img src="x" onerror="document.title='owned'">`;
          document.body.append(box);
        }"""
    )
    assert page.title() != "owned"
    assert page.evaluate("getComputedStyle(document.getElementById('x')).color") != "rgb(1, 2, 3)"
    assert any("Content Security Policy" in fault for fault in watched.faults)


def test_S4_after_signing_out_the_back_button_shows_nothing(visit):
    watched = visit("officer")
    page = watched.open("/duty/")
    page.click("details.menu summary")
    page.locator("form[action='/sign-out/'] button").click()
    page.wait_for_url("**/sign-in/**")
    page.go_back()
    page.wait_for_url("**/sign-in/**")
