"""A clock is set from the page: the device is on a real socket, the page follows its answer by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from socket import create_connection

import pytest
from playwright.sync_api import expect

from anlan.formats import hj212
from anlan.formats.devices import beijing_digits
from tests.browser.conftest import TOP, Installation, Open, free_port

pytestmark = pytest.mark.browser
HEAD = {"PW": "123456", "MN": "COMMANDS0001"}


@pytest.fixture
def gateway(installation: Installation) -> Iterator[int]:
    """The port of a gateway over the installation's data."""
    port = free_port()
    environment = {**os.environ, "ANLAN_DATA": str(installation.data), "PYTHONPATH": str(TOP / "src")}
    environment["ANLAN_TCP_HJ212_PORT"] = str(port)
    with (installation.data / "serve_tcp.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "anlan.server", "serve_tcp"], cwd=TOP, env=environment, stdout=log, stderr=log
        )
        yield port
        process.terminate()
        process.wait(15)


def device(port: int, carry_out: threading.Event, ending: threading.Event) -> None:
    """Report every half second until it is heard; take up each question, carry it out when told to."""
    reader, asked = hj212.Reader(), None
    while not ending.is_set():
        try:
            connection = create_connection(("127.0.0.1", port), timeout=2)
            break
        except OSError:
            ending.wait(0.2)
    with connection:
        connection.settimeout(0.5)
        while not ending.is_set():
            stamp = beijing_digits(time.time_ns() // 1_000_000)
            report = {"QN": stamp, "ST": "21", "CN": "2011", **HEAD, "Flag": "5"}
            connection.sendall(hj212.write(hj212.Message(report, f"DataTime={stamp[:14]};w01018-Rtd=1")))
            try:
                came = reader.feed(connection.recv(4096))
            except TimeoutError:
                came = []
            for one in came:
                if isinstance(one, hj212.Message) and one.command != "9014":
                    asked = one
                    connection.sendall(said(one, "9011", "QnRtn=1"))
            ending.wait(0.2)
            if asked is not None and carry_out.is_set():
                connection.sendall(said(asked, "9012", "ExeRtn=1"))
                asked = None


def said(question: hj212.Message, command: str, data: str) -> bytes:
    head = {"QN": question.head["QN"], "ST": "91", "CN": command, **HEAD, "Flag": "4"}
    return hj212.write(hj212.Message(head, data))


def test_a_clock_is_set_and_the_page_follows(visit: Open, gateway: int, tmp_path: Path):
    shots = Path(os.environ.get("ANLAN_TEST_SHOTS", tmp_path))
    carry_out, ending = threading.Event(), threading.Event()
    watched = visit("officer")
    page = watched.open("/sensing/links/")
    page.fill("[name=device]", "gw-1")
    page.select_option("select[name=protocol][required]", "hj212")
    page.fill("[name=number]", HEAD["MN"])
    page.fill("[name=secret]", HEAD["PW"])
    page.click("#link button[type=submit]")
    expect(page.get_by_text(HEAD["MN"]).first).to_be_visible()
    page.click("text=命令 >> nth=0")
    expect(page.locator("#commands")).to_contain_text("尚未向该设备下发过命令")
    clock = page.locator("form:has(input[name=kind][value=set_clock]) button")
    clock.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#commands")).to_contain_text("等待下发")
    thread = threading.Thread(target=device, args=(gateway, carry_out, ending), daemon=True)
    thread.start()
    try:
        expect(page.locator("#commands")).to_contain_text("设备已受理")
        carry_out.set()
        expect(page.locator("#commands")).to_contain_text("执行成功 (ExeRtn=1)")
        expect(page.locator("#commands[hx-get]")).to_have_count(0)
    finally:
        ending.set()
        thread.join(5)
    page.click("form:has(input[value=history]) button")
    expect(page.locator("#commands")).to_contain_text("分钟数据")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.screenshot(path=shots / "commands.png", full_page=True)
    page.goto(watched.base + "/sensing/links/")
    page.screenshot(path=shots / "links.png", full_page=True)
    assert watched.faults == []
    for size, language, name in (("phone", "zh-hans", "phone"), ("desk", "en", "english")):
        other = visit("officer", size=size, language=language)
        seen = other.open(page.url.replace(watched.base, ""))
        seen.screenshot(path=shots / f"links-{name}.png", full_page=True)
        seen.click("a[href$='/commands/'] >> nth=0")
        expect(seen.locator("#commands table")).to_be_visible()
        wide = seen.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0
        seen.screenshot(path=shots / f"commands-{name}.png", full_page=True)
        assert other.faults == []
