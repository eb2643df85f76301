"""Recordings of others that the models are checked against; what is not on this machine is skipped with a word."""

from __future__ import annotations

import csv
import os
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(os.environ.get("ANLAN_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
MM_PER_INCH = 25.4


def recording(folder: str, name: str) -> list[str]:
    """The lines of a file."""
    path = SHARED / folder / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not on this machine (ANLAN_SHARED_DATA)")
    return path.read_text(encoding="utf-8-sig").splitlines()


def _lines(name: str) -> list[str]:
    return recording("landslide", name)


def mukilteo_rain() -> tuple[np.ndarray, np.ndarray]:
    """(epoch ms, mm/h) of the gauge KPAE, hourly; the amount of an hour falls in the hour before its stamp."""
    t, value = [], []
    for line in _lines("usgs_nws_KPAE_t.txt"):
        stamp = datetime(int(line[2:6]), int(line[6:8]), int(line[8:10]), int(line[10:12]), tzinfo=UTC)
        t.append(round(stamp.timestamp() * 1000))
        value.append(int(line[12:15]) / 100 * MM_PER_INCH)
    order = np.argsort(t, kind="stable")
    return np.array(t, np.int64)[order], np.array(value)[order]


def mukilteo_slides() -> list[date]:
    rows = _lines("usgs_landslide_dates_2010_2011_Mukilteo.txt")
    return [datetime.strptime(row.strip(), "%m/%d/%Y").replace(tzinfo=UTC).date() for row in rows if row.strip()]


def outang(station: str) -> tuple[np.ndarray, np.ndarray]:
    """(epoch ms, mm) of a station of the Outang landslide, daily."""
    rows = list(csv.DictReader(_lines("outang_monitoring_daily.csv")))
    t = [round(datetime.fromisoformat(row["Date"]).replace(tzinfo=UTC).timestamp() * 1000) for row in rows]
    return np.array(t, np.int64), np.array([float(row[f"{station}/mm"]) for row in rows])


def outang_steady() -> list[dict[str, str]]:
    """The steady stages that the authors found: station, start, end and v_eq in mm/d."""
    return list(csv.DictReader(_lines("outang_uniform_rates.csv")))
