"""`./anlan doctor`: looks at everything that the product stands on, and says what to do about what is wrong."""

from __future__ import annotations

import json
import os
import platform
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from anlan import environment
from anlan.launcher.catalogues import compiled, entries
from anlan.launcher.house import House, Trouble, Voice
from anlan.launcher.place import LEAST_FREE, Place, place_for
from anlan.launcher.ports import is_free
from anlan.launcher.running import answers, server_command, server_env
from anlan.launcher.setting_up import fingerprint_of

#: A clock before the release was made is wrong. Epoch seconds, 2026-11-01T00:00:00Z.
EARLIEST = 1793491200


@dataclass(frozen=True, slots=True)
class Finding:
    """One look: `ok`, `note` (works, but should be known) or `bad`, in words, and what to do."""

    subject: str
    state: str
    words: str
    do: str = ""


def examine(house: House, environ: Mapping[str, str], now: float) -> Iterator[Finding]:
    """All findings, one after another. now: epoch seconds."""
    place = place_for(house, environ)
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _settings(environ),
        lambda: _python(house),
        lambda: _disk(house, place),
        lambda: _permissions(place),
        lambda: _front_end(house),
        lambda: _catalogues(house),
        lambda: _clock(now),
        lambda: _processes(place, environ),
        lambda: _database(house, place, environ),
    )
    for look in looks:
        try:
            yield from look()
        except Trouble as trouble:
            yield Finding("start", "bad", trouble.what, trouble.do)


def doctor(house: House, voice: Voice, environ: Mapping[str, str] = os.environ) -> int:
    """Print every finding; returns 1 when one is bad."""
    bad = 0
    for finding in examine(house, environ, time.time()):
        voice.line(f"  {finding.state:<5} {finding.subject:<13} {finding.words}")
        if finding.do and finding.state != "ok":
            voice.line(f"        → {finding.do}")
        bad += finding.state == "bad"
    voice.line("Nothing to mend." if not bad else f"{bad} to mend.")
    return 1 if bad else 0


def _settings(environ: Mapping[str, str]) -> Iterator[Finding]:
    known = {variable.name for variable in environment.VARIABLES}
    for name in sorted(environ):
        if name.startswith("ANLAN_") and name not in known and not name.startswith(("ANLAN_TEST_", "ANLAN_REQUIRE")):
            yield Finding(
                "settings", "note", f"{name} is not a setting.", "see docs/how-to/configure.md for the names."
            )
    try:
        for name in ("ANLAN_PORT", "ANLAN_INGEST_PORT"):
            environment.port(name, environ)
        environment.switch("ANLAN_DEBUG", environ)
        environment.choice("ANLAN_ENGINE_FAST", environment.FAST, environ)
    except environment.BadSetting as error:
        yield Finding("settings", "bad", str(error), "correct it where the service is started.")
        return
    host = environment.text("ANLAN_HOST", environ)
    if host not in ("127.0.0.1", "::1", "localhost"):
        words = f"listens on {host}: passwords cross the network in clear unless a proxy speaks TLS."
        yield Finding("settings", "note", words, "put a TLS proxy in front, see docs/how-to/install.md.")
    else:
        yield Finding("settings", "ok", f"listens on {host}")


def _python(house: House) -> Iterator[Finding]:
    yield Finding("python", "ok", f"launcher {platform.python_version()} on {platform.system()} {platform.machine()}")
    if not house.python.exists():
        yield Finding("python", "bad", "not set up yet.", "./anlan setup")
        return
    code = "import django, numpy, shapely, uvicorn; print('Django', django.__version__, 'numpy', numpy.__version__)"
    done = subprocess.run([house.python, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it does not start"])[-1]
        yield Finding("packages", "bad", last, "delete .venv, then ./anlan setup")
    else:
        yield Finding("packages", "ok", done.stdout.strip())


def _disk(house: House, place: Place) -> Iterator[Finding]:
    there = next(path for path in (place.path, *place.path.parents) if path.exists())
    usage = shutil.disk_usage(there)
    words = f"{usage.free / 1024**3:.1f} GB free where {house.shown(place.path)} lies"
    if usage.free < LEAST_FREE:
        yield Finding("disk", "bad", words, "free some, or set ANLAN_DATA to another disk.")
    elif usage.free < 0.15 * usage.total or usage.free < 5 * LEAST_FREE:
        yield Finding("disk", "note", words, "plan for more; readings grow with time.")
    else:
        yield Finding("disk", "ok", words)


def _permissions(place: Place) -> Iterator[Finding]:
    if not place.path.exists():
        yield Finding("data", "note", f"{place.path} is not there yet.", "./anlan demo or ./anlan serve makes it.")
        return
    place.prepare()
    open_files = [
        path.name
        for path in (place.path / "secret.key", place.path / "demo.password")
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_files:
        names = " ".join(open_files)
        yield Finding("data", "bad", f"{names}: others on this machine can read it.", f"chmod 600 {names}")
    elif stat.S_IMODE(place.path.stat().st_mode) & 0o077:
        yield Finding("data", "note", f"others can look into {place.path}.", f"chmod 700 {place.path}")
    else:
        yield Finding("data", "ok", f"{place.path} is writable and private")


def _front_end(house: House) -> Iterator[Finding]:
    rows = json.loads((house.top / "vendor.json").read_text(encoding="utf-8"))
    wrong = []
    for row in rows:
        path = house.vendor / row["to"]
        if not path.is_file() or fingerprint_of(path.read_bytes()) != row["sha256"]:
            wrong.append(row["to"])
    if wrong:
        words = f"missing or changed: {', '.join(wrong)}"
        yield Finding("front end", "bad", words, "rm -r .venv/anlan-stamps/front-end, then ./anlan setup")
    else:
        yield Finding("front end", "ok", f"{len(rows)} files as vendor.json names them")


def _catalogues(house: House) -> Iterator[Finding]:
    stale = [
        po.name
        for po in (house.top / "src").rglob("LC_MESSAGES/*.po")
        if not po.with_suffix(".mo").exists() or po.with_suffix(".mo").read_bytes() != compiled(entries(po))
    ]
    if stale:
        yield Finding("languages", "bad", f"not compiled: {', '.join(stale)}", "./anlan setup")
    else:
        yield Finding("languages", "ok", "catalogues are compiled")


def _clock(now: float) -> Iterator[Finding]:
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < EARLIEST:
        yield Finding("clock", "bad", f"{shown} is before this release.", "set the clock; deadlines depend on it.")
        return
    synced = None
    if shutil.which("timedatectl"):
        done = subprocess.run(
            ["timedatectl", "show", "-p", "NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        synced = done.stdout.strip() == "yes" if done.returncode == 0 else None
    if synced is False:
        yield Finding(
            "clock", "note", f"{shown}, not synchronised.", "connect it to a time server (chrony, timesyncd)."
        )
    else:
        yield Finding("clock", "ok", shown if synced else f"{shown} (whether it is synchronised is not known)")


def _processes(place: Place, environ: Mapping[str, str]) -> Iterator[Finding]:
    running = place.running()
    if running:
        if answers(f"{running.address}/healthz"):
            yield Finding("processes", "ok", f"running at {running.address}, launcher {running.pid}")
        else:
            words = f"launcher {running.pid} runs, but {running.address} does not answer."
            yield Finding("processes", "bad", words, f"read {place.logs / 'web.log'}")
        return
    host = environment.text("ANLAN_HOST", environ)
    for name in ("ANLAN_PORT", "ANLAN_INGEST_PORT"):
        wanted = environment.port(name, environ)
        if is_free(host, wanted):
            yield Finding("ports", "ok", f"{wanted} is free")
        else:
            words = f"{wanted} is taken by another program"
            yield Finding("ports", "note", words, "the next free port is used unless the variable names it.")


def _database(house: House, place: Place, environ: Mapping[str, str]) -> Iterator[Finding]:
    if not house.python.exists():
        return
    kind = "PostgreSQL" if environment.text("ANLAN_DATABASE_URL", environ).startswith("postgres") else "SQLite"
    if kind == "SQLite" and not place.path.exists():
        return
    done = subprocess.run(
        server_command(house, "migrate", "--check", "--verbosity", "0"),
        cwd=house.top,
        env=server_env(place, environ),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode == 0:
        yield Finding("database", "ok", f"{kind} answers and is of this release")
    elif "Error" in done.stderr:
        last = done.stderr.strip().splitlines()[-1]
        remedy = "is the server started, and are user, password and name in ANLAN_DATABASE_URL right?"
        yield Finding("database", "bad", f"{kind}: {last[:200]}", remedy if kind == "PostgreSQL" else "./anlan setup")
    else:
        words = f"{kind} answers, but holds an older release"
        yield Finding("database", "note", words, "the next ./anlan serve or demo migrates it; back it up first.")
