"""The set of transitions does not depend on how the log is cut, repeated, partitioned, restarted or, inside a declared
hold, ordered; and it is what plain Python makes of it."""

from __future__ import annotations

import dataclasses

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anlan.engine import FUTURE_MS, Batch, Declare, Enforce, Rule, Silence, Tick, dump, evaluate, load, new_state, owner
from tests.engine.logs import POINTS, levels, logs, rates, rows_of, windows
from tests.engine.making import DAWN, bare, batch
from tests.engine.oracle import Oracle

often = settings(
    max_examples=100, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def whole(records):
    """The output of one call over the whole log."""
    return evaluate(new_state(), records)[1]


def kept(outputs) -> list[str]:
    """Rows for history, in an order of their own; as text, so that NaN equals NaN."""
    rows = []
    for output in outputs:
        one = output.kept
        columns = (one.point, one.t, one.value, one.quality, one.late)
        rows += zip(*(column.tolist() for column in columns), strict=True)
    return sorted(map(str, rows))


def aside(outputs) -> list[tuple]:
    return sorted((one.seq, one.row, one.reason) for output in outputs for one in output.set_aside)


@settings(often, max_examples=250)
@given(st.one_of(logs(), logs(steps_back=True)))
def test_the_engine_tells_what_plain_python_tells(records):
    oracle = Oracle()
    oracle.evaluate(records)
    output = whole(records)
    told = {(one.rule, one.point, one.step, one.severity, one.lane, one.t, one.on, one.value) for one in oracle.told}
    assert bare(output.transitions) == sorted(told, key=str)
    assert kept([output]) == sorted(map(str, oracle.kept))
    assert aside([output]) == sorted(oracle.aside)
    assert output.duplicates == oracle.duplicates
    assert output.late == sum(late for *_, late in oracle.kept)


@often
@given(logs(), st.data())
def test_cuts_between_calls_restarts_anywhere_and_redelivered_records_change_nothing(records, data):
    state, outputs, at = new_state(), [], 0
    while at < len(records):
        upto = at + data.draw(st.integers(1, 6))
        back = data.draw(st.integers(0, 3))
        state, output = evaluate(state, records[max(0, at - back) : upto])
        outputs.append(output)
        if data.draw(st.booleans()):
            state = load(dump(state))
        at = upto
    once = whole(records)
    assert [str(one) for output in outputs for one in output.transitions] == [str(one) for one in once.transitions]
    assert kept(outputs) == kept([once])
    assert aside(outputs) == aside([once])


@often
@given(logs(), st.integers(2, 5))
def test_partitions_together_tell_what_one_engine_tells(records, parts):
    outputs = [evaluate(new_state(part, parts), records)[1] for part in range(parts)]
    once = whole(records)
    assert bare(one for output in outputs for one in output.transitions) == bare(once.transitions)
    assert sum(len(output.transitions) for output in outputs) == len(once.transitions)
    assert kept(outputs) == kept([once])
    assert aside(outputs) == aside([once])
    assert sum(output.rows for output in outputs) == once.rows


@often
@given(logs(), st.integers(2, 5))
def test_partitions_that_are_given_only_their_own_rows_tell_the_same(records, parts):
    told = []
    for part in range(parts):
        mine = []
        for record in records:
            if isinstance(record, Batch):
                own = owner(record.point, parts) == part
                if not own.any():
                    continue
                columns = {name: getattr(record, name)[own] for name in ("point", "t", "value", "quality")}
                record = dataclasses.replace(record, **columns)
            mine.append(record)
        told += evaluate(new_state(part, parts), mine)[1].transitions
    assert bare(told) == bare(whole(records).transitions)


@often
@given(logs(), st.data())
def test_the_same_rows_in_other_batches_tell_the_same(records, data):
    """Lateness is per row: how a gateway packs its rows is not seen."""
    cut: list = []
    for record in records:
        if not isinstance(record, Batch):
            cut.append(dataclasses.replace(record, seq=len(cut)))
            continue
        rows = rows_of(record)
        while rows:
            many = data.draw(st.integers(1, len(rows)))
            cut.append(batch(len(cut), record.arrival, rows[:many]))
            rows = rows[many:]
    assert bare(whole(cut).transitions) == bare(whole(records).transitions)
    assert kept([whole(cut)]) == kept([whole(records)])


@often
@given(logs(most_rows=15), st.data())
def test_rows_sent_again_change_nothing(records, data):
    """R2: at any distance that is remembered, in the same batch or a later one."""
    again: list = []
    sent: list[tuple] = []
    for record in records:
        if sent and data.draw(st.booleans()):
            again.append(batch(len(again), record.arrival, data.draw(st.lists(st.sampled_from(sent), max_size=3))))
        if isinstance(record, Batch):
            rows = rows_of(record)
            # A row set aside as future may be believed later, when it is sent again: that is another row.
            sent += [row for row in rows if row[1] <= record.arrival + FUTURE_MS]
            if rows and rows[0] in sent and data.draw(st.booleans()):
                rows.append(rows[0])
            again.append(batch(len(again), record.arrival, rows))
        else:
            again.append(dataclasses.replace(record, seq=len(again)))
    assert bare(whole(again).transitions) == bare(whole(records).transitions)
    assert kept([whole(again)]) == kept([whole(records)])


HOLD, LATENCY = 40, 7


@st.composite
def deliveries(draw):
    """Rules, readings in true order, two orders of arrival inside the hold, and the arrival times of ticks."""
    rules = [draw(levels()), draw(levels()), draw(rates()), draw(windows())]
    rules.append(Silence(draw(st.sampled_from((5, 20, 100))), 4))
    t = dict.fromkeys(POINTS, DAWN)
    readings = []
    for _ in range(draw(st.integers(1, 30))):
        point = draw(st.sampled_from(POINTS))
        t[point] += draw(st.sampled_from((1, 3, 10, 60)))
        readings.append((point, t[point], draw(st.sampled_from((0.0, 1.0, 1.5, 2.0, 3.0, 6.0))), 0))
    jitter = st.lists(st.integers(0, HOLD), min_size=len(readings), max_size=len(readings))
    ticks = draw(st.lists(st.integers(0, 600), max_size=12))
    return rules, readings, (draw(jitter), draw(jitter)), sorted(DAWN + HOLD * 4 + tick for tick in ticks)


def delivered(rules, readings, jitter, ticks) -> list:
    """The log of one delivery: a first reading of each point, then the rules, then rows and ticks by arrival."""
    start = DAWN - 10
    records: list = [
        Declare(0, start, POINTS, HOLD),
        batch(1, start + LATENCY, [(point, start, 0.0) for point in POINTS]),
    ]
    records.append(Tick(2, start + LATENCY + HOLD + 1))
    for version, condition in enumerate(rules, 1):
        records.append(Enforce(len(records), start + LATENCY + HOLD + 1, Rule(version, POINTS, condition)))
    # Later arrivals than the rules: the readings of the story lie well behind the start.
    shift = 4 * HOLD
    events = [(row[1] + shift + LATENCY + late, 1, (row[0], row[1] + shift, *row[2:])) for row, late in
              zip(readings, jitter, strict=True)]  # fmt: skip
    events += [(tick, 0, None) for tick in ticks]
    for arrival, _, row in sorted(events, key=lambda event: event[:2]):
        records.append(batch(len(records), arrival, [row]) if row else Tick(len(records), arrival))
    records.append(Tick(len(records), DAWN + 1_000_000))
    return records


@often
@given(deliveries())
def test_order_inside_a_declared_hold_changes_nothing(delivery):
    rules, readings, (one, other), ticks = delivery
    left, right = whole(delivered(rules, readings, one, ticks)), whole(delivered(rules, readings, other, ticks))
    assert left.late == right.late == 0
    assert bare(left.transitions) == bare(right.transitions)


@often
@given(deliveries())
def test_ticks_hasten_what_is_told_and_do_not_change_it(delivery):
    """As long as a source keeps to its declared hold."""
    rules, readings, (jitter, _), ticks = delivery
    with_ticks, without = delivered(rules, readings, jitter, ticks), delivered(rules, readings, jitter, [])
    assert bare(whole(with_ticks).transitions) == bare(whole(without).transitions)


@often
@given(logs())
def test_changes_of_a_live_channel_alternate_and_their_times_never_fall(records):
    courses: dict[tuple, list] = {}
    ids = set()
    for one in whole(records).transitions:
        if one.lane == "live":
            courses.setdefault((one.rule, one.point, one.step), []).append((one.on, one.t))
            assert one.id not in ids
            ids.add(one.id)
    for course in courses.values():
        assert [on for on, _ in course] == [number % 2 == 0 for number in range(len(course))]
        assert [t for _, t in course] == sorted(t for _, t in course)


@often
@given(logs(), st.sampled_from(POINTS))
def test_no_point_can_change_what_is_told_of_another(records, point):
    alone = []
    for record in records:
        if isinstance(record, Batch):
            own = record.point == point
            columns = {name: getattr(record, name)[own] for name in ("point", "t", "value", "quality")}
            record = dataclasses.replace(record, **columns)
        alone.append(record)
    of_point = [one for one in whole(records).transitions if one.point == point]
    assert bare(of_point) == bare(one for one in whole(alone).transitions if one.point == point)
