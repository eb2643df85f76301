"""Recordings with known events run through the engine: what was hit, what was missed, what rang for nothing.

A suite is a YAML list of trials; nothing in the code knows any recording. Fields of a trial:

    name, title   for people
    map           file beside the suite: columns, points and rules (`recordings`)
    files         paths below the data folder, each with an optional title and events of its own
    each          a column whose every distinct text makes a run of its own (a table of many stations)
    labels        column that says for each row whether something was wrong: `none` is the text of a quiet row (in
                  figures "0" and "0.0" are the same); consecutive other rows make an event; `levels` maps its texts to
                  severities, so that the level on at each row is compared too
    early_s       an alarm so long before an event still belongs to it
    late_s        and so long after its end
    rules         how the limits were come by
    why           what to know when reading the figures

The engine judges the rows as it judges live ones, with the recording's own time as its clock. Pure: no clock, no
database.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml

from anlan import engine
from anlan.engine import Batch, Enforce, Tick
from anlan.kernel.sensing import recordings
from anlan.kernel.sensing.conditions import SEVERAL, codes_of, conditions_of, engine_rule, for_period
from anlan.kernel.sensing.recordings import BadRecording, Event, EventOf, Recording, RecordingMap, Table

DAY_MS = 86_400_000


class FileOf(msgspec.Struct, forbid_unknown_fields=True):
    file: str
    title: str = ""
    events: list[EventOf] = []


class LabelsOf(msgspec.Struct, forbid_unknown_fields=True):
    column: str | int
    none: str
    levels: dict[str, int] = {}


class TrialOf(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    title: str
    map: str
    files: list[FileOf]
    rules: str
    why: str = ""
    each: str | int | None = None
    labels: LabelsOf | None = None
    early_s: float = 0.0
    late_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Episode:
    """A rule over a point from going on to going off: `begin`, `end` ms (None: on at the end), worst severity."""

    rule: str
    point: str
    begin: int
    end: int | None
    level: int


@dataclass(frozen=True, slots=True)
class Found:
    """An event and what was on for it. `lead_ms` > 0: the first alarm was on before it began; None: it was missed."""

    event: Event
    lead_ms: int | None
    level: int | None


@dataclass(frozen=True, slots=True)
class Run:
    """One recording under its rules.

    episodes  all that went on
    found     one for each known event
    outside   episodes that belong to no event
    days      length of the recording
    right, compared   rows whose level was the label's, of rows that were labelled with levels
    """

    title: str
    episodes: tuple[Episode, ...]
    found: tuple[Found, ...]
    outside: int
    days: float
    right: int = 0
    compared: int = 0


def load_suite(text: str) -> list[TrialOf]:
    """Trials from YAML. Raises BadRecording, naming the field, for anything that cannot be meant."""
    try:
        return msgspec.convert(yaml.load(text, recordings.PlainLoader), list[TrialOf])  # noqa: S506
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadRecording(f"The suite: {error}") from error


def run(trial: TrialOf, maps: Path, data: Path) -> Iterator[Run]:
    """Every run of a trial. Raises BadRecording with the faults of a map or table, OSError where a file is missing."""
    table_map = recordings.load_map((maps / trial.map).read_text(encoding="utf-8"))
    for file in trial.files:
        whole = recordings.table_of(data / file.file, table_map)
        title = file.title or Path(file.file).stem
        if trial.each is None:
            yield _one(title, whole, table_map, trial, file.events)
            continue
        for value in sorted(set(whole.column(trial.each))):
            yield _one(value, whole.where(trial.each, value), table_map, trial, file.events)


def _one(title: str, table: Table, table_map: RecordingMap, trial: TrialOf, events: Sequence[EventOf]) -> Run:
    own = msgspec.structs.replace(table_map, events=[*table_map.events, *events])
    recording = recordings.recording_of(table, own)
    known = list(recording.events)
    labelled: list[tuple[int, str]] = []
    if trial.labels is not None:
        texts = table.column(trial.labels.column)
        labelled = list(zip(recordings.times_of(table, own), texts, strict=True))
        known += _labelled(labelled, trial.labels)
    transitions = _judge(recording, own)
    episodes = _episodes(transitions)
    early, late = round(trial.early_s * 1000), round(trial.late_s * 1000)
    found = tuple(_found(event, episodes, early, late) for event in known)
    outside = sum(not any(_meets(one, event, early, late) for event in known) for one in episodes)
    right, compared = _compare(transitions, labelled, trial.labels)
    days = (int(recording.t.max()) - int(recording.t.min())) / DAY_MS if recording.t.size else 0.0
    return Run(title, tuple(episodes), found, outside, days, right, compared)


# --- the engine ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Told:
    t: int
    rule: str
    point: str
    channel: tuple[int, int, int]
    severity: int
    on: bool


def _judge(recording: Recording, table_map: RecordingMap) -> list[_Told]:
    """What the rules of the map say of the recording, in the order in which the engine said it."""
    codes = [point.code for point in table_map.points]
    numbers = {code: number for number, code in enumerate(codes)}
    names: dict[int, str] = {}
    points = dict(enumerate(codes))
    records: list[engine.Record] = []
    start = int(recording.t.min()) if recording.t.size else 0
    anchor = len(codes)
    for rule in table_map.rules:
        body = msgspec.structs.asdict(rule)
        for condition in conditions_of(
            {key: body[key] for key in ("condition", "conditions") if body[key]}, code=rule.code
        ):
            over = [numbers[code] for code in rule.points or codes]
            if condition["type"] in SEVERAL:
                points[anchor] = "+".join(codes_of(condition))
                over, anchor = [anchor], anchor + 1
            for number in over:
                settled = _settled(condition, table_map, number)
                if settled is None:
                    continue
                version = len(names) + 1
                names[version] = rule.code
                made = engine_rule(settled, version=version, points=[number], numbers=numbers)
                records.append(Enforce(len(records), start, made))
    records += _batches(recording, len(records))
    _state, output = engine.evaluate(engine.new_state(), records)
    return [
        _Told(one.t, names[one.rule], points[one.point], (one.rule, one.point, one.step), one.severity, one.on)
        for one in output.transitions
        if one.lane == engine.LIVE
    ]


def _settled(condition: Mapping[str, Any], table_map: RecordingMap, number: int) -> dict[str, Any] | None:
    if number >= len(table_map.points):
        return dict(condition)
    point = table_map.points[number]
    return for_period(condition, point.period_s, low=point.low, high=point.high)


def _batches(recording: Recording, seq: int) -> Iterator[engine.Record]:
    """One batch for each moment of the recording, a tick after it: the recording's time is the clock."""
    order = np.argsort(recording.t, kind="stable")
    t = recording.t[order]
    first = np.flatnonzero(np.append(True, t[1:] != t[:-1])) if t.size else t
    for begin, end in zip(first, np.append(first[1:], t.size), strict=True):
        rows = order[begin:end]
        moment = int(t[begin])
        good = np.zeros(rows.size, np.uint8)
        yield Batch(seq, moment, recording.point[rows], recording.t[rows], recording.value[rows], good)
        yield Tick(seq + 1, moment)
        seq += 2
    if t.size:
        yield Tick(seq, int(t[-1]) + max(recording.step_ms, 60_000))


# --- what was on --------------------------------------------------------------------------------------------------


def _episodes(told: Sequence[_Told]) -> list[Episode]:
    """A rule over a point, all its steps and versions together, from going on to going off."""
    on: dict[tuple[str, str], dict[tuple[int, int, int], int]] = {}
    open_: dict[tuple[str, str], tuple[int, int]] = {}
    found = []
    for one in sorted(told, key=lambda one: (one.t, not one.on)):
        key = (one.rule, one.point)
        held = on.setdefault(key, {})
        if one.on:
            held[one.channel] = one.severity
            begin, level = open_.get(key, (one.t, one.severity))
            open_[key] = (begin, min(level, one.severity))
            continue
        held.pop(one.channel, None)
        if not held and key in open_:
            begin, level = open_.pop(key)
            found.append(Episode(*key, begin, one.t, level))
    found += [Episode(*key, begin, None, level) for key, (begin, level) in open_.items()]
    return sorted(found, key=lambda episode: (episode.begin, episode.rule, episode.point))


def _meets(episode: Episode, event: Event, early: int, late: int) -> bool:
    """Whether something was on in the time that belongs to an event; one without an end lasts to the end of all."""
    starts_in_time = event.end is None or episode.begin <= event.end + late
    return starts_in_time and (episode.end is None or episode.end >= event.begin - early)


def _found(event: Event, episodes: Sequence[Episode], early: int, late: int) -> Found:
    during = [episode for episode in episodes if _meets(episode, event, early, late)]
    if not during:
        return Found(event, None, None)
    first = min(episode.begin for episode in during)
    return Found(event, event.begin - first, min(episode.level for episode in during))


def _labelled(rows: Sequence[tuple[int, str]], labels: LabelsOf) -> list[Event]:
    """Events from a column of labels: rows that follow one another and are not quiet."""
    found: list[Event] = []
    begin: int | None = None
    last = 0
    for t, text in rows:
        if _same(text, labels.none):
            if begin is not None:
                found.append(Event(f"labelled {len(found) + 1}", begin, last))
                begin = None
        else:
            begin = t if begin is None else begin
            last = t
    if begin is not None:
        found.append(Event(f"labelled {len(found) + 1}", begin, last))
    return found


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _compare(told: Sequence[_Told], labelled: Sequence[tuple[int, str]], labels: LabelsOf | None) -> tuple[int, int]:
    """(rows with the right level, rows compared): the most severe level on once a row was judged, against its label."""
    if labels is None or not labels.levels:
        return 0, 0
    on: dict[tuple[int, int, int], int] = {}
    changes = iter(sorted(told, key=lambda one: (one.t, one.on)))
    change = next(changes, None)
    right = compared = 0
    for t, text in sorted(labelled):
        while change is not None and change.t <= t:
            if change.on:
                on[change.channel] = change.severity
            else:
                on.pop(change.channel, None)
            change = next(changes, None)
        if text in labels.levels or _same(text, labels.none):
            compared += 1
            right += min(on.values(), default=0) == labels.levels.get(text, 0)
    return right, compared


# --- the page -----------------------------------------------------------------------------------------------------


def page(trials: Sequence[tuple[TrialOf, Sequence[Run]]]) -> str:
    """The figures of a suite as a Markdown page."""
    lines = [
        "# Replays of recordings with known events",
        "",
        "Made by `./anlan replay --suite`; the maps and rules are in `replays/`. Recordings made by strangers run",
        "through the alarm engine as they came, with rules that a bureau or a plant could have written beforehand.",
        "Nothing is fitted to the events, and poor figures stand as they are.",
        "",
        "*Hit*: an alarm was on during the event, or within the stated time around it. *Lead*: how long before the",
        "event's beginning the first such alarm came (−: after it), median over the events that were hit. *Outside*:",
        "alarms that belong to no known event. An alarm is one rule at one point from going on to going off.",
        "",
        "| recording | runs | days | events | hit | missed | outside | outside a day | lead | alarms a day |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(f"[{trial.title}](#{trial.name})", runs) for trial, runs in trials]
    for trial, runs in trials:
        lines += ["", f"## {trial.name}", "", f"**{trial.title}.** {trial.rules.strip()}", ""]
        if trial.early_s or trial.late_s:
            around = f"{_span(trial.early_s)} before an event or {_span(trial.late_s)} after it"
            lines += [f"An alarm up to {around} belongs to it.", ""]
        if trial.why:
            lines += [trial.why.strip(), ""]
        compared = sum(one.compared for one in runs)
        if compared:
            right = sum(one.right for one in runs)
            lines += [
                f"The level on was the labelled one on {right:,} of {compared:,} rows ({right / compared:.1%}).",
                "",
            ]
        lines += [
            "| run | days | events | hit | missed | outside | outside a day | lead | alarms a day |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        lines += [_row(one.title, [one], count=False) for one in runs]
    return "\n".join(lines) + "\n"


def _row(title: str, runs: Sequence[Run], *, count: bool = True) -> str:
    found = [one for run in runs for one in run.found]
    leads = [one.lead_ms / 1000 for one in found if one.lead_ms is not None]
    days = sum(run.days for run in runs)
    outside = sum(run.outside for run in runs)
    alarms = sum(len(run.episodes) for run in runs)
    cells = [
        title, *([str(len(runs))] if count else []), _figure(days), str(len(found)), str(len(leads)),
        str(len(found) - len(leads)), str(outside), _figure(outside / days) if days else "–",
        _span(statistics.median(leads)) if leads else "–", _figure(alarms / days) if days else "–",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _span(seconds: float) -> str:
    sign, seconds = ("−" if seconds < 0 else ""), abs(seconds)
    if seconds < 120:
        return f"{sign}{seconds:.0f} s"
    if seconds < 7200:
        return f"{sign}{seconds / 60:.0f} min"
    return f"{sign}{seconds / 3600:.1f} h" if seconds < 172_800 else f"{sign}{seconds / 86_400:.1f} d"
