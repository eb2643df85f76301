"""Where things are in a clone of Anlan, and how the launcher speaks to the person at the terminal."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: The launcher lies in src/anlan/launcher of the clone.
TOP = Path(__file__).resolve().parents[3]


class Trouble(Exception):
    """Something failed that a person can mend: what happened, and what to do next."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.do = do

    def __str__(self) -> str:
        return f"{self.what}\nWhat to do: {self.do}"


@dataclass(frozen=True, slots=True)
class House:
    """One clone of the repository; every path of the launcher starts here."""

    top: Path = TOP

    @property
    def venv(self) -> Path:
        """The virtual environment that setup makes."""
        return self.top / ".venv"

    @property
    def python(self) -> Path:
        """The Python that runs the product."""
        return self.venv / "bin" / "python"

    @property
    def vendor(self) -> Path:
        """Front-end files fetched from npm, served as they are."""
        return self.top / "src" / "anlan" / "kernel" / "web" / "static" / "vendor"

    def lock(self, name: str) -> Path:
        """The hash-locked list of packages called `name`: run, postgres or dev."""
        return self.top / "requirements" / f"{name}.lock"

    def shown(self, path: Path) -> str:
        """A path as a person at the top of the clone would type it."""
        return str(path.relative_to(self.top)) if path.is_relative_to(self.top) else str(path)


def fingerprint(*parts: Path | str) -> str:
    """SHA-256 over files and texts in order: what a finished step depended on."""
    total = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that a kill leaves the old content or the new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    os.replace(draft, path)


class Voice:
    """What the launcher prints: one line a step with its time, a moving line where the terminal can."""

    def __init__(self) -> None:
        self._moving = 0

    def line(self, words: str = "") -> None:
        """Print a line of its own."""
        self._wipe()
        print(words, flush=True)

    def moving(self, words: str) -> None:
        """Replace the current line on a terminal; elsewhere print nothing, a log needs no animation."""
        if sys.stdout.isatty():
            words = words[:78]
            sys.stdout.write("\r" + words.ljust(self._moving))
            sys.stdout.flush()
            self._moving = len(words)

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Say what begins, and when it is done how long it took."""
        self.line(f"· {words} …")
        began = time.monotonic()
        yield
        self.line(f"  done in {time.monotonic() - began:.1f} s")

    def _wipe(self) -> None:
        if self._moving:
            sys.stdout.write("\r" + " " * self._moving + "\r")
            self._moving = 0


def follow(
    command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None, keep: int = 40
) -> Iterator[str]:
    """Run a command and hand on each line that it prints; standard input is closed, so nothing can ask a question.

    Raises Failed, with the last `keep` lines, when it ends with another code than 0.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    last: list[str] = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            line = line.rstrip("\n")
            last = [*last[-keep + 1 :], line]
            yield line
    finally:
        process.stdout.close()
        code = process.wait()
    if code:
        raise Failed(code, last)


class Failed(Exception):
    """A command ended with a code that is not 0; holds the code and the last lines that it printed."""

    def __init__(self, code: int, last: Iterable[str]) -> None:
        self.code = code
        self.last = list(last)
        super().__init__(f"exit code {code}: " + "\n".join(self.last[-3:]))
