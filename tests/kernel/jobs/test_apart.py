"""A job in a process of its own neither holds up the others nor takes its worker along when it dies."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import pytest

from anlan.kernel.jobs import apart, registry, services, worker
from anlan.kernel.jobs.models import Job, State

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 3, 25, tzinfo=UTC)


@pytest.fixture
def jobs(monkeypatch):
    monkeypatch.setattr(registry, "_jobs", {})
    monkeypatch.setattr(registry, "_timetables", {})
    registry.job("test.here")(lambda *, now: None)
    registry.job("test.apart", apart=True, lease_s=60)(lambda *, now: None)
    for name in ("test.here", "test.apart"):
        services.enqueue(name, now=NOW)


def runs(monkeypatch, program: str) -> None:
    monkeypatch.setattr(apart, "command", lambda job: [sys.executable, "-c", program])


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


def test_the_command_runs_the_job_by_its_number(jobs):
    job = Job.objects.get(name="test.apart")
    assert apart.command(job)[1:5] == ["-m", "anlan.server", "run_job", str(job.pk)]
