"""Every code that a reader of messages tells has a sentence with its parts, and every sentence is told somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import anlan.formats
from anlan.formats.faults import MEANINGS, Fault
from anlan.formats.findings import SENTENCES, BadMessage, Finding, found, noted, of_fault

ROOM = Path(anlan.formats.__file__).parent
#: Ways to make a finding that take the code first and the parts by name.
MAKERS = ("found", "noted")


def calls() -> Iterator[tuple[str, set[str]]]:
    """Code and names of the parts of every finding made with a code written out."""
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and all(word.arg for word in node.keywords):
                    yield first.value, {str(word.arg) for word in node.keywords} - {"where"}


def test_every_finding_has_a_sentence_and_gives_what_it_needs():
    made = list(calls())
    assert len(made) > 60
    for code, given in made:
        sentence = SENTENCES.get(code) or MEANINGS[code]
        assert {name for _text, name, _spec, _conversion in Formatter().parse(sentence) if name} == given, code


def test_no_sentence_is_declared_that_nobody_tells():
    said = "\n".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py") if path.name != "findings.py")
    assert set(SENTENCES) - set(re.findall(r"\"([a-z_0-9]+)\"", said)) == set()


def test_a_code_means_one_thing():
    assert set(SENTENCES) & set(MEANINGS) == set()


def test_a_code_without_a_sentence_cannot_be_told():
    with pytest.raises(KeyError, match="no sentence is declared for the finding typing_error"):
        found("typing_error")


def test_a_finding_says_itself_for_a_log():
    one = found("missing_element", "alert", name="scope")
    assert str(one) == "missing_element at alert (name=scope)"
    assert str(BadMessage(one, noted("unsigned"))) == "missing_element at alert (name=scope); unsigned"
    assert BadMessage(one, noted("unsigned")).codes == ("missing_element",)


def test_a_fault_of_any_file_is_a_finding_too():
    assert of_fault(Fault("too_large", "", {"bytes": 3, "limit": 2})) == Finding(
        "too_large", "", {"bytes": 3, "limit": 2}
    )
