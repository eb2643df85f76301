"""A job in a process of its own neither holds up the others nor takes its worker along when it dies."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from anlan.kernel.jobs import apart, registry, services, worker
from anlan.kernel.jobs.models import Job, State

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 3, 25, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nobody_waits():
    yield
    apart.stop()


@pytest.fixture
def jobs(monkeypatch):
    monkeypatch.setattr(registry, "_jobs", {})
    monkeypatch.setattr(registry, "_timetables", {})
    registry.job("test.here")(lambda *, now: None)
    registry.job("test.apart", apart=True, lease_s=60)(lambda *, now: None)
    for name in ("test.here", "test.apart"):
        services.enqueue(name, now=NOW)


def runs(monkeypatch, program: str) -> None:
    monkeypatch.setattr(apart, "command", lambda: [sys.executable, "-c", program])


def test_each_thread_takes_its_own_sort(jobs, monkeypatch):
    runs(monkeypatch, "pass")
    assert worker.run_once(NOW, "a", only=False) == 1
    assert Job.objects.get(name="test.here").state == State.DONE
    assert Job.objects.get(name="test.apart").state == State.WAITING
    assert worker.run_once(NOW, "a/apart", only=True) == 1
    assert Job.objects.get(name="test.apart").state == State.DONE


def test_what_the_process_said_last_is_why_it_failed(jobs, monkeypatch):
    runs(monkeypatch, "raise SystemExit('no paper in the printer')")
    worker.run_once(NOW, "a", only=True)
    job = Job.objects.get(name="test.apart")
    assert (job.state, job.error) == (State.WAITING, "Ended: no paper in the printer")


def test_a_process_that_is_killed_counts_as_a_failed_try(jobs, monkeypatch):
    runs(monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    worker.run_once(NOW, "a", only=True)
    assert Job.objects.get(name="test.apart").error == "Ended: it ended with -9"


def test_a_process_that_takes_too_long_is_ended(jobs, monkeypatch):
    runs(monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(apart, "_LOOK_S", 0.2)
    registry.job("test.short", apart=True, lease_s=0)(lambda *, now: None)
    services.enqueue("test.short", now=NOW - timedelta(minutes=1))
    worker.run_once(NOW, "a", only=True, limit=1)
    assert "longer than 0 s" in Job.objects.get(name="test.short").error


def test_the_command_waits_for_a_job_of_this_process():
    assert apart.command()[1:] == ["-m", "anlan.server", "run_job", str(os.getpid())]


def tells(path: Path) -> str:
    """A program that writes down the job that it was given and which process it is."""
    return f"import os; job = input(); open({str(path)!r}, 'a').write(f'{{job}} {{os.getpid()}}\\n')"


def test_the_next_job_finds_its_process_started(jobs, monkeypatch, tmp_path):
    runs(monkeypatch, tells(tmp_path / "told"))
    registry.job("test.second", apart=True)(lambda *, now: None)
    services.enqueue("test.second", now=NOW)
    assert worker.run_once(NOW, "a", only=True, limit=1) == 1
    waiting = apart._ahead
    assert waiting is not None
    assert waiting.process.poll() is None
    assert worker.run_once(NOW, "a", only=True, limit=1) == 1
    told = [line.split() for line in (tmp_path / "told").read_text().splitlines()]
    done = Job.objects.filter(state=State.DONE).order_by("run_at", "id")
    assert [int(number) for number, _process in told] == [job.pk for job in done]
    assert int(told[1][1]) == waiting.process.pid


def test_a_process_that_waits_for_another_place_gets_no_job(jobs, monkeypatch, tmp_path):
    runs(monkeypatch, tells(tmp_path / "told"))
    apart._start_ahead()
    other = apart._ahead
    monkeypatch.setenv("ANLAN_DATA", str(tmp_path))
    worker.run_once(NOW, "a", only=True)
    assert other is not None
    assert other.process.returncode is not None
    assert str(other.process.pid) not in (tmp_path / "told").read_text()


def test_a_process_that_died_while_it_waited_is_replaced(jobs, monkeypatch, tmp_path):
    runs(monkeypatch, tells(tmp_path / "told"))
    apart._start_ahead()
    assert apart._ahead is not None
    apart._ahead.process.kill()
    apart._ahead.process.wait()
    worker.run_once(NOW, "a", only=True)
    assert Job.objects.get(name="test.apart").state == State.DONE


def test_nobody_is_left_waiting_at_the_end(jobs, monkeypatch, tmp_path):
    runs(monkeypatch, tells(tmp_path / "told"))
    apart._start_ahead()
    waiting = apart._ahead
    apart.stop()
    assert waiting is not None
    assert waiting.process.returncode == -9


def test_who_waits_in_vain_ends_and_does_nothing(monkeypatch):
    monkeypatch.setattr(apart, "WARM_S", 0.1)
    reading, writing = os.pipe()
    with os.fdopen(reading) as nothing, os.fdopen(writing, "w"):
        monkeypatch.setattr(sys, "stdin", nothing)
        with pytest.raises(SystemExit, match="no job"):
            apart.given()
