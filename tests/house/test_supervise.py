"""The supervisor: real processes, an invented clock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from anlan.launcher import orphan
from anlan.launcher.house import House
from anlan.launcher.supervise import FIRST_WAIT, GOOD_LIFE, LONGEST_WAIT, Backoff, LogFile, Supervisor


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Heard:
    """A voice that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, words: str = "") -> None:
        self.lines.append(words)

    def moving(self, words: str) -> None:
        self.lines.append(words)


@pytest.fixture
def kept(tmp_path):
    """A supervisor with an invented clock; whatever it started is ended afterwards."""
    supervisor = Supervisor(Heard(), os.environ, tmp_path, clock=Clock())
    yield supervisor
    for child in supervisor.children:
        if child.process is not None:
            child.process.kill()
    supervisor.end_all()


def turn_until(supervisor: Supervisor, done) -> None:
    for _ in range(2000):
        if done():
            return
        supervisor.turn(0.01)
    pytest.fail("the supervisor did not get there")


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_a_crashing_process_waits_twice_as_long_each_time_up_to_the_longest():
    backoff = Backoff()
    waits = [backoff.crashed(started=100.0, now=101.0) - 101.0 for _ in range(8)]
    assert waits == [1, 2, 4, 8, 16, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]


def test_a_good_life_forgives_earlier_crashes():
    backoff = Backoff()
    for _ in range(6):
        backoff.crashed(started=0.0, now=1.0)
    assert backoff.crashed(started=0.0, now=GOOD_LIFE) == GOOD_LIFE + FIRST_WAIT
    assert backoff.crashes == 1


def test_a_crashed_process_starts_again_when_its_wait_is_over_and_not_before(kept, tmp_path):
    kept.add("web", program("print('hello', flush=True); raise SystemExit(3)"), tmp_path)
    (child,) = kept.children
    turn_until(kept, lambda: child.backoff.crashes == 1)
    kept.clock.now = FIRST_WAIT / 2
    kept.turn(0.01)
    assert child.process is None
    kept.clock.now = FIRST_WAIT
    turn_until(kept, lambda: child.backoff.crashes == 2)
    assert child.log.tail(9) == ["hello", "hello"]
    assert any("web ended (code 3); starting it again in 1 s" in line for line in kept.voice.lines)


def test_a_killed_process_is_started_again(kept, tmp_path):
    kept.add("engine", program("import os, signal; os.write(1, b'up\\n'); signal.pause()"), tmp_path)
    (child,) = kept.children
    turn_until(kept, lambda: child.log.tail(1) == ["up"])
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    turn_until(kept, lambda: child.process is None)
    kept.clock.now = FIRST_WAIT
    turn_until(kept, lambda: child.log.tail(9) == ["up", "up"])
    assert child.process.pid != first
    assert any("signal SIGKILL" in line for line in kept.voice.lines)


def test_errors_reach_the_terminal_and_everything_reaches_the_log(kept, tmp_path):
    kept.add("jobs", program("print('quiet'); print('ERROR anlan.jobs disk is full')"), tmp_path)
    (child,) = kept.children
    turn_until(kept, lambda: child.backoff.crashes == 1)
    assert child.log.tail(9) == ["quiet", "ERROR anlan.jobs disk is full"]
    shown = [line for line in kept.voice.lines if "disk is full" in line or "quiet" in line]
    assert shown == ["  jobs    ERROR anlan.jobs disk is full"]


def test_stopping_ends_every_process_in_order_and_starts_none_again(kept, tmp_path):
    polite = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *a: (os.write(1, b'bye\\n'), sys.exit(0)))\n"
        "os.write(1, b'up\\n')\n"
        "while True: signal.pause()"
    )
    for name in ("web", "engine"):
        kept.add(name, program(polite), tmp_path)
    turn_until(kept, lambda: all(child.log.tail(1) == ["up"] for child in kept.children))
    kept.stop("SIGINT")
    kept.run()
    assert [child.log.tail(9) for child in kept.children] == [["up", "bye"], ["up", "bye"]]
    assert [child.process for child in kept.children] == [None, None]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal is Linux's own")
def test_children_end_when_the_launcher_is_killed(tmp_path):
    launcher = (
        "import os, pathlib\n"
        "from anlan.launcher.house import Voice\n"
        "from anlan.launcher.supervise import Supervisor\n"
        f"s = Supervisor(Voice(), os.environ, pathlib.Path({str(tmp_path)!r}))\n"
        f"s.add('child', [{sys.executable!r}, '-c', 'import os,signal,sys; print(os.getpid(), flush=True); "
        f"signal.pause()'], pathlib.Path({str(tmp_path)!r}))\n"
        "while not s.children[0].log.tail(1): s.turn(0.01)\n"
        "print(s.children[0].process.pid, flush=True)\n"
        "s.run()\n"
    )
    process = subprocess.Popen(
        program(launcher),
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(House().top / "src")},
    )
    child = int(process.stdout.readline())
    gone = os.pidfd_open(child)
    process.kill()
    process.communicate()
    import select

    assert select.select([gone], [], [], 10.0)[0], "the child outlived its launcher"
    os.close(gone)


def test_elsewhere_a_process_ends_itself_when_its_parent_is_another(monkeypatch):
    sent = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))

    class NoPause(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            return False

    orphan.watch(os.getppid() + 1, NoPause())
    assert sent == [(os.getpid(), signal.SIGTERM)]


def test_a_long_log_turns_over_and_keeps_one_older_file(tmp_path):
    log = LogFile(tmp_path / "web.log", limit=10)
    for text in (b"first\n", b"second\n", b"third\n"):
        log.add(text)
    assert log.path.read_bytes() == b"third\n"
    assert Path(tmp_path / "web.log.1").read_bytes() == b"second\n"
    assert log.path.stat().st_mode & 0o077 == 0


def test_a_disk_that_refuses_does_not_stop_the_supervisor(tmp_path):
    (tmp_path / "web.log").mkdir()
    log = LogFile(tmp_path / "web.log")
    log.add(b"lost\n")
    assert log.tail(1) == []
