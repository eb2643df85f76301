"""The reference pages: made from what is declared, and noticed when stale."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from anlan.environment import VARIABLES
from anlan.kernel.people import verbs
from anlan.server.reference import pages

ROOT = Path(__file__).resolve().parents[2]


def write(into, *arguments: str) -> str:
    said = io.StringIO()
    call_command("write_reference", *arguments, "--into", str(into), stdout=said)
    return said.getvalue()


def test_a_fresh_folder_is_stale_and_a_written_one_is_clean(tmp_path):
    with pytest.raises(CommandError, match=r"stale reference pages: .*settings\.md.*write_reference"):
        write(tmp_path, "--check")
    assert list(tmp_path.iterdir()) == []
    write(tmp_path)
    assert "clean" in write(tmp_path, "--check")


def test_an_edited_page_and_a_left_over_page_are_stale(tmp_path):
    write(tmp_path)
    (tmp_path / "settings.md").write_text("edited by hand\n")
    (tmp_path / "old-concept.md").write_text("of a release before\n")
    with pytest.raises(CommandError, match=r"settings\.md, old-concept\.md"):
        write(tmp_path, "--check")
    write(tmp_path)
    assert not (tmp_path / "old-concept.md").exists()
    assert "clean" in write(tmp_path, "--check")


def test_every_setting_register_workflow_and_verb_has_its_row():
    made = pages()
    for variable in VARIABLES:
        assert f"| `{variable.name}` |" in made["settings.md"]
    for code in verbs.all():
        assert f"| `{code}` |" in made["rights.md"]
    assert "(`enterprise`)" in made["registers.md"]
    assert "(`alarm.handle`)" in made["workflows.md"]
    assert "| `alarms` |" in made["layers.md"]


def test_a_rule_says_its_limits_its_clause_and_whether_anyone_checked_it():
    row = next(line for line in pages()["rulebook.md"].splitlines() if "`GAS-01`" in line)
    assert "≥ 25 %LEL Ⅲ yellow, ≥ 50 %LEL Ⅱ orange" in row
    assert "GB/T 50493-2019 5.5.2" in row
    own = next(line for line in pages()["rulebook.md"].splitlines() if "`alarm.answer.1`" in line)
    assert "3 minutes" in own
    assert "未核实" in own


def test_the_language_of_whoever_writes_does_not_matter(settings):
    from django.utils.translation import override

    with override("zh-hans"):
        chinese = pages()
    with override("en"):
        assert pages() == chinese


def test_the_pages_of_the_repository_are_not_stale():
    """In a process of its own: other tests declare workflows and registers that no release has."""
    command = [sys.executable, "-m", "anlan.server", "write_reference", "--check"]
    paths = os.pathsep.join(("src", os.environ.get("PYTHONPATH", "")))
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}, cwd=ROOT)
    assert done.returncode == 0, done.stderr
