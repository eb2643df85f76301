"""Recordings: a map says what the columns of a table mean, every fault is named, nothing is guessed."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import httpx
import numpy as np
import pytest

from anlan.kernel.sensing import recordings
from anlan.kernel.sensing.posting import NotAnswered, Sender
from anlan.kernel.sensing.recordings import BadRecording, Recording

MAP = """
name: demo
title: A demo
time: {column: when, format: "%Y-%m-%d %H:%M", zone: Asia/Shanghai}
points:
  - {code: A, name: Point A, column: a, unit: mm}
  - {code: B, name: Point B, column: 3, scale: 0.1, offset: 5}
rules:
  - {code: R, title: A rule, points: [A], condition: {type: level, steps: [{severity: 3, limit: 5}]}}
events:
  - {title: it broke, begin: 2026-01-05, end: 2026-01-05}
"""
TABLE = "when,a,b\n2026-01-05 00:00,1,10\n2026-01-05 00:10,,20\n2026-01-05 00:20,3,NaN\n"
REPLAYS = Path(__file__).parents[3] / "replays"
SHARED = Path(os.environ.get("ANLAN_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))


def loaded(tmp_path: Path, table: str = TABLE, text: str = MAP) -> Recording:
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    return recordings.read(tmp_path / "t.csv", recordings.load_map(text))


def test_a_table_becomes_readings_in_utc_and_empty_cells_none(tmp_path: Path):
    found = loaded(tmp_path)
    begin = recordings.moment("2026-01-04T16:00:00", "UTC")
    assert found.t.tolist() == [begin, begin, begin + 600_000, begin + 1_200_000]
    assert found.point.tolist() == [0, 1, 1, 0]
    assert found.value.tolist() == [1.0, 6.0, 7.0, 3.0]
    assert found.step_ms == 600_000


def test_a_day_of_an_event_ends_with_its_last_moment(tmp_path: Path):
    (event,) = loaded(tmp_path).events
    assert event.end is not None
    assert event.end - event.begin == 86_400_000 - 1


def test_a_packed_table_with_a_byte_order_mark_reads_the_same(tmp_path: Path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + TABLE.encode()))
    packed = recordings.read(tmp_path / "t.csv.gz", recordings.load_map(MAP))
    assert np.array_equal(packed.value, loaded(tmp_path).value)


def test_a_transposed_table_without_heading_or_time_is_read_by_start_and_step(tmp_path: Path):
    text = """
name: t
title: T
table: {delimiter: blank, header: false, transposed: true}
time: {start: "2026-01-05T00:00:00Z", step_s: 180}
points: [{code: A, name: A, column: 2}]
"""
    found = loaded(tmp_path, "1 2 3\n4 5 6\n", text)
    assert found.value.tolist() == [4.0, 5.0, 6.0]
    assert np.diff(found.t).tolist() == [180_000, 180_000]


def test_a_rate_is_the_mean_change_over_its_rows(tmp_path: Path):
    rate = MAP.replace("column: a, unit: mm", "column: a, rate_rows: 2, rate_per_s: 600")
    found = loaded(tmp_path, TABLE, rate)
    assert found.value[found.point == 0].tolist() == [1.0]  # (3 - 1) in 20 min, per 10 min


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("name: demo", "nam: demo"), "nam"),
        (("code: B", "code: A"), "'A' stands twice"),
        (("points: [A]", "points: [C]"), "which the map does not have"),
        (("Asia/Shanghai", "Asia/Anlan"), "is not a zone"),
        (("column: when, ", ""), "either a column, or start and step_s"),
        (("condition: {type: level, steps: [{severity: 3, limit: 5}]}", "note: x"), "has no condition"),
        (("title: A demo", "title: [A]"), "title"),
        (("name: demo", "name: {"), "not YAML"),
    ],
)
def test_a_map_that_cannot_be_meant_is_refused_by_name(change: tuple[str, str], why: str):
    with pytest.raises(BadRecording, match=why):
        recordings.load_map(MAP.replace(*change))


def test_every_bad_cell_is_named_at_once(tmp_path: Path):
    table = TABLE.replace("00:10,,20", "00:10,x,20").replace("3,NaN", "3,1e999")
    with pytest.raises(BadRecording, match=r"line 3, column 2: 'x'.*line 4, column 3: '1e999'"):
        loaded(tmp_path, table)


def test_a_bad_time_and_a_missing_column_are_named(tmp_path: Path):
    with pytest.raises(BadRecording, match="line 3: 'yesterday' is not a time"):
        loaded(tmp_path, TABLE.replace("2026-01-05 00:10", "yesterday"))
    with pytest.raises(BadRecording, match="the heading has 'a' 0 times"):
        loaded(tmp_path, TABLE.replace("when,a", "when,c"))
    with pytest.raises(BadRecording, match="there is no column 9"):
        loaded(tmp_path, TABLE, MAP.replace("column: 3", "column: 9"))
    with pytest.raises(BadRecording, match="empty"):
        loaded(tmp_path, "")


@pytest.mark.parametrize(
    "path", sorted(set(REPLAYS.glob("*.yaml")) - {REPLAYS / "suite.yaml"}), ids=lambda path: path.stem
)
def test_a_shipped_map_is_whole(path: Path):
    text = path.read_text(encoding="utf-8")
    if path.stem.endswith("-known"):
        assert recordings.load_events(text)
    else:
        assert recordings.load_map(text).rules


@pytest.mark.parametrize(
    ("name", "file", "readings"),
    [
        ("outang-landslide", "landslide/outang_monitoring_daily.csv", 8 * (1461 - 7) + 2 * 1461),
        ("tennessee-eastman", "plant/tep_d04_te.dat", 14 * 960),
    ],
)
def test_a_shipped_map_reads_the_recording_that_it_is_for(name: str, file: str, readings: int):
    if not (SHARED / file).exists():
        pytest.skip(f"the recording {file} is not on this machine (ANLAN_SHARED_DATA)")
    table_map = recordings.load_map((REPLAYS / f"{name}.yaml").read_text(encoding="utf-8"))
    assert recordings.read(SHARED / file, table_map).t.size == readings


# -- sending ----------------------------------------------------------------------------------------------------------


class Door:
    """Answers in turn what it is told to, then 200."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.bodies: list[dict] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        status = self.answers.pop(0) if self.answers else 200
        if status == 0:
            raise httpx.ConnectError("refused", request=request)
        if status != 200:
            return httpx.Response(status, headers={"retry-after": "2"}, json={"error": {"code": "x"}})
        body = json.loads(request.content)
        self.bodies.append(body)
        taken = len(body["columns"]["t"]) if "columns" in body else 0
        return httpx.Response(200, json={"accepted": taken, "refused_total": 0})


class Time:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def sender(door: Door, time: Time) -> Sender:
    client = httpx.Client(transport=httpx.MockTransport(door))
    return Sender("http://door/api/v1/readings", "replay-x", "key", client, time.wait, time.clock)


def minutes(n: int) -> Recording:
    t = 1_795_320_000_000 + np.arange(n) * 60_000
    return Recording(np.zeros(n, np.int32), t, np.arange(n, dtype=float), 60_000, ())


def test_a_recording_is_sent_whole_and_in_order():
    door, time = Door(), Time()
    assert sender(door, time).send(minutes(9_000), ["A"], speed=0, progress=lambda _n: None) == (9_000, 9_000)
    assert [v for body in door.bodies for v in body["columns"]["value"]] == list(range(9_000))
    assert all(body["clock"] == max(body["columns"]["t"]) for body in door.bodies)
    assert len({body["batch_id"] for body in door.bodies}) == len(door.bodies) == 3


def test_a_paced_recording_takes_its_time():
    door, time = Door(), Time()
    sender(door, time).send(minutes(61), ["A"], speed=360, progress=lambda _n: None)
    assert time.now == pytest.approx(10, abs=0.3)  # an hour at 360 times its speed


def test_a_batch_is_sent_again_until_it_is_answered():
    door, time = Door(0, 401, 503, 429), Time()
    assert sender(door, time).send(minutes(3), ["A"], speed=0, progress=lambda _n: None) == (3, 3)
    assert len(door.bodies) == 1
    assert 2.0 in time.waits


@pytest.mark.parametrize("answers", [[422], [409], [401] * 100, [0] * 100])
def test_a_door_that_refuses_for_good_is_reported(answers: list[int]):
    with pytest.raises(NotAnswered, match="http://door"):
        sender(Door(*answers), Time()).send(minutes(3), ["A"], speed=0, progress=lambda _n: None)
