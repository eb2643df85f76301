"""Stamps: a step of setup that finished leaves a fingerprint of what it depended on, so that it is not done twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anlan.launcher.house import write_whole


@dataclass(frozen=True, slots=True)
class Stamps:
    """A folder of stamps, one file a step."""

    folder: Path

    def holds(self, step: str, fingerprint: str) -> bool:
        """Whether `step` finished for exactly this fingerprint."""
        try:
            return (self.folder / step).read_text(encoding="ascii").strip() == fingerprint
        except OSError:
            return False

    def drop(self, step: str) -> None:
        """Forget that `step` was done."""
        (self.folder / step).unlink(missing_ok=True)

    @contextmanager
    def working(self, step: str, fingerprint: str) -> Iterator[None]:
        """Do a step: the old stamp goes before, the new one comes only after it ended well.

        A kill or an error anywhere between leaves no stamp, and the step is done again.
        """
        self.drop(step)
        yield
        self.mark(step, fingerprint)

    def mark(self, step: str, fingerprint: str) -> None:
        """Note that `step` is done."""
        write_whole(self.folder / step, fingerprint.encode("ascii") + b"\n")
