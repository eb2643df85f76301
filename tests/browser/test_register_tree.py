"""The tree of registers folds, remembers it, finds by pinyin initials, and goes by keys alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_the_tree_folds_and_stays_so_on_the_next_page(visit):
    watched = visit("officer")
    page = watched.open("/registers/enterprise/")
    tree = page.locator("[data-tree]")
    here = tree.locator("section", has=page.locator("a.on"))
    expect(here.locator("a.on")).to_be_visible()
    other = tree.locator("section[data-group]", has_not=page.locator("a.on")).first
    expect(other.locator("a").first).to_be_hidden()
    other.locator("[data-fold]").click()
    expect(other.locator("a").first).to_be_visible()
    page.reload()
    expect(other.locator("a").first).to_be_visible()
    page.locator("[data-tree-all]").click()
    assert tree.locator("[data-fold][aria-expanded=false]").count() == 0
    page.locator("[data-tree-all]").click()
    assert tree.locator("[data-fold][aria-expanded=true]").count() == 0
    assert watched.faults == []


def test_a_register_is_found_by_initials_and_opened_without_the_mouse(visit):
    watched = visit("officer")
    page = watched.open("/registers/enterprise/")
    page.keyboard.press("t")
    find = page.locator("[data-tree-find]")
    expect(find).to_be_focused()
    page.keyboard.type("spjk")
    links = page.locator("[data-tree] a:visible")
    expect(links).to_have_count(1)
    expect(links).to_contain_text("视频监控")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/registers/camera/"))
    page.locator("[data-tree-find]").fill("没有这个台账")
    expect(page.locator("[data-tree-none]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-tree] a.on")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-tree] [data-fold]").first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-tree] section").first.locator("a").first).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-tree] section").first.locator("a").first).to_be_hidden()
    assert watched.faults == []


def test_on_a_phone_every_register_is_in_reach(visit):
    page = visit("officer", size="phone").open("/registers/enterprise/")
    tree = page.locator("[data-tree]")
    assert tree.locator("a:visible").count() == tree.locator("a").count()
