"""Work is held in the database and done at least once, at most three times, by any number of workers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from anlan.kernel.audit.models import Entry
from anlan.kernel.jobs import loop, registry, services, worker
from anlan.kernel.jobs.models import Job, State
from anlan.kernel.jobs.ticks import Round, register_tick
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.people.services import system_user

NOW = datetime(2026, 11, 22, 3, 25, tzinfo=UTC)
BUREAU = ZoneInfo("Asia/Shanghai")


def after(**span: float) -> datetime:
    return NOW + timedelta(**span)


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No timetable and no job but those of the test."""
    monkeypatch.setattr(registry, "_jobs", {})
    monkeypatch.setattr(registry, "_timetables", {})
    return


@pytest.fixture
def done(db: None) -> list[Any]:
    """What the job "test.note" was called with."""
    calls: list[Any] = []

    @registry.job("test.note")
    def note(*, now: datetime, word: str = "") -> None:
        calls.append(word)

    return calls


@pytest.fixture
def failing(db: None) -> dict[str, int]:
    """The job "test.fail" fails as often as `left` says."""
    state = {"left": 99, "calls": 0}

    @registry.job("test.fail")
    def fail(*, now: datetime) -> None:
        state["calls"] += 1
        if state["left"]:
            state["left"] -= 1
            raise RuntimeError("no paper in the printer")

    return state


@pytest.fixture
def plain_user(db: None) -> User:
    return User.objects.create(username="plain", name="普通人")


def test_a_job_is_done_once(done: list[Any]) -> None:
    services.enqueue("test.note", {"word": "甲"}, now=NOW)
    assert worker.run_once(NOW, "a") == 1
    assert worker.run_once(after(hours=1), "a") == 0
    assert done == ["甲"]
    assert Job.objects.get().state == State.DONE


def test_a_job_of_an_unknown_name_is_refused_when_it_is_put_in(done: list[Any]) -> None:
    with pytest.raises(ValueError, match="no job is called"):
        services.enqueue("test.nothing", now=NOW)


def test_a_job_of_a_room_that_was_taken_out_is_put_aside(done: list[Any]) -> None:
    Job.objects.create(name="test.gone", run_at=NOW, created_at=NOW)
    services.enqueue("test.note", {"word": "乙"}, run_at=after(seconds=1), now=NOW)
    assert worker.run_once(after(seconds=1), "a") == 1
    assert Job.objects.get(name="test.gone").state == State.FAILED
    assert done == ["乙"]


def test_a_job_waits_for_its_time(done: list[Any]) -> None:
    services.enqueue("test.note", run_at=after(minutes=5), now=NOW)
    assert worker.run_once(after(minutes=4), "a") == 0
    assert worker.run_once(after(minutes=5), "a") == 1


def test_R2_the_same_key_is_put_in_once(done: list[Any]) -> None:
    jobs = {services.enqueue("test.note", key="report@2026-11", now=NOW).pk for _n in range(5)}
    assert len(jobs) == 1
    worker.run_once(NOW, "a")
    services.enqueue("test.note", key="report@2026-11", now=after(hours=1))
    assert worker.run_once(after(hours=1), "a") == 0


def test_R3_a_job_of_a_change_that_failed_is_not_there(done: list[Any]) -> None:
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        services.enqueue("test.note", key="k", now=NOW)
        raise RuntimeError("the change failed")
    assert not Job.objects.exists()


def test_a_job_that_another_worker_holds_is_left_alone(done: list[Any]) -> None:
    services.enqueue("test.note", now=NOW)
    assert worker._take(NOW, "a") is not None
    assert worker.run_once(after(seconds=59), "b") == 0


def test_R1_a_job_whose_worker_was_killed_is_done_by_another(done: list[Any]) -> None:
    services.enqueue("test.note", {"word": "丙"}, now=NOW)
    assert worker._take(NOW, "killed") is not None
    assert worker.run_once(after(seconds=61), "b") == 1
    assert done == ["丙"]


def test_a_worker_that_lost_its_lease_changes_nothing_any_more(done: list[Any]) -> None:
    services.enqueue("test.note", now=NOW)
    slow = worker._take(NOW, "slow")
    assert slow is not None
    other = worker._take(after(seconds=61), "other")
    assert other is not None
    worker._run(slow, after(seconds=62))
    job = Job.objects.get()
    assert (job.state, job.lease_by) == (State.WAITING, "other")


def test_a_job_may_take_longer_when_it_says_so(db: None) -> None:
    @registry.job("test.long", lease_s=600)
    def long(*, now: datetime) -> None:
        return None

    services.enqueue("test.long", now=NOW)
    worker._take(NOW, "a")
    assert worker._take(after(seconds=599), "b") is None
    assert worker._take(after(seconds=601), "b") is not None


def test_K6_what_fails_three_times_is_put_aside_with_its_reason(failing: dict[str, int]) -> None:
    job = services.enqueue("test.fail", now=NOW)
    tries = [worker.run_once(moment, "a") for moment in (NOW, after(seconds=9), after(seconds=11), after(seconds=80))]
    assert tries == [1, 0, 1, 1]
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.FAILED, 3)
    assert "no paper in the printer" in job.error
    assert worker.run_once(after(days=1), "a") == 0


def test_a_job_that_fails_and_then_works_is_done(failing: dict[str, int]) -> None:
    failing["left"] = 1
    services.enqueue("test.fail", now=NOW)
    worker.run_once(NOW, "a")
    worker.run_once(after(seconds=11), "a")
    job = Job.objects.get()
    assert (job.state, job.error) == (State.DONE, "")


def test_K6_a_job_that_kills_its_worker_each_time_is_put_aside(done: list[Any]) -> None:
    services.enqueue("test.note", {"word": "poison"}, now=NOW)
    for n in range(3):
        assert worker._take(after(seconds=61 * n), f"killed {n}") is not None
    assert worker.run_once(after(seconds=61 * 3), "d") == 0
    assert done == []
    assert Job.objects.get().error == worker.LOST


def test_K6_a_job_that_fails_does_not_stand_in_the_way(failing: dict[str, int], done: list[Any]) -> None:
    services.enqueue("test.fail", now=NOW)
    services.enqueue("test.note", {"word": "丁"}, now=NOW)
    assert worker.run_once(NOW, "a") == 2
    assert done == ["丁"]


def test_what_was_put_aside_can_be_run_again(failing: dict[str, int], capsys: pytest.CaptureFixture[str]) -> None:
    job = services.enqueue("test.fail", now=NOW)
    for moment in (NOW, after(seconds=11), after(seconds=80)):
        worker.run_once(moment, "a")
    call_command("jobs")
    assert "no paper in the printer" in capsys.readouterr().out
    call_command("jobs", again=job.pk)
    with pytest.raises(CommandError, match="not put aside"):
        call_command("jobs", again=job.pk)
    failing["left"] = 0
    assert worker.run_once(after(days=10_000), "a") == 1
    call_command("jobs")
    assert "No job is put aside" in capsys.readouterr().out


def test_old_work_is_forgotten_but_not_what_was_put_aside(done: list[Any]) -> None:
    services.enqueue("test.note", now=NOW)
    worker.run_once(NOW, "a")
    Job.objects.create(name="test.note", run_at=NOW, created_at=NOW, state=State.FAILED, done_at=NOW)
    assert services.forget_old(after(days=29)) == 0
    assert services.forget_old(after(days=31)) == 1
    assert Job.objects.get().state == State.FAILED


def test_S1_running_it_again_is_the_system_administrators_and_leaves_who(
    failing: dict[str, int], plain_user: User
) -> None:
    job = services.enqueue("test.fail", now=NOW)
    Job.objects.update(state=State.FAILED)
    with pytest.raises(NotAllowed):
        services.try_again(job, actor=plain_user, now=NOW)
    assert services.try_again(job, actor=system_user("console"), now=NOW)
    assert not services.try_again(job, actor=system_user("console"), now=NOW)
    assert Entry.objects.get(verb="jobs.again").after == {"job": "test.fail"}


# --- times of cron ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "now", "slot"),
    [
        ("5 0 * * *", "2026-11-22 11:25", "2026-11-22 00:05"),
        ("5 0 * * *", "2026-11-22 00:04", "2026-11-21 00:05"),
        ("5 0 * * *", "2026-11-22 00:05", "2026-11-22 00:05"),
        ("0 9 * * 1", "2026-11-22 11:25", "2026-11-16 09:00"),
    ],
)
def test_times_of_cron_are_read_in_the_zone_of_the_bureau(expr: str, now: str, slot: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=BUREAU)
    assert registry.last_slot(expr, moment, BUREAU) == datetime.fromisoformat(slot).replace(tzinfo=BUREAU)


def test_each_time_of_cron_comes_once_however_many_workers_ask(done: list[Any]) -> None:
    registry.cron("*/10 * * * *", "test.note", word="slot")
    for name in ("a", "b", "a"):
        worker.run_once(NOW, name)
    assert done == ["slot"]
    worker.run_once(after(minutes=5), "b")  # 03:30
    assert done == ["slot", "slot"]


def test_a_time_that_was_missed_is_made_up_for_once_within_a_day(done: list[Any]) -> None:
    registry.cron("*/10 * * * *", "test.note", word="slot")
    worker.run_once(NOW, "a")
    worker.run_once(after(hours=5), "a")
    assert len(done) == 2


def test_a_time_longer_than_a_day_ago_is_not_made_up_for(done: list[Any]) -> None:
    registry.cron("0 9 * * 1", "test.note", word="weekly")
    worker.run_once(NOW, "a")  # Sunday: six days after
    assert done == []


@pytest.mark.parametrize("expr", ["", "* * * *", "61 * * * *", "* * * * * *", "every day"])
def test_a_time_that_is_none_is_refused_at_start(expr: str) -> None:
    with pytest.raises(ValueError, match="cron"):
        registry.cron(expr, "test.note")


def test_two_jobs_of_one_name_are_refused(done: list[Any]) -> None:
    with pytest.raises(ValueError, match="two jobs"):
        registry.job("test.note")(lambda *, now: None)


# --- ticks --------------------------------------------------------------------------------------------------------


@pytest.fixture
def ticked(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    from anlan.kernel.jobs import ticks

    monkeypatch.setattr(ticks, "_ticks", {})
    calls: list[datetime] = []
    register_tick("test", calls.append, every_s=10)
    return calls


def test_a_tick_comes_every_so_many_seconds(ticked: list[datetime]) -> None:
    rounds = Round()
    for second in range(25):
        rounds.run_due(after(seconds=second))
    assert ticked == [NOW, after(seconds=10), after(seconds=20)]


def test_a_tick_that_was_missed_is_called_once(ticked: list[datetime]) -> None:
    rounds = Round()
    rounds.run_due(NOW)
    rounds.run_due(after(hours=1))
    rounds.run_due(after(hours=1, seconds=1))
    assert len(ticked) == 2


def test_K8_a_clock_that_is_set_back_does_not_silence_the_ticks(ticked: list[datetime]) -> None:
    rounds = Round()
    rounds.run_due(NOW)
    assert rounds.run_due(after(hours=-1)) == 1


def test_K6_a_tick_that_fails_stops_no_other_and_is_said_once(
    ticked: list[datetime], caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_now: datetime) -> None:
        raise RuntimeError("broken")

    register_tick("broken", fails, every_s=10)
    register_tick("after", ticked.append, every_s=10)
    rounds = Round()
    for second in (0, 10, 20):
        assert rounds.run_due(after(seconds=second)) == 3
    assert len(ticked) == 6
    assert caplog.text.count("tick broken failed") == 1


def test_a_tick_needs_a_span() -> None:
    with pytest.raises(ValueError, match="above 0"):
        register_tick("bad", lambda now: None, every_s=0)


# --- the process --------------------------------------------------------------------------------------------------


def test_the_process_goes_on_when_its_work_fails_and_stops_when_told(caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    calls = []

    def work() -> None:
        calls.append(len(calls))
        if len(calls) == 3:
            stop.set()
        raise OSError("the disk is away")

    assert loop.rounds(stop, work, round_s=0) == 3
    assert caplog.text.count("cannot work") == 1


def test_K9_a_jobs_process_that_is_silent_is_not_ready(db: None, settings: Any, tmp_path: Any) -> None:
    import os

    settings.DATA = tmp_path
    assert not loop.health().ok
    loop.heartbeat_file().touch()
    assert loop.health().ok
    os.utime(loop.heartbeat_file(), (1, 1))
    assert not loop.health().ok
    loop.heartbeat_file().touch()
    Job.objects.create(name="x", run_at=NOW, created_at=NOW, state=State.FAILED)
    assert not loop.health().ok
