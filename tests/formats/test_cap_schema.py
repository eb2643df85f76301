"""The structure of CAP: our verdict is that of the published schemas, on recorded messages and on damaged ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from anlan.formats import records
from anlan.formats.cap import Named, Signer, check, write
from anlan.formats.cap.schema import SPACE, SPACES, breaches
from anlan.formats.faults import Refused
from anlan.formats.trees import Bounds, tree_of
from tests.formats.neighbours import NOW, SHARED, certificate, key_of, recorded
from tests.formats.test_cap import RECORDED
from tests.formats.warnings_of_cap import ALERT, AREA, INFO

VALUES = (
    "", " ", "Alert", "Actual ", "actual", "2026-07-15T08:30:00+08:00", "2026-07-15T08:30:00Z",
    "2026-02-30T08:30:00+08:00",
    "2026-07-15T24:00:00+08:00", "2026-07-15T24:00:01+08:00", "2026-07-15T08:30:00+14:01", "2026-07-15T08:30:00,08:00",
    "2026-07-15T08:30:60+08:00", "2026-07-15T08:30:00.5+08:00", " 2026-07-15T08:30:00+08:00\n", "-1.5", "1e3", "+007",
    ".5",
    "5.", "0x1", "zh_CN", "zh-CN", " en ", "一", "Very Likely", "Observed", "Avoid", "CBRNE",
)  # fmt: skip


@cache
def schema_of(version: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(recorded(f"cap/schema_cap{version.replace('.', '')}.xsd")))


def agree(root: etree._Element) -> tuple[bool, bool]:
    """The verdict of the published schema and ours."""
    version = SPACES[etree.QName(root).namespace]
    return schema_of(version).validate(root), not list(breaches(root))


def messages() -> list[etree._Element]:
    roots = []
    for name in RECORDED:
        try:
            roots.append(tree_of(recorded(f"cap/{name}")))
        except Refused:
            continue
    return [root for root in roots if etree.QName(root).namespace in SPACES and etree.QName(root).localname == "alert"]


def damaged(root: etree._Element, dice: random.Random) -> etree._Element:
    """The message with one to three things wrong, or right by chance."""
    copy = etree.fromstring(etree.tostring(root))
    for _time in range(dice.randint(1, 3)):
        all_ = [one for one in copy.iter() if isinstance(one.tag, str) and "xmldsig" not in one.tag]
        one, other = dice.choice(all_), dice.choice(all_)
        how = dice.randrange(8)
        if how == 0 and one is not copy:
            one.getparent().remove(one)
        elif how == 1 and one is not copy:
            one.addnext(etree.fromstring(etree.tostring(one, with_tail=False)))
        elif how == 2 and not len(one):
            one.text = dice.choice(VALUES)
        elif how == 3:
            one.tag = f"{{{etree.QName(copy).namespace}}}{etree.QName(other).localname}"
        elif how == 4:
            one.set(dice.choice(("a", "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation")), "urn:a b")
        elif how == 5:
            one.tail = dice.choice(("x", "\n", "  "))
        elif how == 6:
            etree.SubElement(one, f"{{{etree.QName(copy).namespace}}}{etree.QName(other).localname}").text = "Met"
        elif how == 7 and one is not copy and one.getnext() in all_:
            one.addprevious(one.getnext())
    return copy


@pytest.mark.parametrize("seed", range(4))
def test_damaged_messages_get_the_verdict_of_the_published_schema(seed: int):
    dice, roots = random.Random(seed), messages()
    right = 0
    for _round in range(400):
        root = damaged(dice.choice(roots), dice)
        if root.tag.rpartition("}")[2] != "alert":
            continue
        theirs, ours = agree(root)
        assert theirs == ours, (etree.tostring(root), list(map(str, breaches(root))))
        right += ours
    assert 20 < right < 380


def test_recorded_messages_get_the_verdict_of_the_published_schema():
    for root in messages():
        theirs, ours = agree(root)
        assert theirs == ours


@pytest.mark.parametrize("signed", [False, True])
def test_what_we_write_is_valid_by_the_published_schema(signed: bool):
    key = key_of("ec", 1)
    signer = Signer(key, (certificate("weather", key),)) if signed else None
    root = etree.fromstring(write(ALERT, signer=signer))
    assert schema_of("1.2").validate(root), schema_of("1.2").error_log


HOSTILE = {
    "nothing": (b"", "empty_file"),
    "a word": (b"alert", "broken_xml"),
    "half a message": (b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><info>", "broken_xml"),
    "a document type": (b"<!DOCTYPE alert><alert/>", "doctype"),
    "a document type in UTF-16": ("<!DOCTYPE alert [<!ENTITY a 'b'>]><alert>&a;</alert>".encode("utf-16"), "doctype"),
    "an entity": (b"<alert>&xxe;</alert>", "broken_xml"),
    "a document type in an encoding of its own": (
        b"<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE a+AD4-<alert/>", "unknown_encoding"),
    "an encoding that is none": (b"<?xml version='1.0' encoding='base64'?><alert/>", "unknown_encoding"),
    "an encoding far away": (
        b"<?xml version='1.0' " + b" " * 400 + b"encoding='iso-8859-1'?><alert/>", "broken_xml"),
    "an encoding that lies": (b"<?xml version='1.0' encoding='UTF-8'?><alert>\xff</alert>", "unknown_encoding"),
    "XML 1.1": (b"<?xml version='1.1'?><alert>&#1;</alert>", "broken_xml"),
    "elements in elements": (b"<a>" * 5_000 + b"</a>" * 5_000, "too_deep"),
    "elements beside elements": (b"<a>" + b"<b/>" * 30_000 + b"</a>", "too_many_parts"),
    "a text without end": (b"<a>" + b"x" * (3 << 20) + b"y</a>", "text_too_long"),
    "an attribute without end": (b"<a b='" + b"x" * (3 << 20) + b"y'/>", "text_too_long"),
    "too much of it": (b"<a>" + b" " * (4 << 20) + b"</a>", "too_large"),
    "two roots": (b"<a/><b/>", "broken_xml"),
    "a null": (b"<a>\x00</a>", "broken_xml"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_what_means_harm_is_refused_before_it_is_read(what: str):
    data, code = HOSTILE[what]
    verdict = check(data, trusted={}, now=NOW)
    assert [one.code for one in verdict.findings] == [code]
    assert [layer.ok for layer in verdict.layers] == [False, None, None, None]
    assert verdict.alert is None


def test_of_very_many_faults_the_first_are_told_and_all_count():
    data = b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'>" + b"<x/>" * 15_000 + b"</alert>"
    verdict = check(data, trusted={}, now=NOW)
    assert not verdict["schema"].ok and len(verdict["schema"].findings) == 100
    notes = tuple(Named(name="a", value="") for _one in range(300))
    last = replace(ALERT, infos=(replace(INFO, parameters=notes, areas=(replace(AREA, circles=("x",)),)),))
    root = records.build(last, "alert", SPACE)
    meaning = check(etree.tostring(root), trusted={}, now=NOW)["meaning"]
    assert not meaning.ok and [one.code for one in meaning.findings if one.blocks] == ["bad_circle"]


def test_bounds_are_the_callers():
    assert not check(write(ALERT), trusted={}, now=NOW, bounds=Bounds(depth=3)).ok


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_the_reader_stumble(data: bytes):
    assert not check(data, trusted={}, now=NOW).ok


DATA = write(ALERT)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.binary(max_size=6), st.integers(0, 30)), max_size=4))
def test_no_damage_makes_the_reader_stumble(cuts: list[tuple[int, bytes, int]]):
    data = DATA
    for at, put, gone in cuts:
        data = data[:at] + put + data[at + gone :]
    verdict = check(data, trusted={}, now=NOW)
    assert len(verdict.layers) == 4


def seeds() -> Iterator[bytes]:
    """Recorded messages, cut anywhere."""
    for path in sorted((SHARED / "cap").glob("*.cap")):
        data = path.read_bytes()
        yield from (data[: len(data) * part // 7] for part in range(7))


def test_a_message_that_was_cut_off_is_refused():
    for data in seeds():
        assert not check(data, trusted={}, now=NOW).ok
