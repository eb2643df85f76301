"""`./anlan lock`: choose package versions anew and write them down with their hashes; for developers, needs a network.

Writes requirements/*.lock, package-lock.json and vendor.json. No lock names a host, so that each machine may fetch from
its own mirror; the hashes say that it is the same package.
"""

from __future__ import annotations

import json
import os
import shutil

from anlan.launcher.house import Failed, House, Trouble, Voice, follow, write_whole
from anlan.launcher.setting_up import advice_for, fetch_front_end, fingerprint_of

#: Each lock with the extras of pyproject.toml that it holds and the lock whose versions it keeps.
LOCKS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("run", (), ""),
    ("postgres", ("postgres",), "run"),
    ("full", ("postgres", "fast", "analytics", "nats"), "postgres"),
    ("dev", ("postgres", "fast", "analytics", "nats", "dev"), "full"),
    ("peers", ("peers",), ""),
)


def lock(house: House, voice: Voice, upgrade: bool) -> None:
    """Write all locks; with `upgrade` to the newest versions that pyproject.toml and package.json allow.

    Raises Trouble when a tool fails.
    """
    try:
        for name, extras, kept in LOCKS:
            with voice.step(f"Locking {name}"):
                _lock_python(house, name, extras, kept, upgrade)
        with voice.step("Locking the front end"):
            _lock_front_end(house, voice, upgrade)
    except Failed as error:
        raise Trouble("\n".join(error.last[-15:]), advice_for(error.last)) from error


def _lock_python(house: House, name: str, extras: tuple[str, ...], kept: str, upgrade: bool) -> None:
    target = house.lock(name)
    command: list[str] = [
        *(str(house.python), "-m", "uv", "pip", "compile", "--quiet", "--no-config", "pyproject.toml"),
        *("--universal", "--python-version", "3.11", "--generate-hashes"),
        *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
        *(part for extra in extras for part in ("--extra", extra)),
        *(("--constraints", str(house.lock(kept))) if kept else ()),
        *(("--upgrade",) if upgrade else ()),
        *("--output-file", str(target)),
    ]
    for _line in follow(command, cwd=house.top):
        pass
    head = f"# Made by `./anlan lock` from pyproject.toml{''.join(f', extra {extra}' for extra in extras)}.\n"
    write_whole(target, head.encode() + target.read_bytes().removeprefix(head.encode()))


def _lock_front_end(house: House, voice: Voice, upgrade: bool) -> None:
    fetch_front_end(house, voice, os.environ, "update" if upgrade else "install")
    manifest = house.top / "vendor.json"
    rows = json.loads(manifest.read_text(encoding="utf-8"))
    for row in rows:
        folder = house.top / "node_modules" / row["package"]
        content = (folder / row["file"]).read_bytes()
        about = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        row.update(
            version=about["version"], licence=about["license"], bytes=len(content), sha256=fingerprint_of(content)
        )
    write_whole(manifest, (json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode())
    shutil.rmtree(house.top / "node_modules", ignore_errors=True)
