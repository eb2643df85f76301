"""The engine process runs compiled where it can, and on numpy where it cannot or may not."""

from __future__ import annotations

import pytest

from anlan.engine import fast
from anlan.kernel.sensing.management.commands.serve_engine import compiled


@pytest.mark.skipif(not fast.usable(), reason="numba is not installed (./anlan setup --full)")
def test_with_numba_the_loops_are_ready_before_the_first_reading(tmp_path):
    assert compiled(tmp_path / "compiled")
    assert (tmp_path / "compiled").is_dir()


def test_switched_off_it_never_compiles(tmp_path, settings, monkeypatch):
    monkeypatch.setattr(fast, "usable", lambda: True)
    settings.ENGINE_FAST = False
    assert not compiled(tmp_path / "compiled")
    assert not (tmp_path / "compiled").exists()


def test_a_compiler_that_does_not_work_costs_speed_and_no_alarm(tmp_path, monkeypatch, caplog):
    def broken(cache):
        raise ImportError("Numba needs NumPy 2.4 or less")

    monkeypatch.setattr(fast, "usable", lambda: True)
    monkeypatch.setattr(fast, "prepare", broken)
    assert not compiled(tmp_path / "compiled")
    assert "runs on numpy" in caplog.text
