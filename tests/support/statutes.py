"""Statutes recorded beside the project: `ANLAN_SHARED_DATA`, text/README.md."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("ANLAN_SHARED_DATA", Path(__file__).parents[2].parent / "shared" / "data"))

#: File, and counted by hand: articles, chapters.
STATUTES = {
    "law_安全生产法(2021-06-10).md": (119, 7),
    "law_突发事件应对法(2024-06-28).md": (106, 8),
    "law_消防法(2021-04-29).md": (74, 7),
    "law_防震减灾法(2008-12-27).md": (93, 9),
    "law_防洪法(2016-07-02).md": (65, 8),
    "law_危险化学品安全管理条例(2013-12-07).md": (102, 8),
    "law_地质灾害防治条例(2003-11-24).md": (49, 7),
    "law_深圳经济特区安全生产监督管理条例(2022-06-30).md": (64, 7),
    "law_浙江省安全生产条例(2016-07-29).md": (51, 5),
}


def statute(name: str) -> Path:
    """A recorded statute; the test is skipped where it is not on this machine."""
    path = SHARED / "text" / name
    if not path.is_file():
        pytest.skip(f"the statute {name} is not on this machine (ANLAN_SHARED_DATA)")
    return path
