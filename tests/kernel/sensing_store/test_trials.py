"""Recordings with known events: what counts as hit, missed and outside; and the page of the real ones is not stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from anlan.kernel.sensing import trials
from anlan.kernel.sensing.recordings import BadRecording

TOP = Path(__file__).parents[3]
DATA = TOP.parent / "shared" / "data"

MAP = """
name: gauge
title: Gauge
time: {column: at, format: "%Y-%m-%d %H:%M", zone: UTC}
points: [{code: G, name: Gauge, column: level, period_s: 60}]
rules:
  - code: HIGH
    title: high
    condition: {type: level, steps: [{severity: 3, limit: 5}, {severity: 1, limit: 9}]}
"""
TRIAL = """
- name: gauge
  title: A gauge
  map: gauge.yaml
  rules: by hand
  files: [{file: gauge.csv, events: [{title: flood, begin: "2026-01-01T00:02", end: "2026-01-01T00:03"}]}]
"""


def ran(folder, rows, trial=TRIAL, table_map=MAP, heading=("at,level",)):
    (folder / "gauge.yaml").write_text(table_map)
    (folder / "gauge.csv").write_text("\n".join(list(heading) + [f"2026-01-01 {row}" for row in rows]))
    (one,) = trials.load_suite(trial)
    return one, list(trials.run(one, folder, folder))


def test_an_alarm_in_the_event_hits_it_and_its_lead_is_counted_from_the_beginning(tmp_path):
    _trial, (run,) = ran(tmp_path, ["00:00,1", "00:01,6", "00:02,7", "00:03,1", "00:04,1"])
    assert [(one.lead_ms, one.level) for one in run.found] == [(60_000, 3)]
    assert (run.outside, len(run.episodes)) == (0, 1)


def test_an_alarm_beside_the_event_leaves_it_missed_and_counts_as_outside(tmp_path):
    _trial, (run,) = ran(tmp_path, ["00:00,6", "00:01,1", "00:02,1", "00:03,1", "00:09,9.5", "00:10,1"])
    assert [one.lead_ms for one in run.found] == [None]
    assert run.outside == 2
    assert [episode.level for episode in run.episodes] == [3, 1]


def test_an_alarm_shortly_before_belongs_to_the_event_where_the_trial_says_so(tmp_path):
    trial = TRIAL.replace("rules: by hand", "rules: by hand\n  early_s: 120")
    _trial, (run,) = ran(tmp_path, ["00:00,6", "00:01,1", "00:02,1", "00:03,1"], trial)
    assert [one.lead_ms for one in run.found] == [120_000]
    assert run.outside == 0


def test_labels_make_events_and_are_compared_row_by_row(tmp_path):
    trial = TRIAL.replace(', events: [{title: flood, begin: "2026-01-01T00:02", end: "2026-01-01T00:03"}]', "")
    trial += '  labels: {column: colour, none: "no", levels: {yellow: 3, red: 1}}\n'
    rows = ["00:00,1,no", "00:01,6,yellow", "00:02,9.5,red", "00:03,9.5,yellow", "00:04,1,no", "00:05,1,yellow"]
    one, (run,) = ran(tmp_path, rows, trial, heading=("at,level,colour",))
    assert [(found.event.begin % 3_600_000, found.lead_ms) for found in run.found] == [(60_000, 0), (300_000, None)]
    assert (run.right, run.compared) == (4, 6)
    assert "4 of 6 rows (66.7%)" in trials.page([(one, [run])])


def test_each_station_of_a_table_is_a_run_of_its_own(tmp_path):
    trial = TRIAL.replace("files:", "each: station\n  files:")
    rows = ["00:00,6,b", "00:00,1,a", "00:02,7,b", "00:02,1,a"]
    _trial, runs = ran(tmp_path, rows, trial, heading=("at,level,station",))
    assert [(run.title, len(run.episodes)) for run in runs] == [("a", 0), ("b", 1)]


def test_units_behind_numbers_and_columns_of_fixed_width_are_read(tmp_path):
    table_map = MAP.replace("time:", "table: {header: false, widths: [16, 4], units: [ft]}\ntime:")
    table_map = table_map.replace("column: at", "column: 1").replace("column: level", "column: 2")
    _trial, (run,) = ran(tmp_path, ["00:01 1ft", "00:02 6ft", "00:03 1ft"], TRIAL, table_map, heading=())
    assert [episode.begin % 3_600_000 for episode in run.episodes] == [120_000]


def test_a_suite_that_cannot_be_meant_names_the_field():
    with pytest.raises(BadRecording, match="title"):
        trials.load_suite("- {name: x}")


@pytest.mark.nightly
def test_the_page_of_the_real_recordings_is_not_stale():
    if not DATA.is_dir():
        pytest.skip("the recordings are not beside the project")
    maps = TOP / "replays"
    outcome = [(one, list(trials.run(one, maps, DATA))) for one in trials.load_suite((maps / "suite.yaml").read_text())]
    assert (TOP / "docs/replays.md").read_text(encoding="utf-8") == trials.page(outcome)
