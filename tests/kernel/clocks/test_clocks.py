"""A clock runs by the rule in force at its start, speaks its ladder once, and moves only as the rule allows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from cases_world import NOW, after, clock_rule, person

from anlan.kernel.clocks import ladder, services
from anlan.kernel.clocks.ladder import ladder_of
from anlan.kernel.clocks.models import Clock
from anlan.kernel.clocks.queries import clocks_of, is_late, overdue, used_s
from anlan.kernel.clocks.services import ClockError
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import NoRule

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(town: Region, four_hours: Entry) -> Clock:
    return services.start("thing:1", "test.handle", region=town, now=NOW)


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str, datetime]]:
    """(clock, whom, when) of every rung that was spoken."""
    said: list[tuple[int, str, datetime]] = []
    monkeypatch.setattr(ladder, "_speakers", [])
    services.on_rung("test.", lambda clock, rung, now: said.append((clock.pk, rung.to, now)))
    return said


def fresh(clock: Clock) -> Clock:
    return Clock.objects.get(pk=clock.pk)


def test_a_clock_ends_when_the_rule_says_and_keeps_its_version(clock: Clock, four_hours: Entry) -> None:
    assert clock.due == clock.original_due == after(hours=4)
    assert clock.entry == four_hours


def test_the_same_clock_is_not_started_twice(clock: Clock, town: Region) -> None:
    again = services.start("thing:1", "test.handle", region=town, now=after(hours=1))
    assert again == clock
    assert again.due == clock.due


def test_a_clock_without_a_rule_is_refused(town: Region) -> None:
    with pytest.raises(NoRule):
        services.start("thing:1", "nobody.wrote", region=town, now=NOW)


@pytest.mark.parametrize(
    "body",
    [
        {"ladder": [{"to": "duty"}], "hours": 1},
        {"ladder": [{"to": "duty", "after_s": 0, "before_s": 0}], "hours": 1},
        {"ladder": [{"to": "the mayor", "after_s": 0}], "hours": 1},
    ],
)
def test_a_ladder_that_cannot_be_climbed_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rung"):
        ladder_of(body)


@pytest.mark.parametrize("body", [{}, {"hours": 1, "days": 1}])
def test_a_rule_gives_its_time_in_one_unit(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="in one of"):
        services.allowed_s(body)


def test_each_rung_is_spoken_once_at_its_moment(clock: Clock, spoken: list[Any]) -> None:
    moments = [after(hours=2), after(hours=3), after(hours=3, seconds=1), after(hours=4), after(hours=4, minutes=1)]
    assert [services.scan(moment) for moment in moments] == [0, 1, 0, 1, 0]
    assert [(to, at) for _pk, to, at in spoken] == [("unit", after(hours=3)), ("duty", after(hours=4))]


def test_after_a_stop_of_the_product_the_missed_rungs_are_spoken_in_order(clock: Clock, spoken: list[Any]) -> None:
    assert services.scan(after(days=1)) == 3
    assert [to for _pk, to, _at in spoken] == ["unit", "duty", "leader"]
    assert fresh(clock).next_at is None


def test_a_stopped_clock_is_silent(clock: Clock, spoken: list[Any]) -> None:
    services.stop("thing:1", now=after(hours=1))
    assert services.scan(after(days=1)) == 0
    assert spoken == []


def test_K6_one_clock_whose_speaker_fails_holds_up_no_other(
    clock: Clock, town: Region, spoken: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = services.start("thing:2", "test.handle", region=town, now=after(seconds=1))

    def fails(bad: Clock, _rung: Any, now: datetime) -> None:
        if bad.pk == clock.pk and now < after(hours=4):
            raise RuntimeError("the speaker is broken")

    services.on_rung("test.", fails)
    moment = after(hours=3, seconds=1)
    assert services.scan(moment) == 1
    assert [pk for pk, _to, _at in spoken if pk == other.pk]
    assert fresh(clock).rung == 0
    assert fresh(clock).next_at == moment + timedelta(seconds=60)
    assert "could not be spoken" in caplog.text
    assert services.scan(after(hours=4)) == 2  # its two rungs, now that the speaker works; the other one's is later


def test_stopping_says_whether_it_was_in_time(clock: Clock) -> None:
    services.stop("thing:1", now=after(hours=3))
    stopped = fresh(clock)
    assert not is_late(stopped, after(days=9))
    assert used_s(stopped, after(days=9)) == 3 * 3600


def test_only_the_named_clock_is_stopped(clock: Clock, town: Region) -> None:
    clock_rule("test.other", minutes=5)
    services.start("thing:1", "test.other", region=town, now=NOW)
    services.stop("thing:1", "test.other", now=after(minutes=1))
    assert [one.code for one in clocks_of("thing:1", running=True)] == ["test.handle"]
    assert [one.code for one in clocks_of("thing:1", running=False)] == ["test.other"]
    assert [one.code for one in clocks_of("thing:1")] == ["test.other", "test.handle"]


def test_a_stop_that_is_taken_back_lets_the_clock_run_on(clock: Clock, spoken: list[Any]) -> None:
    services.stop("thing:1", now=after(hours=1))
    services.undo_stop("thing:1", stopped_at=after(hours=1), now=after(hours=1, seconds=9))
    assert fresh(clock).due == after(hours=4)
    assert services.scan(after(hours=3)) == 1


def test_a_stop_of_another_moment_is_not_taken_back(clock: Clock) -> None:
    services.stop("thing:1", now=after(hours=1))
    assert services.undo_stop("thing:1", stopped_at=after(hours=2), now=after(hours=2)) == []
    assert fresh(clock).stopped_at == after(hours=1)


def test_a_paused_clock_stands_still_and_keeps_what_was_left(clock: Clock, spoken: list[Any]) -> None:
    services.pause(clock, now=after(hours=1))
    assert services.scan(after(hours=9)) == 0
    assert list(overdue(after(hours=9))) == []
    services.resume(clock, now=after(hours=9))
    resumed = fresh(clock)
    assert resumed.due == after(hours=12)
    assert resumed.original_due == after(hours=4)
    assert used_s(resumed, after(hours=10)) == 2 * 3600
    assert services.scan(after(hours=11)) == 1


def test_a_paused_clock_that_is_stopped_was_not_late(clock: Clock) -> None:
    services.pause(clock, now=after(hours=1))
    services.stop("thing:1", now=after(hours=9))
    assert not is_late(fresh(clock), after(hours=9))
    assert used_s(fresh(clock), after(hours=9)) == 3600


def test_a_clock_cannot_be_paused_twice_or_resumed_unpaused(clock: Clock) -> None:
    with pytest.raises(ClockError):
        services.resume(clock, now=NOW)
    services.pause(clock, now=NOW)
    with pytest.raises(ClockError):
        services.pause(clock, now=NOW)


def test_working_time_keeps_its_working_hours_over_a_pause(town: Region) -> None:
    """Friday 15:00 with two working days ends Tuesday 15:00; paused over the whole Monday it ends on Wednesday."""
    clock_rule("test.working", days=2, calendar="working")
    friday = datetime.fromisoformat("2026-11-20T15:00:00+08:00")
    clock = services.start("thing:1", "test.working", region=town, now=friday)
    assert clock.due == datetime.fromisoformat("2026-11-24T15:00:00+08:00")
    services.pause(clock, now=datetime.fromisoformat("2026-11-23T00:00:00+08:00"))
    services.resume(clock, now=datetime.fromisoformat("2026-11-24T00:00:00+08:00"))
    assert fresh(clock).due == datetime.fromisoformat("2026-11-25T15:00:00+08:00")


def test_moved_working_days_come_from_the_rulebook(town: Region) -> None:
    """The yearly notices and the days of the county itself hold together."""
    clock_rule("test.working", days=1, calendar="working")
    Entry.objects.create(
        kind="calendar",
        code="COUNTY-DAY",
        version=1,
        region=town.parent,
        title="Days off",
        body={"holidays": [{"first": "2026-11-23", "last": "2026-11-23"}], "worked": ["2026-11-28"]},
        valid_from=NOW - timedelta(days=400),
        digest="calendar",
    )

    def due(begin: str) -> datetime:
        moment = datetime.fromisoformat(begin)
        return services.start(f"thing:{begin}", "test.working", region=town, now=moment).due

    assert due("2026-11-20T15:00:00+08:00") == datetime.fromisoformat("2026-11-24T15:00:00+08:00")
    assert due("2026-11-27T15:00:00+08:00") == datetime.fromisoformat("2026-11-28T15:00:00+08:00")
    assert due("2026-09-30T15:00:00+08:00") == datetime.fromisoformat("2026-10-08T15:00:00+08:00"), "National Day"
    assert due("2026-10-09T15:00:00+08:00") == datetime.fromisoformat("2026-10-10T15:00:00+08:00"), "a worked Saturday"


def test_a_deadline_set_before_the_notice_is_reckoned_by_plain_weekends(town: Region) -> None:
    """The notice for 2026 is of 2025-11-04; on 2025-11-03 nobody knew that 2 January would be free."""
    clock_rule("test.working", days=45, calendar="working")
    early, late = (
        services.start(
            f"thing:{day}", "test.working", region=town, now=datetime.fromisoformat(f"2025-11-0{day}T00:00+08:00")
        )
        for day in (3, 5)
    )
    assert early.due == datetime.fromisoformat("2026-01-03T00:00:00+08:00"), "1 and 2 January counted"
    assert late.due == datetime.fromisoformat("2026-01-08T00:00:00+08:00"), "worked again from Sunday the 4th"


def test_a_second_extension_is_refused(clock: Clock) -> None:
    services.extend(clock, days=2, now=after(hours=1))
    assert fresh(clock).due == after(days=2, hours=4)
    with pytest.raises(ClockError, match=r"1"):
        services.extend(clock, days=1, now=after(hours=2))


def test_an_extension_longer_than_the_rule_allows_is_refused(clock: Clock) -> None:
    with pytest.raises(ClockError, match="10"):
        services.extend(clock, days=11, now=NOW)
    with pytest.raises(ClockError, match="10"):
        services.extend(clock, to=after(days=10, hours=5), now=NOW)
    assert fresh(clock).due == after(hours=4)


def test_an_extension_that_shortens_is_refused(clock: Clock) -> None:
    with pytest.raises(ClockError):
        services.extend(clock, to=after(hours=3), now=NOW)


def test_a_rule_that_allows_no_extension_allows_none(town: Region) -> None:
    clock_rule("test.strict", hours=1)
    clock = services.start("thing:1", "test.strict", region=town, now=NOW)
    with pytest.raises(ClockError):
        services.extend(clock, days=1, now=NOW)


def test_an_extended_clock_speaks_its_ladder_before_the_new_end(clock: Clock, spoken: list[Any]) -> None:
    services.scan(after(hours=4))
    services.extend(clock, days=1, now=after(hours=4, minutes=5))
    spoken.clear()
    assert services.scan(after(days=1, hours=3)) == 1
    assert [to for _pk, to, _at in spoken] == ["unit"]


def test_a_clock_that_nobody_speaks_for_is_told_to_the_duty_officer(
    clock: Clock, officer: User, leader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "_speakers", [])
    services.scan(after(hours=5))
    told = {notice.to.username: notice.title for notice in Notice.objects.select_related("to").filter(ref="thing:1")}
    assert set(told) == {"officer", "leader"}
    assert told["leader"].startswith("逾期 1 小时")


def test_a_rung_is_said_in_the_language_of_the_reader(
    clock: Clock, county: Region, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "_speakers", [])
    officer.language = "en"
    officer.save()
    services.scan(after(hours=3))
    assert Notice.objects.get(to=officer).title.startswith("One hour left")


def test_a_speaker_for_another_subject_does_not_speak(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "_speakers", [])

    def speak(clock: Clock, rung: Any, now: datetime) -> None:
        return None

    services.on_rung("", speak, subject="case")
    assert ladder.speakers_of(clock) == [ladder.tell_by_region]
    clock.ref = "case:7"
    assert ladder.speakers_of(clock) == [speak]


def test_a_region_of_its_own_may_have_a_rule_of_its_own(town: Region, other_town: Region, four_hours: Entry) -> None:
    Entry.objects.create(
        kind="clock", code="test.handle", version=2, region=town, origin="bureau", title="Ours", body={"hours": 1},
        valid_from=NOW - timedelta(days=1), digest="own",
    )  # fmt: skip
    assert services.start("thing:1", "test.handle", region=town, now=NOW).due == after(hours=1)
    assert services.start("thing:2", "test.handle", region=other_town, now=NOW).due == after(hours=4)


def test_a_reader_who_left_is_not_a_reason_to_stay_silent(clock: Clock, county: Region, officer: User) -> None:
    """The post is held by nobody who is active: the scan goes on and nothing is lost but the words."""
    person("second", "阮清和", county, ["case.see"])
    officer.is_active = False
    officer.save()
    assert services.scan(after(hours=4)) >= 1


def test_W4_in_a_flood_a_person_hears_nine_and_one_that_stands_for_the_rest(
    town: Region, four_hours: Entry, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "_speakers", [])
    for n in range(40):
        services.start(f"thing:{n}", "test.handle", region=town, now=NOW)
    services.scan(after(hours=4))  # the duty officer hears of both the first and the second rung
    assert Notice.objects.filter(to=officer).count() == 10
    assert Notice.objects.filter(to=officer, url="/").count() == 1
    assert overdue(after(hours=4, seconds=1)).count() == 40
    clock = services.start("thing:99", "test.handle", region=town, now=after(hours=1))
    services.scan(after(hours=5))
    assert Notice.objects.filter(to=officer, ref=clock.ref).count() == 2
