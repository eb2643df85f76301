"""What every file of the repository keeps to: no place of one machine, no registry host, locks that hold."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from anlan.launcher.house import House

TOP = House().top
#: Put together from parts, so that this file does not hold what it looks for.
PARTS = ("py pi.org", "files.python hosted", "registry.npm js", "registry.npm mirror", "deb.deb ian")
HOSTS = re.compile("|".join(part.replace(" ", "").replace(".", r"\.") for part in PARTS))
ROOTS = "|".join("".join(parts) for parts in (("wo", "rk"), ("fa", "rm"), ("ro", "ot"), ("ho", "me/[a-z]+")))
MACHINE = re.compile(rf"(^|[^A-Za-z0-9_./-])/({ROOTS})/[a-z]", re.MULTILINE)


def files() -> list:
    """Every text file that belongs to the repository, or will with the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a clone of git")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = TOP / name
        if path.is_file() and b"\0" not in path.read_bytes()[:4096]:
            found.append(path)
    assert len(found) > 20
    return found


def places(pattern: re.Pattern) -> list[str]:
    found = []
    for path in files():
        content = path.read_text(encoding="utf-8")
        for match in pattern.finditer(content):
            number = content.count("\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(TOP)}:{number}: {match[0].strip()}")
    return found


def test_no_file_names_a_package_registry():
    assert places(HOSTS) == []


def test_no_file_names_a_place_of_one_machine():
    assert places(MACHINE) == []


def test_the_pattern_finds_what_it_looks_for():
    assert MACHINE.search('see "/wo' + 'rk/main/x"')
    assert HOSTS.search("https://py" + "pi.org/x")
    assert not MACHINE.search("https://example.org/work/main")


@pytest.mark.parametrize("name", ["run", "postgres", "full", "dev", "peers"])
def test_a_lock_pins_every_package_by_hash_and_names_no_address(name):
    lines = (TOP / f"requirements/{name}.lock").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 20
    for line in pins:
        assert re.match(r"[a-z0-9.-]+(\[[a-z,]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line
        assert "://" not in line
        assert "@" not in line


def pinned(name: str) -> dict[str, set[str]]:
    text = (TOP / f"requirements/{name}.lock").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([a-z0-9.-]+)(?:\[.*?\])?==(\S+)", text, re.MULTILINE):
        found.setdefault(canonicalize_name(package), set()).add(version)
    return found


@pytest.mark.parametrize(
    ("name", "extras"),
    [
        ("run", ()),
        ("postgres", ("postgres",)),
        ("full", ("postgres", "fast", "analytics", "nats")),
        ("dev", ("postgres", "fast", "analytics", "nats", "dev")),
        ("peers", ("peers",)),
    ],
)
def test_a_lock_holds_what_the_project_asks_for(name, extras):
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(one for extra in extras for one in project["optional-dependencies"][extra])]
    pins = pinned(name)
    for requirement in map(Requirement, asked):
        versions = pins.get(canonicalize_name(requirement.name))
        assert versions, f"{requirement.name} is not in {name}.lock: run ./anlan lock"
        assert all(version in requirement.specifier for version in versions), requirement


@pytest.mark.parametrize(("small", "large"), [("run", "postgres"), ("postgres", "full"), ("full", "dev")])
def test_a_larger_lock_contains_the_smaller_one(small, large):
    inside = pinned(large)
    assert {name: versions for name, versions in pinned(small).items() if inside.get(name) != versions} == {}


def test_the_front_end_lock_names_no_address_and_holds_what_is_asked_for():
    lock = json.loads((TOP / "package-lock.json").read_text(encoding="utf-8"))
    asked = json.loads((TOP / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert lock["packages"][""]["dependencies"] == asked
    for name, row in lock["packages"].items():
        assert "resolved" not in row
        assert not name or row["integrity"].startswith("sha512-")


def test_every_listed_front_end_file_comes_from_the_locked_version_with_a_free_licence():
    lock = json.loads((TOP / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    rows = json.loads((TOP / "vendor.json").read_text(encoding="utf-8"))
    assert {row["package"] for row in rows} == set(lock[""]["dependencies"])
    for row in rows:
        assert row["version"] == lock[f"node_modules/{row['package']}"]["version"]
        assert row["licence"] in {"MIT", "0BSD", "BSD-3-Clause", "Apache-2.0"}
        assert re.fullmatch("[0-9a-f]{64}", row["sha256"])


def test_the_ci_script_is_sound_shell():
    assert (TOP / ".ci/run").stat().st_mode & 0o111
    done = subprocess.run(["bash", "-n", ".ci/run"], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_licence_is_whole():
    text = (TOP / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_every_link_between_documents_leads_somewhere():
    lost = []
    for path in (path for path in files() if path.suffix == ".md"):
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text(encoding="utf-8")):
            if not (path.parent / target).exists():
                lost.append(f"{path.relative_to(TOP)} → {target}")
    assert lost == []


def test_every_file_that_a_document_names_exists():
    lost = []
    for path in (path for path in files() if path.suffix == ".md" and "reference" not in path.parts):
        for name in re.findall(
            r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|md|yaml|toml|lock|json))`", path.read_text(encoding="utf-8")
        ):
            if not any((start / name).exists() for start in (TOP, TOP / "src/anlan", path.parent)):
                lost.append(f"{path.relative_to(TOP)}: {name}")
    assert lost == []
