"""A document is reviewed by keyboard alone, at the words it came from; the ledger fits every screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TEXT = """安澜县应急管理局{year}年工作要点
一、主要目标
重大事故隐患按期整改率达到100%。
二、重点工作
一是健全值班制度。严格执行24小时专人值班制度,6月底前完成值班室改造。(牵头领导:沈知微)
二是做好物资保障。物资储备点每季度盘点一次。(牵头领导:顾怀远)
"""


def upload(watched, year):
    page = watched.open("/goals/documents/new/")
    text = TEXT.format(year=year).encode()
    page.set_input_files("input[type=file]", files=[{"name": "要点.txt", "mimeType": "text/plain", "buffer": text}])
    page.select_option("select[name=region]", "990123")
    page.locator("main").locator("button.btn.p").click()
    page.wait_for_selector("[data-review]")
    return page


def test_every_draft_is_decided_by_keyboard_and_the_edition_put_in_force(visit):
    watched = visit("keeper", language="en")
    page = upload(watched, 2026)
    total = int(page.inner_text("[data-total]"))
    cursor = page.locator("[data-row].cur")
    for done in range(total):
        expect(page.locator("[data-decided]")).to_have_text(str(done))
        expect(cursor).to_have_class(re.compile("proposed"))
        marked = page.locator("mark.on").first
        expect(marked).to_be_visible()
        page.keyboard.press("x" if done == 1 else "Enter")
    expect(page.locator("[data-decided]")).to_have_text(str(total))
    page.locator("[data-force]").click()
    expect(page.locator(".gtree .lv.red").first).to_be_visible()
    assert watched.faults == []


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_pages_of_the_ledger_fit_the_screen(visit, size):
    watched = visit("keeper", size=size, language="en")
    page = upload(watched, 2030 if size == "desk" else 2031)
    address = page.url.removeprefix(watched.base)
    edition = address.removesuffix("review/")
    for path in (address, f"{edition}cleaning/", edition, f"{edition}clauses/h2-i1/", "/goals/", "/goals/officers/"):
        watched.open(path)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} can be scrolled sideways"
    assert watched.faults == []
