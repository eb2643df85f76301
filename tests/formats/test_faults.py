"""Every code that the room raises has a meaning, and every meaning is raised somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import anlan.formats
from anlan.formats.faults import MEANINGS, Fault, Refused

ROOM = Path(anlan.formats.__file__).parent
#: Faults made as constants beside a call: tables of flags and of GEOS's reasons.
RAISED = re.compile(r"\"([a-z_]+)\"")


def test_no_meaning_is_declared_that_nobody_uses():
    said = "\n".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py") if path.name != "faults.py")
    assert set(MEANINGS) - set(RAISED.findall(said)) == set()


def test_a_code_without_a_meaning_cannot_be_raised():
    with pytest.raises(KeyError, match="no meaning is declared for the fault typing_error"):
        Refused("typing_error")


def calls() -> Iterator[tuple[str, set[str]]]:
    """Code and names of the parts of every fault that is made by a call with a code written out."""
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in ("Refused", "fault", "drop_geometry") and all(word.arg for word in node.keywords):
                yield node.args[0].value, {word.arg for word in node.keywords}
            elif name == "Fault":
                parts = node.args[2] if len(node.args) > 2 else ast.Dict([], [])
                if isinstance(parts, ast.Dict) and all(parts.keys):
                    yield node.args[0].value, {key.value for key in parts.keys}


def test_every_fault_has_a_meaning_and_gives_what_its_sentence_needs():
    made = list(calls())
    assert len(made) > 150
    for code, given in made:
        needed = {name for _text, name, _spec, _conversion in Formatter().parse(MEANINGS[code]) if name}
        assert needed == given, code


def test_a_fault_says_itself_for_a_log():
    assert str(Refused("too_large", "a", bytes=3, limit=2)) == "too_large at a (bytes=3, limit=2)"
    assert str(Fault("encrypted")) == "encrypted"
