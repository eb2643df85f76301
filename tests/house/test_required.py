"""The suite's own plugin: a promised tool that is absent fails, it does not skip."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from anlan.launcher.house import House

TESTS = """
import pytest

@pytest.mark.services
def test_one():
    pytest.skip("no PostgreSQL here")

@pytest.mark.browser
@pytest.mark.skipif(True, reason="no Chromium here")
def test_two():
    raise AssertionError

def test_three():
    pytest.skip("needs neither")
"""


@pytest.mark.parametrize(
    ("required", "closing"),
    [("", "3 skipped"), ("services", "1 failed, 2 skipped"), ("services,browser", "1 failed, 1 skipped, 1 error")],
)
def test_a_skip_of_a_required_kind_is_a_failure_with_its_reason(tmp_path, required, closing):
    (tmp_path / "test_sample.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    services: x\n    browser: x\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "required", "-p", "no:django", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "ANLAN_REQUIRE": required, "PYTHONPATH": str(House().top / "tests/support")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert closing in done.stdout
    assert ("no PostgreSQL here" in done.stdout) == ("services" in required)
