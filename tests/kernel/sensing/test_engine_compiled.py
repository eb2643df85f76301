"""The engine process runs compiled where it can, from when the compiler is through, and on numpy where it cannot."""

from __future__ import annotations

import time

import pytest

from anlan.engine import fast
from anlan.kernel.sensing.management.commands import serve_engine
from anlan.kernel.sensing.management.commands.serve_engine import Compiling


def ended(compiling: Compiling) -> bool:
    """What `is_over` says once the process has ended."""
    process = compiling._process
    assert process is not None
    process.wait(120)
    return compiling.is_over()


@pytest.mark.skipif(not fast.usable(), reason="numba is not installed (./anlan setup --full)")
def test_readings_are_judged_on_numpy_until_the_compiler_is_through(tmp_path):
    began = time.monotonic()
    compiling = Compiling(tmp_path / "compiled")
    assert not compiling.is_over(), f"nobody waits for the compiler ({time.monotonic() - began:.1f} s)"
    assert ended(compiling)
    assert (tmp_path / "compiled").is_dir()
    assert not compiling.is_over(), "it is told once"
    later = Compiling(tmp_path / "compiled")
    assert later._process is None, "what is compiled is only loaded"
    assert later.is_over()
    assert not later.is_over()


def test_switched_off_it_never_compiles(tmp_path, settings, monkeypatch):
    monkeypatch.setattr(fast, "usable", lambda: True)
    settings.ENGINE_FAST = False
    assert not Compiling(tmp_path / "compiled").is_over()
    assert not (tmp_path / "compiled").exists()


def test_a_compiler_that_does_not_work_costs_speed_and_no_alarm(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(fast, "usable", lambda: True)
    monkeypatch.setattr(serve_engine.sys, "executable", "/bin/false")
    assert not ended(Compiling(tmp_path / "compiled"))
    assert "stays on numpy" in caplog.text


def test_what_was_compiled_and_cannot_be_loaded_costs_no_alarm_either(tmp_path, monkeypatch, caplog):
    def broken(cache):
        raise ImportError("Numba needs NumPy 2.4 or less")

    monkeypatch.setattr(fast, "usable", lambda: True)
    monkeypatch.setattr(serve_engine.sys, "executable", "/bin/true")
    monkeypatch.setattr(fast, "prepare", broken)
    assert not ended(Compiling(tmp_path / "compiled"))
    assert "stays on numpy" in caplog.text
