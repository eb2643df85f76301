"""A pytest plugin of the whole suite: data of its own for every run, and no silent skip where a tool is promised.

`ANLAN_REQUIRE=services,browser` (set by `.ci/run`) turns a skip of a test with one of these marks into a failure, so
that a machine which should have PostgreSQL or Chromium cannot pass without using it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

import pytest

# Settings make the data directory when they are imported; tests never touch the one of a person.
os.environ["ANLAN_DATA"] = tempfile.mkdtemp(prefix="anlan-test-")
# Here and not in pyproject.toml, so that the pure rooms can be tested with `-p no:django`.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.server.settings")
atexit.register(shutil.rmtree, os.environ["ANLAN_DATA"], ignore_errors=True)


def required_marks() -> frozenset[str]:
    """The marks whose tests must run here."""
    return frozenset(part for part in os.environ.get("ANLAN_REQUIRE", "").split(",") if part)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Report a skipped test as failed when its mark is required here."""
    report = yield
    missing = sorted(mark for mark in required_marks() if item.get_closest_marker(mark))
    if report.skipped and missing and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: {', '.join(missing)} is required here (ANLAN_REQUIRE), but: {reason}"
    return report
