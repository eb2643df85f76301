"""Compiling `.po` to `.mo` with the standard library alone."""

from __future__ import annotations

import gettext
import io

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from anlan.launcher.catalogues import BadCatalogue, compile_all, compiled, entries

PO = r"""
# The header
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=1; plural=0;\n"

#: somewhere.html
msgid "Duty desk"
msgstr "值班台"
msgid "Right under it"
msgstr "紧接着"

msgctxt "verb"
msgid "Close"
msgstr "关闭"

msgid "%(n)s alarm"
msgid_plural "%(n)s alarms"
msgstr[0] "%(n)s 条报警"

msgid ""
"one line\n"
"and \"another\" \\ "
msgstr ""
"一行\n"
"另一“行” \\ "

#, fuzzy, python-format
msgid "guessed"
msgstr "猜的"

msgid "not yet"
msgstr ""

#, fuzzy
#~ msgid "gone"
#~ msgstr "没了"

msgid "after the obsolete one"
msgstr "仍在"
"""


@pytest.fixture
def po(tmp_path):
    path = tmp_path / "src/locale/zh_Hans/LC_MESSAGES/django.po"
    path.parent.mkdir(parents=True)
    path.write_text(PO, encoding="utf-8")
    return path


def read(content: bytes) -> dict:
    catalogue = gettext.GNUTranslations(io.BytesIO(content))
    return {key: value for key, value in catalogue._catalog.items() if key}


def test_the_compiled_catalogue_says_what_babel_says(po):
    theirs = io.BytesIO()
    with po.open("rb") as file:
        write_mo(theirs, read_po(file, locale="zh_Hans"))
    assert read(compiled(entries(po))) == read(theirs.getvalue())


def test_every_kind_of_entry_is_found_by_gettext(po):
    catalogue = gettext.GNUTranslations(io.BytesIO(compiled(entries(po))))
    assert catalogue.gettext("Duty desk") == "值班台"
    assert catalogue.gettext("Right under it") == "紧接着"
    assert catalogue.pgettext("verb", "Close") == "关闭"
    assert catalogue.ngettext("%(n)s alarm", "%(n)s alarms", 3) == "%(n)s 条报警"
    assert catalogue.gettext('one line\nand "another" \\ ') == "一行\n另一“行” \\ "
    assert catalogue.gettext("after the obsolete one") == "仍在"


def test_a_guess_or_a_gap_shows_the_source_text(po):
    catalogue = gettext.GNUTranslations(io.BytesIO(compiled(entries(po))))
    assert catalogue.gettext("guessed") == "guessed"
    assert catalogue.gettext("not yet") == "not yet"


def test_only_what_changed_is_written_again(po):
    source = po.parents[3]
    assert compile_all(source) == [po.with_suffix(".mo")]
    assert compile_all(source) == []
    po.write_text(PO.replace("值班台", "值守台"), encoding="utf-8")
    assert compile_all(source) == [po.with_suffix(".mo")]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('msgid "open', "not a line of a catalogue"),
        ('msgid "bad \\x escape"', "quotes or escapes"),
        ("merge <<<<<<< HEAD", "not a line of a catalogue"),
        ('msgid "Duty desk"\nmsgstr "again"', "stands twice"),
    ],
)
def test_a_broken_catalogue_names_file_and_line(po, line, fault):
    po.write_text(PO + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(BadCatalogue, match=rf"django\.po:\d+: .*{fault}"):
        entries(po)
