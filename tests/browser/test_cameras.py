"""Live pictures move: an HLS stream through MediaSource, and MJPEG by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

#: Answers once the picture has moved on for a second.
MOVED = """video => new Promise(done => {
  const look = () => video.currentTime > 1 ? done(video.currentTime) : setTimeout(look, 100);
  look();
})"""


def test_an_hls_stream_plays_through_us(visit):
    watched = visit("officer")
    asked: list[str] = []
    watched.page.on("response", lambda answer: asked.append(answer.url) if answer.ok else None)
    page = watched.open("/sites/cameras/CAM-1/live/")
    video = page.locator("video")
    expect(video).to_have_js_property("videoWidth", 160)
    assert video.evaluate(MOVED) > 1
    assert page.evaluate("document.querySelector('video').src").startswith("blob:"), "not by the browser itself"
    assert any(url.endswith("/vendor/hls/hls.mjs") for url in asked)
    assert [url.rpartition("/")[2] for url in asked if "/hls/part" in url][:2] == ["part0.ts", "part1.ts"]
    assert page.get_attribute("[data-live]", "data-state") is None
    assert watched.faults == []


def test_no_other_page_fetches_the_player(visit):
    watched = visit("officer")
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    page = watched.open("/sites/cameras/CAM-2/live/")
    expect(page.locator("[data-moving]")).to_have_js_property("naturalWidth", 64)
    watched.open("/registers/camera/")
    assert not any("/vendor/hls/" in url for url in asked)
    assert watched.faults == []


def test_a_stream_that_breaks_off_says_so(visit):
    watched = visit("officer", size="phone", language="en")
    watched.page.route("**/part*.ts", lambda route: route.fulfill(status=502, body="The camera cannot be reached."))
    page = watched.open("/sites/cameras/CAM-1/live/")
    page.wait_for_selector("[data-live][data-state=failed]", timeout=60_000)
    assert page.locator("[data-failed]").is_visible()
