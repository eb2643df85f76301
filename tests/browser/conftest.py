"""A whole installation of its own for the browser tests: pages, door, engine and jobs on free ports, and Chromium.

Nothing sleeps: the tests wait for what they expect to see, and a limit says how long that may take.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import camera_server
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

#: How long a page may take to show what it should: software drawing on two shared cores is slow.
expect.set_options(timeout=20_000)

TOP = Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
#: Software drawing, since a test machine has no graphics card; the map needs WebGL.
FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"]
SIZES = {"wall": (1920, 1080), "desk": (1366, 768), "phone": (390, 844)}
#: How long something expected may take on a machine with other work; nothing waits when it is there sooner.
expect.set_options(timeout=15_000)
PROCESSES = ("serve_web", "serve_ingest", "serve_engine", "serve_jobs")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """A running product: where its pages and its door are, and how to speak with it."""

    data: Path
    web: str
    door: str
    key: str = ""
    password: str = ""
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    batches: int = 0

    def post(self, point: str, value: float, at_ms: int | None = None) -> dict[str, Any]:
        """Send one reading through the door, as a device does."""
        self.batches += 1
        row = {"point": point, "t": at_ms or int(time.time() * 1000), "value": value}
        body = json.dumps({"batch_id": f"b{self.batches}", "readings": [row]}).encode()
        headers = {"Authorization": f"Bearer gw-1:{self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.door}/api/v1/readings", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.load(answer))

    def log(self) -> str:
        """The last lines that each process wrote, for a failed test."""
        parts = [f"--- {path.name}\n{path.read_text('utf-8')[-1500:]}" for path in sorted(self.data.glob("*.log"))]
        return "\n".join(parts)


def _run(arguments: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=TOP, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        pytest.fail(f"{' '.join(arguments)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


@pytest.fixture(scope="package")
def camera() -> Iterator[str]:
    """The address of a camera on this machine."""
    with camera_server.running() as (address, _seen):
        yield address


@pytest.fixture(scope="package")
def installation(camera: str) -> Iterator[Installation]:
    """The product with the small county of county.py."""
    data = Path(tempfile.mkdtemp(prefix="anlan-browser-"))
    web, door = free_port(), free_port()
    one = Installation(data, f"http://127.0.0.1:{web}", f"http://127.0.0.1:{door}")
    environment = {
        **os.environ,
        "ANLAN_DATA": str(data),
        "PYTHONPATH": str(TOP / "src"),
        "ANLAN_INGEST_PORT": str(door),
        "ANLAN_CAMERA_HOSTS": camera.removeprefix("http://"),
        "TEST_CAMERA": camera,
    }
    environment.pop("ANLAN_DATABASE_URL", None)
    environment.pop("PYTHONWARNINGS", None)
    _run(["-m", "anlan.server", "migrate", "--verbosity", "0"], environment)
    _run(["tests/browser/county.py"], environment)
    facts = json.loads((data / "county.json").read_text("utf-8"))
    one.key, one.password = facts["key"], facts["password"]
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        for name in PROCESSES:
            more = {"serve_web": ["--port", str(web)], "serve_ingest": ["--port", str(door)]}.get(name, [])
            log = stack.enter_context((data / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "anlan.server", name, *more], cwd=TOP, env=environment, stdout=log, stderr=log
            )
            one.running.append(process)
            stack.callback(_stop, process)
        limit, turn = time.monotonic() + 60, threading.Event()
        while not (_answers(f"{one.web}/healthz") and _answers(f"{one.door}/")):
            if time.monotonic() > limit or any(process.poll() is not None for process in one.running):
                pytest.fail(f"the installation did not start:\n{one.log()}")
            turn.wait(0.2)
        yield one


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; skipped with a reason where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here: install the package `chromium`")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page whose every complaint is kept."""

    page: Page
    context: BrowserContext
    base: str
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text[:300]}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.faults.append(f"outside: {request.url[:200]}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.status}: {response.url}")

    def open(self, path: str) -> Page:
        """Go to a page of the product and wait until it stands, the map included."""
        self.page.goto(self.base + path)
        if self.page.locator("#mdesk").count():
            self.page.wait_for_selector("#mdesk[data-ready]", timeout=60_000)
            assert self.page.get_attribute("#mdesk", "data-ready") == "1"
        return self.page


Open = Callable[..., Watched]


@pytest.fixture
def visit(installation: Installation, chromium: Browser) -> Iterator[Open]:
    """`visit("officer", size="phone", language="en")`: a browser of its own in which this person is signed in."""
    with contextlib.ExitStack() as stack:

        def _visit(username: str = "", *, size: str = "desk", language: str = "zh-hans", theme: str = "") -> Watched:
            width, height = SIZES[size]
            context = chromium.new_context(viewport={"width": width, "height": height}, has_touch=size == "phone")
            stack.callback(context.close)
            context.add_cookies([{"name": "anlan_language", "value": language, "url": installation.web}])
            if theme:
                context.add_cookies([{"name": "anlan_theme", "value": theme, "url": installation.web}])
            watched = Watched(context.new_page(), context, installation.web)
            watched.watch()
            if username:
                watched.open("/sign-in/")
                watched.page.fill("[name=username]", username)
                watched.page.fill("[name=password]", installation.password)
                watched.page.click("button[type=submit].primary")
                watched.page.wait_for_url(lambda url: "sign-in" not in url)
            return watched

        yield _visit
