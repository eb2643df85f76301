"""Random logs in which rules look at each other's points: watching, curves, schedules, inhibitors, groups, votes."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from anlan.engine import (
    REST_MS,
    Crossings,
    Declare,
    Deviation,
    Enforce,
    Implausible,
    Inhibit,
    Member,
    Retire,
    Rule,
    Rung,
    Schedule,
    Stuck,
    Tick,
    Together,
    Vote,
    YearPoint,
)
from tests.engine.logs import DELAYS, PAUSES, POINTS, VALUES, levels, rates, silences, some_points
from tests.engine.making import DAWN, batch

ANCHORS = (70, 71)
#: All that a rule of these logs may look at.
EVERYTHING = POINTS + ANCHORS
LIMITS = st.sampled_from((1.0, 2.0, 3.0))
SPANS = st.sampled_from((1, 5, 20, 100, REST_MS))
BANDS = st.sampled_from((0.0, 0.5, 2.0))

stucks = st.builds(
    Stuck, after_ms=SPANS, severity=st.just(3), within=st.sampled_from((0.0, 0.5, 1.0)),
    floor=st.sampled_from((None, 0.0, 1.0)),
)  # fmt: skip
implausibles = st.builds(
    Implausible, severity=st.just(2), low=st.sampled_from((None, 1.0)), high=st.sampled_from((3.0, 2.5)),
    jump=st.sampled_from((None, 0.5, 2.0)), on_ms=DELAYS, off_ms=DELAYS,
)  # fmt: skip
crossings = st.builds(
    Crossings, limit=LIMITS, span_ms=SPANS, count=st.integers(2, 3), severity=st.just(1), deadband=BANDS
)
togethers = st.builds(
    lambda members, need, on, off: Together(members=members, need=min(need, len(members)), severity=2,
                                            on_ms=on, off_ms=off),
    st.lists(
        st.builds(Member, point=st.sampled_from(POINTS), limit=LIMITS, direction=st.sampled_from(("high", "low")),
                  deadband=BANDS, stale_ms=st.sampled_from((5, 20, 100, 1_000_000))),
        min_size=1, max_size=4, unique_by=lambda member: member.point).map(tuple),
    st.integers(1, 4), DELAYS, DELAYS,
)  # fmt: skip
RUNGS = (Rung(count=2, of=4, severity=3), Rung(count=2, of=3, severity=2), Rung(count=1, of=2, severity=1))
votes = st.builds(
    lambda members, rungs, on, off: Vote(members=members, rungs=tuple(rungs), on_ms=on, off_ms=off),
    st.lists(st.sampled_from(POINTS), min_size=2, max_size=4, unique=True).map(tuple),
    st.sampled_from((RUNGS, RUNGS[:1], RUNGS[1:])), DELAYS, DELAYS,
)  # fmt: skip


@st.composite
def deviations(draw) -> Deviation:
    level = draw(levels())
    if draw(st.booleans()):
        return Deviation(level.steps[:2], level.direction, level.deadband, level.on_ms, level.off_ms,
                         other=draw(st.sampled_from(POINTS)), stale_ms=draw(SPANS))  # fmt: skip
    curve = (YearPoint(3, 1, 1.0), YearPoint(11, 22, 0.0), YearPoint(11, 23, 1.5))
    # A day of the curve begins in the midst of the log.
    zone = -86_400_000 + 57_600_000 + draw(st.sampled_from((-40, -5, 0, 1, 60_000)))
    return Deviation(level.steps[:2], level.direction, level.deadband, level.on_ms, level.off_ms,
                     curve=curve[draw(st.integers(0, 2)) :], linear=draw(st.booleans()), zone_ms=zone)  # fmt: skip


@st.composite
def schedules(draw) -> Schedule:
    """Windows with an edge within some ms of DAWN, or after the next pause."""
    begin = draw(st.sampled_from((0, 1, 1_439, 720)))
    end = draw(st.sampled_from((1, 2, 721, 1_440, 1_439)))
    # DAWN is a Sunday 00:00 at 28,800,000.
    zone = 28_800_000 + draw(st.sampled_from((0, -1, -10, -40, 20, -60_020, -60_000, 59_990)))
    days = draw(st.sampled_from(((0, 1, 2, 3, 4, 5, 6), (6,), (5,), (0, 6))))
    return Schedule(days=days, begin=begin, end=end, zone_ms=zone)


ALL_KINDS = ("level",) * 4 + (
    "rate", "silence", "stuck", "implausible", "crossings", "deviation", "together", "together", "vote", "vote",
)  # fmt: skip
#: Those that judge one point.
WATCHING = ("stuck", "implausible", "crossings", "deviation")


@st.composite
def rules(draw, version: int, kinds: tuple[str, ...]) -> Rule:
    kind = draw(st.sampled_from(kinds))
    made = {"level": levels, "rate": rates, "deviation": deviations}
    plain = {"silence": silences, "stuck": stucks, "implausible": implausibles, "crossings": crossings,
             "together": togethers, "vote": votes}  # fmt: skip
    condition = draw(made[kind]() if kind in made else plain[kind])
    points = tuple(sorted(draw(st.sets(st.sampled_from(ANCHORS), min_size=1)))) if kind in ("together", "vote") else (
        draw(some_points)
    )  # fmt: skip
    schedule = draw(st.one_of(st.none(), st.none(), schedules()))
    inhibits: list[Inhibit] = []
    if draw(st.integers(0, 2)) == 0:
        inhibits = draw(st.lists(
            st.builds(Inhibit, version=st.integers(1, 8).filter(lambda one: one != version),
                      point=st.sampled_from(EVERYTHING), severity=st.integers(2, 4)),
            min_size=1, max_size=2))  # fmt: skip
    return Rule(version, points, condition, schedule, tuple(inhibits))


@st.composite
def tangled(draw, *, most_rows: int = 60, most_records: int = 26, steps_back: bool = False, kinds=ALL_KINDS):
    """A log with rules of all kinds, ticks, holds and rows; it ends with ticks that show all."""
    arrival, seq, version = DAWN, -1, 0
    highest = dict.fromkeys(POINTS, DAWN)
    left = most_rows
    records: list = []
    deltas = st.sampled_from((1, 2, 5, 20, 20, 0, -1, -3, -30, -200))
    beginning = draw(st.integers(2, 5))
    for number in range(beginning + draw(st.integers(2, most_records))):
        arrival += draw(PAUSES)
        if steps_back:
            arrival -= draw(st.sampled_from((0, 0, 0, 0, 10, 60)))
        seq += draw(st.sampled_from((1, 1, 4)))
        kind = draw(st.sampled_from(("rows",) * 9 + ("tick",) * 3 + ("rule", "rule", "retire", "hold")))
        if number < beginning:
            kind = "rule"
        if kind == "rule":
            version += 1
            records.append(Enforce(seq, arrival, draw(rules(version, kinds))))
        elif kind == "retire":
            records.append(Retire(seq, arrival, draw(st.integers(1, version))))
        elif kind == "hold":
            points = np.array(draw(some_points), np.int32)
            records.append(Declare(seq, arrival, points, draw(st.sampled_from((0, 5, 20)))))
        elif kind == "tick":
            records.append(Tick(seq, arrival))
        else:
            rows = []
            for _ in range(min(left, draw(st.sampled_from((0, 1, 1, 2, 4, 8, 30))))):
                point, value = draw(st.sampled_from(POINTS)), draw(VALUES)
                t = max(0, highest[point] + draw(deltas))
                if draw(st.integers(0, 20)) == 20:
                    t = arrival
                highest[point] = max(highest[point], t)
                rows.append((point, t, value, draw(st.sampled_from((0, 0, 0, 0, 1, 2)))))
            left -= len(rows)
            records.append(batch(seq, arrival, rows))
    records.append(Tick(seq + 1, arrival + 150))
    records.append(Tick(seq + 2, arrival + 3 * REST_MS))
    return records
