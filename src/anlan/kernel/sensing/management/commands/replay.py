"""Run a recording of elsewhere through the real door as an exercise, and print what was raised beside what happened.

It has a device, points, rules, a lane of the log and a chain of its own, with a virtual clock: nothing of it shows in
real lists and figures.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from anlan import environment
from anlan.kernel.people.services import system_user
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing import recordings, trials
from anlan.kernel.sensing.conditions import BadCondition
from anlan.kernel.sensing.models import Alarm, RuleVersion
from anlan.kernel.sensing.posting import NotAnswered, Sender
from anlan.kernel.sensing.recordings import BadRecording, Event, RecordingMap
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.sensing.services.replays import Replay, close_replay, open_replay
from anlan.kernel.sensing.store import Store, open_store
from anlan.kernel.sensing.store.readings import CONSUMER, ENGINE

#: The repository: maps and pages of the suite lie in it.
TOP = Path(__file__).resolve().parents[6]
#: How long the engine may take to put rules in force and to come to the end of the log, seconds.
RULES_S, END_S = 30.0, 300.0
#: Alarms that are printed one by one.
PRINTED = 200
#: Fields of a map's point that a point of the installation has too.
POINT_FIELDS = ("code", "name", "kind", "unit", "digits", "period_s", "low", "high")
NUMERALS = {1: "Ⅰ red", 2: "Ⅱ orange", 3: "Ⅲ yellow", 4: "Ⅳ blue"}


class Command(BaseCommand):
    help = "Send a recording through the door as an exercise; print what was raised beside the known events."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="a table of numbers: CSV, text, either packed with gzip")
        parser.add_argument("--map", type=Path, help="YAML that says what the columns mean")
        parser.add_argument("--speed", type=float, default=0.0, help="recorded seconds per second; 0: no waiting")
        parser.add_argument("--known", type=Path, help="YAML list of further known events (title, begin, end)")
        parser.add_argument("--door", help="address of the door, when it is not the one of this installation")
        parser.add_argument("--json", action="store_true", help="print the outcome as one JSON object")
        parser.add_argument(
            "--suite", action="store_true", help="judge every recording of replays/suite.yaml and write docs/replays.md"
        )
        parser.add_argument(
            "--data", type=Path, default=TOP.parent / "shared" / "data", help="folder with the recordings of the suite"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["suite"]:
            self._suite(options["data"])
            return
        if options["file"] is None or options["map"] is None:
            raise CommandError("Name a recording and its --map, or ask for the whole --suite.")
        try:
            table_map = recordings.load_map(_text(options["map"]))
            if options["known"]:
                table_map.events += recordings.load_events(_text(options["known"]))
            recording = recordings.read(options["file"], table_map)
        except BadRecording as error:
            raise CommandError(str(error)) from error
        if not recording.t.size:
            raise CommandError("The recording holds no reading under this map.")
        say = (lambda _line: None) if options["json"] else self.stdout.write
        say(f"{table_map.title}: {recording.t.size} readings of {len(table_map.points)} points")
        replay = self._open(table_map)
        door = options["door"] or f"http://{_host()}:{settings.INGEST_PORT}/api/v1/readings"
        store = open_store()
        try:
            _wait(
                lambda: not RuleVersion.objects.filter(lane=replay.lane, logged=False).exists(),
                RULES_S,
                "The engine did not take the rules: is the engine process running?",
            )
            with httpx.Client(timeout=30) as client:
                sender = Sender(door, replay.device.code, replay.key, client)
                codes = [replay.points[point.code].code for point in table_map.points]
                sent, accepted = sender.send(
                    recording, codes, speed=options["speed"], progress=_Progress(recording.t.size)
                )
                sender.tick(int(recording.t.max()) + max(recording.step_ms, 60_000))
            _wait(_caught_up(store), END_S, "The engine did not come to the end of the recording.")
        except NotAnswered as error:
            raise CommandError(str(error)) from error
        finally:
            self._close(replay, store)
        say(f"sent {sent}, accepted {accepted}, refused {sender.refused}, chain {replay.chain.number}")
        episodes = _episodes(replay.lane)
        outcome = _outcome(recording.events, episodes)
        if options["json"]:
            self.stdout.write(msgspec.json.encode(outcome | {"sent": sent, "accepted": accepted}).decode())
        else:
            self._print(outcome, episodes, recording.events, ZoneInfo(table_map.time.zone))

    def _suite(self, data: Path) -> None:
        """Judge all trials by the engine alone, without door and database, and write the page of their figures."""
        maps = TOP / "replays"
        outcome = []
        try:
            for trial in trials.load_suite(_text(maps / "suite.yaml")):
                runs = list(trials.run(trial, maps, data))
                hit = sum(one.lead_ms is not None for run in runs for one in run.found)
                known = sum(len(run.found) for run in runs)
                outside = sum(run.outside for run in runs)
                self.stdout.write(f"{trial.title}: {len(runs)} runs, {hit} of {known} events hit, {outside} outside")
                outcome.append((trial, runs))
        except BadRecording as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error}. Where do the recordings lie? Say it with --data FOLDER.") from error
        page = TOP / "docs" / "replays.md"
        page.write_text(trials.page(outcome), encoding="utf-8")
        self.stdout.write(f"wrote {page.relative_to(TOP)}")

    def _open(self, table_map: RecordingMap) -> Replay:
        region = _region(table_map.region)
        points = [
            {
                name: getattr(point, name)
                for name in ("code", "name", "kind", "unit", "digits", "period_s", "low", "high")
            }
            for point in table_map.points
        ]
        rules = [
            {
                name: value
                for name, value in msgspec.structs.asdict(rule).items()
                if value or name not in ("condition", "conditions", "points")
            }
            for rule in table_map.rules
        ]
        try:
            return open_replay(
                name=table_map.name,
                title=table_map.title,
                region=region,
                points=points,
                rules=rules,
                actor=system_user("replay"),
                now=timezone.now(),
            )
        except (Refused, BadCondition) as error:
            raise CommandError(str(error)) from error

    def _close(self, replay: Replay, store: Store) -> None:
        """End the exercise: its rules, its device, its chain, and the engine's memory of its lane."""
        close_replay(replay, actor=system_user("replay"), now=timezone.now())
        ended = RuleVersion.objects.filter(lane=replay.lane, ended_logged=False)
        try:
            _wait(lambda: not ended.exists(), RULES_S, "The engine did not end the rules of the replay.")
        except CommandError as error:
            self.stderr.write(str(error))
        store.append_end(replay.lane)

    def _print(
        self, outcome: dict[str, Any], episodes: Sequence[Episode], events: Sequence[Event], zone: ZoneInfo
    ) -> None:
        lines: list[tuple[datetime, str, str]] = []
        for event in events:
            lines.append((_moment(event.begin), event.title, ""))
            if event.end is not None:
                lines.append((_moment(event.end), f"end of {event.title}", ""))
        for episode in episodes[:PRINTED]:
            until = "still on at the end" if episode.end is None else f"until {_shown(episode.end, zone)}"
            for at, level, value in episode.rises:
                first = (at, level, value) == episode.rises[0]
                told = f"{NUMERALS[level]:8} {episode.what}{value}"
                lines.append((at, "", f"{told}, {until} [{episode.source}]" if first else told))
        width = max([len(line[1]) for line in lines] + [12])
        self.stdout.write(f"\n{'time':16}  {'known':{width}}  raised")
        for at, known, raised in sorted(lines, key=lambda line: (line[0], line[2])):
            self.stdout.write(f"{_shown(at, zone)}  {known:{width}}  {raised}".rstrip())
        if len(episodes) > PRINTED:
            self.stdout.write(f"… and {len(episodes) - PRINTED} more")
        self.stdout.write("")
        for event in outcome["events"]:
            first_after = event["first_after_s"]
            after = "nothing was on" if first_after is None else f"first on {_span(first_after)} after its beginning"
            level = "" if event["level"] is None else f", highest {NUMERALS[event['level']]}"
            self.stdout.write(f"{event['title']}: {after}, {event['raised']} in all{level}")
        self.stdout.write(f"raised: {len(episodes)} times; outside known events: {outcome['outside']}")


@dataclass(slots=True)
class Episode:
    """A rule over a point from going on to going off: each rise of its level with the moment and the value."""

    what: str
    source: str
    rises: list[tuple[datetime, int, str]] = field(default_factory=list)
    end: datetime | None = None

    @property
    def begin(self) -> datetime:
        return self.rises[0][0]

    @property
    def level(self) -> int:
        return min(level for _at, level, _value in self.rises)


def _episodes(lane: str) -> list[Episode]:
    """What was on and when, in order of beginning.

    An alarm that nobody acknowledges is one row over many episodes; its steps tell them apart.
    """
    found: list[Episode] = []
    for alarm in Alarm.records.filter(lane=lane).select_related("point", "entry").prefetch_related("steps"):
        source = ", ".join(part for part in (alarm.entry.standard, alarm.entry.clause) if part) or "no source"
        unit = alarm.point.unit
        on: dict[tuple[int, int], int] = {}
        episode: Episode | None = None
        for step in alarm.steps.all():
            if not step.on:
                on.pop((step.rule_id, step.step), None)
                if not on and episode is not None:
                    episode.end, episode = step.t, None
                continue
            on[step.rule_id, step.step] = step.severity
            if episode is None:
                episode = Episode(f"{alarm.point.name}: {alarm.entry.title}", source)
                found.append(episode)
            if not episode.rises or step.severity < episode.level:
                value = "" if step.value is None else f" at {step.value:.4g} {unit}".rstrip()
                if episode.rises and episode.rises[-1][0] == step.t:
                    episode.rises[-1] = (step.t, step.severity, value)
                else:
                    episode.rises.append((step.t, step.severity, value))
    return sorted(found, key=lambda episode: (episode.begin, episode.what))


def _outcome(events: Sequence[Event], episodes: Sequence[Episode]) -> dict[str, Any]:
    """For each known event: what was on during it, after how many seconds the first, the highest level.

    An event without an end lasts to the end of the recording. What was on before an event began counts with 0 s.
    """
    outside = list(episodes)
    told = []
    for event in events:
        begin, end = _moment(event.begin), None if event.end is None else _moment(event.end)
        during = [
            episode
            for episode in episodes
            if (end is None or episode.begin <= end) and (episode.end is None or episode.end >= begin)
        ]
        outside = [episode for episode in outside if episode not in during]
        delays = [max(0.0, (episode.begin - begin).total_seconds()) for episode in during]
        reached = [level for e in during for at, level, _value in e.rises if end is None or at <= end]
        told.append(
            {
                "title": event.title,
                "raised": len(during),
                "first_after_s": min(delays, default=None),
                "level": min(reached, default=None),
            }
        )
    return {"events": told, "raised": len(episodes), "outside": len(outside)}


class _Progress:
    """A line that moves on a terminal, and stays away elsewhere."""

    def __init__(self, total: int) -> None:
        self.total = total

    def __call__(self, sent: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{sent}/{self.total} readings" + ("\n" if sent == self.total else ""))
            sys.stderr.flush()


def _wait(done: Callable[[], bool], limit_s: float, why: str) -> None:
    until = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > until:
            raise CommandError(why)
        time.sleep(0.1)


def _caught_up(store: Store) -> Callable[[], bool]:
    """Whether all that is in the log now was evaluated and taken in by the alarms."""
    last = store.last_seq()

    def done() -> bool:
        return store.position(ENGINE) >= last and not store.transitions_after(store.position(CONSUMER), 1)

    return done


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path.name} cannot be read: {error}") from error


def _region(code: str) -> Region:
    if code:
        found = Region.objects.filter(code=code).first()
        if found is None:
            raise CommandError(f"There is no region with the code {code}.")
        return found
    root = regions.root()
    if root is None:
        raise CommandError("This installation has no region yet: run ./anlan demo, or load the regions first.")
    return Region.objects.get(pk=root.pk)


def _host() -> str:
    host = environment.text("ANLAN_HOST")
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _shown(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _span(seconds: float) -> str:
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"
