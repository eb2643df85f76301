"""The second stage: what schedules, inhibitors and conditions of several points make of the first one.

The tables judge points one by one; here the machines of `guards` and `groups` are given what the tables told and the
rows of the points they look at, in the order of the log. Nothing is done for points at which no machine looks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import msgspec
import numpy as np

from .arrays import B1, I8, NEVER, sizes
from .conditions import Crossings, Deviation, Ladder, Level, LevelStep, Together, Vote
from .groups import Anchored, AnyMachine, Counted, Guarded, Joined, Looking, Measured, Voted
from .guards import Channel, Machine, next_edge, open_at
from .level import Ladders
from .points import Points, Rows
from .rules import Rule
from .silence import Silences
from .table import News, Table
from .watch import Stucks

#: (t, point, rule version, step, severity, on, value) of a change, and whether a ladder told it.
Change = tuple[int, int, int, int, int, bool, float, bool]

#: What rows of a slot are worth here: nothing, a look when a machine is due, every one.
NOTHING, WHEN_DUE, EVERY = 0, 1, 2


class _Memory(msgspec.Struct):
    """What a snapshot carries."""

    rules: list[Rule]
    machines: list[AnyMachine]
    hidden: list[int]


@dataclass(slots=True)
class Sifted:
    """What the tables told in one go.

    changes  of interest here
    tables   the table of each
    """

    changes: list[Change]
    tables: list[Table | None]


class Second:
    """All machines of a state.

    rules     the rules they carry, by version, without their points
    machines  in no particular order
    hidden    rule versions whose channels in the tables set latches here and are not told
    """

    def __init__(self) -> None:
        self.rules: dict[int, Rule] = {}
        self.machines: list[AnyMachine] = []
        self.hidden: set[int] = set()
        self._told: list[tuple[Machine, int, int, bool, float]] = []
        self._heard: deque[Change] = deque()
        self._touched: list[Machine] = []
        self._ending = False
        self._indexed = -1
        self._look: np.ndarray = np.empty(0, np.int8)
        self._due: I8 = np.empty(0, np.int64)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do here at all."""
        return not self.machines and not self.hidden

    # Rules.

    @staticmethod
    def takes(rule: Rule) -> bool:
        """Whether a rule is judged here."""
        condition = rule.condition
        return (
            rule.schedule is not None or bool(rule.inhibits) or isinstance(condition, Together | Vote | Crossings)
            or (isinstance(condition, Deviation) and condition.other >= 0)
        )  # fmt: skip

    @staticmethod
    def looks_at(rule: Rule) -> set[int]:
        """Points and anchors that a rule looks at beside its own."""
        condition = rule.condition
        found = {inhibit.point for inhibit in rule.inhibits}
        if isinstance(condition, Together):
            found |= {member.point for member in condition.members}
        elif isinstance(condition, Vote):
            found |= set(condition.members)
        elif isinstance(condition, Deviation) and condition.other >= 0:
            found.add(condition.other)
        return found

    @staticmethod
    def latches(rule: Rule) -> Rule | None:
        """The rule that sets the latches of such a rule in the tables, None where its machine reads for itself."""
        condition = rule.condition
        if isinstance(condition, Together | Vote) or (isinstance(condition, Deviation) and condition.other >= 0):
            return None
        if isinstance(condition, Crossings):
            step = LevelStep(condition.severity, condition.limit)
            condition = Level((step,), deadband=condition.deadband)
        elif hasattr(condition, "on_ms"):
            condition = msgspec.structs.replace(condition, on_ms=0, off_ms=0)
        return msgspec.structs.replace(rule, condition=condition, schedule=None, inhibits=())

    def enforce(self, rule: Rule, slot: I8, points: Points, arrival: int, tables: Iterable[Table]) -> None:
        """Make the machines of a rule at these slots; the tables are settled."""
        self.rules[rule.version] = msgspec.structs.replace(rule, points=())
        if self.latches(rule) is not None:
            self.hidden.add(rule.version)
        on = self._on(rule, points, tables)
        for number, lag in zip(points.number[slot].tolist(), points.lag(slot).tolist(), strict=True):
            machine = self._machine(rule, number)
            for inhibit in rule.inhibits:
                for point, version, step, severity, _ladder in on:
                    if (point, version) == (inhibit.point, inhibit.version) and severity <= inhibit.severity:
                        machine.held_by.append((version, point, step))
            now = machine.clock(arrival) if isinstance(machine, Anchored) else arrival - lag
            if rule.schedule is not None:
                machine.window, machine.edge = open_at(rule.schedule, now), next_edge(rule.schedule, now)
            if isinstance(machine, Voted) and isinstance(rule.condition, Vote):
                members = set(rule.condition.members)
                machine.alarms = [(point, version, step, severity) for point, version, step, severity, ladder in on
                                  if ladder and point in members]  # fmt: skip
                machine.count(now, float("nan"), rule.condition)
            self.machines.append(machine)
        self._indexed = -1

    def retire(self, version: int) -> list[int]:
        """End a rule version; returns the versions whose channels in the tables may end now."""
        if version not in self.rules:
            return [version]
        for machine in self.machines:
            if machine.version == version:
                machine.ending = self._ending = True
        self._indexed = -1
        return self.clear()

    def clear(self) -> list[int]:
        """Forget machines that are over; returns the versions that have none left."""
        over = {machine.version for machine in self.machines if machine.is_over} if self._ending else set()
        if not over:
            return []
        self.machines = [machine for machine in self.machines if not machine.is_over]
        self._indexed = -1
        gone = over - {machine.version for machine in self.machines}
        self._ending = any(machine.ending for machine in self.machines)
        for version in gone:
            del self.rules[version]
        return sorted(gone)

    @staticmethod
    def _machine(rule: Rule, number: int) -> AnyMachine:
        condition, version = rule.condition, rule.version
        if isinstance(condition, Ladder):
            channels = [Channel(step.severity, condition.on_ms, condition.off_ms) for step in condition.steps]
            if isinstance(condition, Deviation) and condition.other >= 0:
                return Measured(version=version, number=number, channels=channels)
            return Guarded(version=version, number=number, channels=channels)
        if isinstance(condition, Vote):
            channels = [Channel(rung.severity, condition.on_ms, condition.off_ms) for rung in condition.rungs]
            return Voted(version=version, number=number, channels=channels, alarms=[])
        on_ms, off_ms = getattr(condition, "on_ms", 0), getattr(condition, "off_ms", 0)
        channels = [Channel(condition.severity, on_ms, off_ms)]
        if isinstance(condition, Together):
            count = len(condition.members)
            place = {member.point: place for place, member in enumerate(condition.members)}
            return Joined(version=version, number=number, channels=channels, place=place,
                          holding=[False] * count, until=[-1] * count)  # fmt: skip
        if isinstance(condition, Crossings):
            return Counted(version=version, number=number, channels=channels, span=condition.span_ms,
                           count=condition.count)  # fmt: skip
        return Guarded(version=version, number=number, channels=channels)

    def _on(self, rule: Rule, points: Points, tables: Iterable[Table]) -> list[tuple[int, int, int, int, bool]]:
        """(point, rule version, step, severity, ladder) of the outputs that are on at the points a rule looks at."""
        looked = self.looks_at(rule)
        if not looked:
            return []
        slot = points.slots(np.array(sorted(looked), np.int64))
        found = [
            (machine.number, machine.version, step, channel.severity, self._is_ladder(machine.version))
            for machine in self.machines if machine.number in looked
            for step, channel in enumerate(machine.channels) if channel.out
        ]  # fmt: skip
        for table in tables:
            channel = table.of(slot).channel
            channel = channel[table.out[channel] & ~np.isin(table.version[channel], sorted(self.hidden))]
            number = points.number[table.slot[channel]]
            columns = (number, table.version[channel], table.step[channel], table.severity[channel])
            ladder = isinstance(table, Ladders)
            found += [(*one, ladder) for one in zip(*(column.tolist() for column in columns), strict=True)]
        return sorted(found)

    def _is_ladder(self, version: int) -> bool:
        return isinstance(self.rules[version].condition, Ladder)

    # Indices over the machines, made anew after machines came or went.

    def _index(self, points: Points) -> None:
        if self._indexed == points.capacity:
            return
        self._guards: dict[tuple[int, int], Guarded | Counted] = {}
        self._looking: dict[int, list[Looking]] = {}
        self._shown_by: dict[int, list[AnyMachine]] = {}
        self._holds: dict[tuple[int, int], list[tuple[Machine, int]]] = {}
        self._votes: dict[int, list[Voted]] = {}
        self._anchors: list[Anchored] = []
        self._alone: list[AnyMachine] = []
        self._look = np.zeros(points.capacity, np.int8)
        self._due = np.full(points.capacity, NEVER, np.int64)
        numbers = {machine.number for machine in self.machines}.union(
            *(self.looks_at(rule) for rule in self.rules.values())
        )
        listed = np.array(sorted(numbers), np.int64)
        self._slot = dict(zip(listed.tolist(), points.slots(listed).tolist(), strict=True))
        for machine in sorted(self.machines, key=lambda one: (one.version, one.number)):
            rule, number = self.rules[machine.version], machine.number
            for inhibit in rule.inhibits:
                self._holds.setdefault((inhibit.version, inhibit.point), []).append((machine, inhibit.severity))
            if isinstance(machine, Anchored):
                self._anchors.append(machine)
                for member in self.looks_at(msgspec.structs.replace(rule, inhibits=())):
                    self._look_at(member, machine)
                    self._shown_by.setdefault(member, []).append(machine)
                    if isinstance(machine, Voted):
                        self._votes.setdefault(member, []).append(machine)
                continue
            self._alone.append(machine)
            self._shown_by.setdefault(number, []).append(machine)
            if isinstance(machine, Guarded | Counted):
                self._guards[machine.version, number] = machine
                slot = self._slot[number]
                self._look[slot] = EVERY if rule.inhibits or self._look[slot] == EVERY else WHEN_DUE
            else:
                assert isinstance(rule.condition, Deviation)
                for one in {number, rule.condition.other}:
                    self._look_at(one, machine)
        for machine in self._alone:
            slot = self._slot[machine.number]
            self._due[slot] = min(int(self._due[slot]), machine.due())
        self._alone_place = {id(machine): place for place, machine in enumerate(self._alone)}
        self._alone_due = np.array([machine.due() for machine in self._alone], np.int64)
        self._alone_slot = np.array([self._slot[machine.number] for machine in self._alone], np.int64)
        self._listening = np.array(sorted(self.hidden | {version for version, _ in self._holds}), np.int64)
        self._voters = np.array(sorted(self._votes), np.int64)
        self._indexed = points.capacity

    def _look_at(self, number: int, machine: Looking) -> None:
        self._looking.setdefault(number, []).append(machine)
        self._look[self._slot[number]] = EVERY

    # Records.

    def _sift(self, news: News, start: int) -> Sifted:
        """Take what is of interest out of the news from chunk `start` on; hidden channels are not told."""
        found = Sifted([], [])
        kept: list[dict[str, np.ndarray]] = []
        hidden = np.array(sorted(self.hidden), np.int64)
        for chunk, table in zip(news.chunks[start:], news.tables[start:], strict=True):
            version, live = chunk["rule"], ~chunk["retro"]
            ladder = isinstance(table, Ladders)
            wanted = np.isin(version, self._listening)
            if ladder and self._voters.size:
                wanted |= np.isin(chunk["point"], self._voters)
            at = np.flatnonzero(wanted & live)
            columns = [chunk[name][at].tolist() for name in ("t", "point", "rule", "step", "severity", "on", "value")]
            found.changes += [(*one, ladder) for one in zip(*columns, strict=True)]
            found.tables += [table] * at.size
            hides = np.isin(version, hidden)
            kept.append({name: column[~hides] for name, column in chunk.items()} if hides.any() else chunk)
        news.chunks[start:] = kept
        return found

    def take_rows(self, rows: Rows, place: I8, points: Points, news: News, start: int) -> None:
        """Rows in order were judged by the tables, which told the chunks of the news from `start` on.

        place  of each row in the order of the log
        """
        self._index(points)
        sifted = self._sift(news, start)
        first = np.arange(rows.slot.size) if rows.first is None else rows.first
        count = sizes(first, rows.slot.size)
        segment_of = {}
        if sifted.changes:
            segment_of = {slot: (begin, begin + many) for slot, begin, many in
                          zip(rows.slot[first].tolist(), first.tolist(), count.tolist(), strict=True)}  # fmt: skip
        look = self._look.take(rows.slot)
        wanted = look == EVERY
        stirs = (look == WHEN_DUE) & (rows.t >= self._due.take(rows.slot))
        by_row: dict[int, list[Change]] = {}
        told: dict[tuple[int, int, int], int] = {}
        for change, table in zip(sifted.changes, sifted.tables, strict=True):
            begin, end = segment_of[self._slot_of(change[1], points)]
            row = _shows(change, table, rows, begin, end, told)
            by_row.setdefault(row, []).append(change)
            if look[row] == WHEN_DUE:
                stirs[row] = True
        if stirs.any():
            wanted |= np.repeat(np.logical_or.reduceat(stirs, first), count)
        rows_of_interest = np.union1d(np.flatnonzero(wanted), np.array(sorted(by_row), np.int64)).astype(np.int64)
        order = rows_of_interest[np.argsort(place[rows_of_interest], kind="stable")]
        columns = (order, points.number[rows.slot[order]], rows.t[order], rows.signal[order], rows.seen[order])
        for row, number, t, value, seen in zip(*(column.tolist() for column in columns), strict=True):
            self._row(number, t, value, seen, by_row.get(row, []))
        self._tell(news)

    def _row(self, number: int, t: int, value: float, seen: int, changes: list[Change]) -> None:
        shown = self._shown_by.get(number, [])

        def clock(machine: Machine) -> int:
            return max(t, machine.high) if isinstance(machine, Anchored) else t

        self._story(changes, shown, clock, seen)
        for machine in self._looking.get(number, ()):
            machine.read(number, t, value, seen, self.rules[machine.version])
            # A delay of 0 ends at once, and what that tells is heard before the next machine reads.
            self._story([], shown, clock, seen)
        self._touched += shown
        self._note_due()

    def take_time(self, arrival: int, points: Points, news: News, start: int) -> None:
        """Every clock was moved on to this arrival time, and the tables told the chunks from `start` on."""
        self._index(points)
        changes = self._sift(news, start).changes
        lag = points.lag(self._alone_slot)
        shown: list[Machine] = [self._alone[at] for at in np.flatnonzero(self._alone_due + lag <= arrival)]
        shown += self._anchors

        def clock(machine: Machine) -> int:
            if isinstance(machine, Anchored):
                return machine.clock(arrival)
            return arrival - int(lag[self._alone_place[id(machine)]])

        self._story(changes, shown, clock, arrival, everybody=True)
        self._note_due()
        self._tell(news)

    def _story(
        self,
        changes: list[Change],
        shown: Sequence[Machine],
        clock: Callable[[Machine], int],
        seen: int,
        *,
        everybody: bool = False,
    ) -> None:
        """Changes and what falls due at machines, in order of t, then point, rule version and step.

        shown      machines whose time is shown
        clock      what the clock of each of them shows
        everybody  time is shown to all machines, and `shown` are those with something due
        """
        if not changes and all(machine.shown(clock(machine), seen) == NEVER for machine in shown):
            return
        among = {id(machine) for machine in shown}
        heap: list[tuple[int, int, int, int, int, Machine | Change]] = []
        serial = 0
        for change in sorted(changes, key=lambda one: one[:4]):
            serial += 1
            heap.append((*change[:3], serial, serial, change))
        heapify(heap)

        def push(machine: Machine) -> None:
            nonlocal serial
            at = machine.shown(clock(machine), seen)
            if at < NEVER:
                serial += 1
                heappush(heap, (at, machine.number, machine.version, 0, serial, machine))

        for machine in shown:
            push(machine)
        while heap:
            at, _, _, _, _, one = heappop(heap)
            touched: list[Machine] = []
            if isinstance(one, Machine):
                if one.shown(clock(one), seen) != at:
                    continue
                one.happen(at, self.rules[one.version], self._hear)
                touched.append(one)
            else:
                guard = self._guards.get((one[2], one[1]))
                if one[2] not in self.hidden:
                    self._heard.append(one)
                elif guard is None:
                    pass  # The machine of a retired version is over at this point; the tables go on at others.
                elif isinstance(guard, Guarded):
                    guard.turn(at, one[3], one[5], one[6])
                    touched.append(guard)
                elif one[5]:
                    guard.cross(at, one[6])
                    touched.append(guard)
            touched += self._pass_on()
            self._touched += touched
            for machine in touched:
                if everybody or id(machine) in among:
                    push(machine)

    def _hear(self, machine: Machine, step: int, t: int, on: bool, value: float) -> None:
        """A machine tells a change of its output."""
        self._told.append((machine, step, t, on, value))
        severity, version = machine.channels[step].severity, machine.version
        self._heard.append((t, machine.number, version, step, severity, on, value, self._is_ladder(version)))

    def _pass_on(self) -> list[Machine]:
        """Let those who listen hear what was told, in turn; returns the machines that something changed for."""
        touched: list[Machine] = []
        while self._heard:
            t, number, version, step, severity, on, value, ladder = self._heard.popleft()
            for machine, least in self._holds.get((version, number), ()):
                if severity <= least:
                    if on:
                        machine.hold((version, number, step), t, self._hear)
                    else:
                        machine.free((version, number, step), t)
                    touched.append(machine)
            for vote in self._votes.get(number, ()) if ladder else ():
                condition = self.rules[vote.version].condition
                assert isinstance(condition, Vote)
                vote.hear((number, version, step, severity), on, t, value, condition)
                touched.append(vote)
        return touched

    def _note_due(self) -> None:
        """Bring what is kept of the machines that were touched up to date."""
        for machine in self._touched:
            if not isinstance(machine, Anchored):
                self._alone_due[self._alone_place[id(machine)]] = machine.due()
                among = self._shown_by[machine.number]
                slot = self._slot[machine.number]
                self._due[slot] = min(one.due() for one in among if not isinstance(one, Anchored))
        self._touched = []

    def _slot_of(self, number: int, points: Points) -> int:
        slot = self._slot.get(number)
        return int(points.slots(np.array([number], np.int64))[0]) if slot is None else slot

    def _tell(self, news: News) -> None:
        if self._told:
            news.add_changes([
                (t, machine.version, machine.number, step, machine.channels[step].severity, on, value)
                for machine, step, t, on, value in self._told
            ])  # fmt: skip
            self._told = []

    # Snapshots.

    def dump(self) -> bytes:
        """All of it as bytes."""
        return msgspec.msgpack.encode(_Memory(list(self.rules.values()), self.machines, sorted(self.hidden)))

    def restore(self, data: bytes) -> None:
        """Take back what `dump` gave."""
        memory = msgspec.msgpack.decode(data, type=_Memory)
        self.rules = {rule.version: rule for rule in memory.rules}
        self.machines, self.hidden = memory.machines, set(memory.hidden)
        self._ending = any(machine.ending for machine in self.machines)
        self._indexed = -1


def _shows(
    change: Change, table: Table | None, rows: Rows, begin: int, end: int, told: dict[tuple[int, int, int], int]
) -> int:
    """The row, of those from begin to end of its point, that showed a change: mostly the first whose t is not less.

    told  the row that showed the last change of each channel so far
    """
    t, number, version, step, _, on, _, _ = change
    before = told.get((number, version, step), begin)
    row = begin + int(np.searchsorted(rows.t[begin:end], t))
    if (isinstance(table, Silences) and not on) or (isinstance(table, Stucks) and on):
        # The end of a silence may carry a later time than the value that ended it; a stuck value needs one.
        usable: B1 = ~np.isnan(rows.signal[begin:end])
        row = before if isinstance(table, Silences) else row
        row += int(usable[row - begin :].argmax())
    told[number, version, step] = row
    return row


def order_of_release(slot: I8, t: I8, known: I8, seq: I8, row: I8) -> I8:
    """Place of each held row in the order in which conditions of several points take them.

    That is the arrival time at which each fell due, by itself or by a newer row of its point, then t, then the log;
    which records came in between does not change it.

    slot, t, known, seq, row  rows as `holding.Held` gives them: of one slot together, t not falling
    """
    due = known.copy()
    for at in range(due.size - 2, -1, -1):
        if slot[at] == slot[at + 1]:
            due[at] = min(due[at], due[at + 1])
    place = np.empty(slot.size, np.int64)
    place[np.lexsort((row, seq, t, due))] = np.arange(slot.size)
    return place
