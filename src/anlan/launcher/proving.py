"""`./anlan test`, `check` and `bench`: everything that proves the product, run the way CI runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anlan.launcher.house import House, Trouble, Voice

#: Test rooms that run without Django: the pure rooms, the demo county's pure part and the launcher.
PURE = ("science", "engine", "formats", "demo", "house")
#: Marks that keep a test out of the plain run.
SPECIAL = ("services", "browser", "nightly")
#: pytest says "no test was collected" with this code.
NOTHING_COLLECTED = 5


@dataclass(frozen=True, slots=True)
class TestRun:
    """One call of pytest: what it is for, and its arguments."""

    title: str
    arguments: tuple[str, ...]


def test_runs(house: House, marks: Sequence[str], rest: Sequence[str], workers: int) -> list[TestRun]:
    """The calls of pytest for `./anlan test`.

    marks    of SPECIAL; none runs everything that has no such mark, several run what has any of them
    rest     arguments handed to pytest; a path among them makes it one run of just these
    workers  processes side by side; browser tests share one
    """
    if "browser" in marks and len(marks) > 1:
        # Playwright keeps an event loop running in its process, in which no test may start another.
        others = [mark for mark in marks if mark != "browser"]
        return [*test_runs(house, others, rest, workers), *test_runs(house, ["browser"], rest, workers)]
    chosen = " or ".join(marks) if marks else " and ".join(f"not {mark}" for mark in SPECIAL)
    if marks and "nightly" not in marks:
        chosen = f"({chosen}) and not nightly"
    side_by_side: tuple[str, ...] = ()
    if workers > 1 and "browser" not in marks:
        # tests/conftest.py says which files begin: the longest, which the count of tests does not tell.
        side_by_side = ("-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder")
    common = ("-m", chosen, *side_by_side, *rest)
    tests = house.top / "tests"
    if marks or any((house.top / part.split("::")[0]).exists() for part in rest if not part.startswith("-")):
        return [TestRun(" ".join(marks) or "chosen", common)]
    pure = [f"tests/{room}" for room in PURE if (tests / room).is_dir()]
    runs = [TestRun("pure rooms", ("-p", "no:django", *common, *pure))] if pure else []
    left = [*("tests",), *(f"--ignore={room}" for room in pure)]
    return [*runs, TestRun("kernel, apps, contracts, journeys", (*common, *left))]


def test(house: House, voice: Voice, environ: Mapping[str, str], marks: Sequence[str], rest: Sequence[str]) -> int:
    """Run the tests; returns 0 when all of them passed."""
    workers = min(os.cpu_count() or 1, 4)
    codes = []
    for run in test_runs(house, marks, rest, workers):
        voice.line(f"· Testing: {run.title}")
        began = time.monotonic()
        done = subprocess.run([house.python, "-m", "pytest", *run.arguments], cwd=house.top, env=dict(environ))
        voice.line(
            f"  {run.title}: {'passed' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - began:.0f} s)"
        )
        codes.append(done.returncode)
    # One run of several may select nothing; all of them together may not.
    failed = [code for code in codes if code not in (0, NOTHING_COLLECTED)]
    if failed or all(code == NOTHING_COLLECTED for code in codes):
        return 1
    return 0


@dataclass(frozen=True, slots=True)
class Step:
    """One step of `./anlan check`: its title, its command after `python`, and how to mend what it finds."""

    title: str
    arguments: tuple[str, ...]
    mend: str


CHECKS: tuple[Step, ...] = (
    Step("lint", ("-m", "ruff", "check", "."), ".venv/bin/ruff check --fix ."),
    Step("format", ("-m", "ruff", "format", "--check", "."), ".venv/bin/ruff format ."),
    Step("types", ("-m", "mypy"), "correct the lines named above"),
    Step(
        "imports", ("-c", "from importlinter.cli import lint_imports_command as run; run()"), "see docs/start-here.md"
    ),
    Step(
        "migrations", ("-m", "anlan.server", "makemigrations", "--check", "--dry-run"), "./anlan manage makemigrations"
    ),
    Step("deploy", ("-m", "anlan.server", "check", "--deploy", "--fail-level", "WARNING"), "see the hints above"),
    Step("reference pages", ("-m", "anlan.server", "write_reference", "--check"), "./anlan manage write_reference"),
    Step("translations", ("tools/messages.py", "--check"), "./anlan messages, then translate what it lists"),
)


def check(house: House, voice: Voice, environ: Mapping[str, str], names: Sequence[str] = ()) -> int:
    """Run every step (or those named), each timed, all of them even when one fails; returns 0 when all are clean."""
    unknown = sorted(set(names) - {step.title for step in CHECKS})
    if unknown:
        raise Trouble(f"No such step: {', '.join(unknown)}.", f"choose of {', '.join(s.title for s in CHECKS)}.")
    results = []
    with tempfile.TemporaryDirectory(prefix="anlan-check-") as data:
        # What one machine is set up for must not decide what is clean.
        env = {name: value for name, value in environ.items() if not name.startswith("ANLAN_")}
        env |= {"ANLAN_DATA": data, "NO_COLOR": "1"}
        for step in CHECKS:
            if names and step.title not in names:
                continue
            voice.moving(f"  {step.title} …")
            began = time.monotonic()
            done = subprocess.run(
                [house.python, *step.arguments],
                cwd=house.top,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            took = time.monotonic() - began
            if done.returncode:
                voice.line(f"--- {step.title}")
                voice.line(done.stdout.rstrip())
                voice.line(f"--- to mend {step.title}: {step.mend}")
            voice.line(f"  {step.title:<18}{'ok' if done.returncode == 0 else 'FAILED':<8}{took:5.1f} s")
            results.append(done.returncode == 0)
    voice.line("check: " + ("all clean" if all(results) else f"{results.count(False)} of {len(results)} failed"))
    return 0 if all(results) else 1


_NAME = re.compile(r"^#: bench: ([a-z0-9-]+(?: [a-z0-9-]+)*)$", re.MULTILINE)
_NEEDS = re.compile(r"^#: bench needs: ([a-z]+)$", re.MULTILINE)
_VERDICT = re.compile(r"^(\S+) (-?[0-9.]+(?:e[+-]?[0-9]+)?) (-?[0-9.]+(?:e[+-]?[0-9]+)?) (ok|short)$")


def benches(house: House) -> dict[str, str]:
    """Each name that `./anlan bench` knows with its module.

    A file gives the name of the file (`history_read.py` is history-read), or the names of its line `#: bench: a b c`.
    """
    found = {}
    for path in sorted((house.top / "benchmarks").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        declared = _NAME.search(source)
        if declared:
            found.update(dict.fromkeys(declared[1].split(), path.stem))
        elif "__main__" in source:
            found[path.stem.replace("_", "-")] = path.stem
    return found


def bench_purpose(house: House, names: Sequence[str], otherwise: str) -> str:
    """The packages that these figures need: those of a line `#: bench needs: full` in one of them, or `otherwise`."""
    chosen = {module for name, module in benches(house).items() if name in names or list(names) == ["all"]}
    for module in sorted(chosen):
        needs = _NEEDS.search((house.top / "benchmarks" / f"{module}.py").read_text(encoding="utf-8"))
        if needs:
            return needs[1]
    return otherwise


def bench(house: House, voice: Voice, environ: Mapping[str, str], names: Sequence[str]) -> int:
    """Run the named figures (`all` for every one); returns 0 when each printed `NAME value goal ok` at its end.

    A figure that cannot be measured here ends with `NAME skipped: why`, which is no failure and proves nothing.

    Raises Trouble for a name that no benchmark gives.
    """
    known = benches(house)
    wanted = list(known) if list(names) == ["all"] else list(names)
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        what = f"No figure is called {', '.join(unknown)}." if unknown else "Which figure?"
        raise Trouble(what, f"./anlan bench NAME, with one of: {', '.join(known)}.")
    return max(_bench(house, environ, name, known[name]) for name in wanted)


def _bench(house: House, environ: Mapping[str, str], name: str, module: str) -> int:
    """Run one figure, handing on what it prints; 1 when it is short, fails, or does not end with its verdict."""
    last = ""
    with subprocess.Popen(
        [house.python, "-m", f"benchmarks.{module}", name],
        cwd=house.top,
        env={**environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line.strip() or last
    code = process.returncode
    if code == 0 and last.startswith(f"{name} skipped: "):
        return 0
    verdict = _VERDICT.match(last)
    if verdict is None or verdict[1] != name:
        print(f"{name}: the last line is not `{name} value goal ok|short`", file=sys.stderr)
        return 1
    return 0 if code == 0 and verdict[4] == "ok" else 1
