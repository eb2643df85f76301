"""English and Chinese are both whole: no text lacks a translation, none is written past the catalogue."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

from anlan.launcher.house import House

TOP = House().top
SOURCE = TOP / "src" / "anlan"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def tool():
    """tools/messages.py as a module."""
    spec = importlib.util.spec_from_file_location("messages", TOP / "tools/messages.py")
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["messages"] = module
    spec.loader.exec_module(module)
    return module


messages = tool()


def test_every_text_has_a_chinese_translation_and_none_is_guessed_or_left_over():
    assert messages.faults() == []


def test_texts_of_every_kind_of_source_are_found(tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/page.html").write_text(
        '{% load i18n %}{% translate "Duty desk" %} {{ _("Quiet") }} {% translate "Close" context "verb" %}'
        "{% blocktranslate count n=n %}{{ n }} alarm{% plural %}{{ n }} alarms{% endblocktranslate %}"
        "{% blocktranslate with name=x trimmed %}\n  The town\n  {{ name }}\n{% endblocktranslate %}"
        "{# translate 'not this' #}"
    )
    (tmp_path / "verbs.py").write_text(
        'from x import gettext_lazy as _\nA = _("Acknowledge (%(n)s)")\nB = ngettext("day", "days", 2)\n'
    )
    (tmp_path / "map.js").write_text('const a = gettext("Circle search"); other("not this");')
    found = {(text.english, text.plural, text.context) for text in messages.texts(tmp_path)}
    assert found == {
        ("Duty desk", "", ""),
        ("Quiet", "", ""),
        ("Close", "", "verb"),
        ("%(n)s alarm", "%(n)s alarms", ""),
        ("The town %(name)s", "", ""),
        ("Acknowledge (%(n)s)", "", ""),
        ("day", "days", ""),
        ("Circle search", "", ""),
    }


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    """A source of two texts and a catalogue of its own."""
    (tmp_path / "verbs.py").write_text('A = gettext("Ring %(n)s bells")\nB = gettext("Quiet")\n')
    monkeypatch.setattr(messages, "SOURCE", tmp_path)
    monkeypatch.setattr(messages.texts, "__defaults__", (tmp_path,))
    monkeypatch.setattr(messages, "CATALOGUE", tmp_path / "django.po")
    return tmp_path / "django.po"


def test_what_is_missing_is_named_with_its_file(catalogue):
    messages.update({("Quiet", ""): "安静"})
    assert messages.faults() == ["'Ring %(n)s bells' (verbs.py) has no translation"]


def test_a_translation_survives_the_next_update_and_leaves_with_its_text(catalogue):
    messages.update({("Quiet", ""): "安静", ("Ring %(n)s bells", ""): "敲%(n)s下钟"})
    messages.update({})
    assert messages.faults() == []
    (catalogue.parent / "verbs.py").write_text('A = gettext("Quiet")\n')
    assert messages.faults() == ["'Ring %(n)s bells' is translated, but nothing shows it"]
    messages.update({})
    assert messages.faults() == []
    assert "敲" not in catalogue.read_text(encoding="utf-8")


def test_a_lost_placeholder_is_found(catalogue):
    messages.update({("Quiet", ""): "安静", ("Ring %(n)s bells", ""): "敲钟"})
    assert "different placeholders" in "".join(messages.faults())


def test_a_guess_does_not_count(catalogue):
    messages.update({("Quiet", ""): "安静", ("Ring %(n)s bells", ""): "敲%(n)s下钟"})
    catalogue.write_text(catalogue.read_text("utf-8").replace('msgid "Quiet"', '#, fuzzy\nmsgid "Quiet"'), "utf-8")
    assert messages.faults() == ["'Quiet' (verbs.py) has no translation"]


def test_translations_come_from_tab_separated_files(tmp_path):
    (tmp_path / "a.tsv").write_text("Close\t关闭\nClose\t关掉\tverb\nTwo\\nlines\t两\\n行\n", encoding="utf-8")
    assert messages.given_in([str(tmp_path / "a.tsv")]) == {
        ("Close", ""): "关闭",
        ("Close", "verb"): "关掉",
        ("Two\nlines", ""): "两\n行",
    }


# Words that stand in a page in both languages.
SAME = re.compile(
    r"&[a-z]+;|&#\w+;|(?<=\s)/\w+|^/\w+|Anlan|安?澜|English|中文|简体中文|Ctrl|Esc|Enter|WGS|CGCS|GB/T|JSON|CSV|Parquet|UTC|SSE|GPX"
    r"|CAS|Word|PDF|OpenAPI|\bAPI|xlsx|csv|If-Match|GeoJSON|Shapefile|\.zip|KML|UTF-8|UTF-16|GB ?18030|SHA-256"
    r"|\b(?:ms|km²|km|mm|kPa|MPa|ppm|LEL|MB|GB|PEM|JWKS)\b"
)
ATTRIBUTE = re.compile(
    r"""\b(?:title|placeholder|aria-label|alt|data-label|data-confirm)\s*=\s*(?:"([^"]*)"|'([^']*)')"""
)
INVISIBLE = re.compile(r"<(script|style|code|kbd)\b.*?</\1>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
MARK = re.compile(r"\x00[^\x00]*\x00")


def bare_words(content: str) -> list[str]:
    """What a template shows without asking the catalogue: text and attributes with a word of two letters or Chinese."""
    pieces, inside = [], False
    for token in Lexer(content).tokenize():
        if token.token_type == TokenType.BLOCK:
            word, *rest = token.contents.split()
            # The block of a class name is not read by anyone.
            if word in ("blocktranslate", "comment", "verbatim") or (word == "block" and rest[0].endswith("class")):
                inside = True
            elif word in ("endblocktranslate", "endcomment", "endverbatim", "endblock"):
                inside = False
            pieces.append("\x00\x00")
        elif token.token_type == TokenType.TEXT and not inside:
            pieces.append(token.contents)
        else:
            pieces.append("\x00\x00")
    page = MARK.sub("", INVISIBLE.sub(" ", "".join(pieces)))
    found = [one or other for one, other in ATTRIBUTE.findall(page)]
    found += re.sub(r"<[^>]*>", "\n", page).splitlines()
    return [text.strip() for text in found if re.search(r"[A-Za-z]{2}|[\u4e00-\u9fff]", SAME.sub("", text))]


def test_words_written_past_the_catalogue_are_seen():
    page = (
        '{% load i18n %}<a class="chip" title="Open it" href="{% url "x" %}">{% translate "Yes" %}</a> Save\n'
        "<kbd>Shift</kbd> {{ n }} <p>值班</p> <!-- a note --> {% comment %}old text{% endcomment %}"
    )
    assert bare_words(page) == ["Open it", "Save", "值班"]


def test_no_template_shows_words_past_the_catalogue():
    lost = []
    for path in sorted(SOURCE.rglob("templates/**/*.html")):
        lost += [f"{path.relative_to(SOURCE)}: {text}" for text in bare_words(path.read_text(encoding="utf-8"))]
    assert lost == []


def shown_chinese(path: Path) -> list[str]:
    """Chinese texts in the code of a Python file; docstrings and comments are not shown to anyone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    quiet = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in quiet
        and CHINESE.search(node.value)
    ]


#: Where Chinese in code is right: names of languages, characters looked for, reference pages, the county's people.
CHINESE_IS_RIGHT = (
    *("demo/", "server/settings.py", "server/reference.py", "launcher/", "environment.py"),
    # They read what people type and write into tables, in either language.
    *("kernel/sensing/ruling/files.py", "kernel/sensing/ruling/times.py", "kernel/regions/pinyin.py"),
    "kernel/sensing/modbus/maps.py",
    *("kernel/registers/values.py", "kernel/registers/doubles.py"),
    # They know how Chinese files write days, angles and answers, and say nothing themselves.
    *("formats/coordinates.py", "formats/tables/cells.py", "formats/tables/headers.py", "formats/tables/quoting.py"),
    *("formats/tables/styles.py", "formats/tables/values.py", "formats/texts/", "formats/policy/"),
    "formats/vendor_json/times.py",
    # Headings under which bureaus keep a field, in tables and files of theirs; a font's name; notes on moved rows.
    *("kernel/borders/boundaries.py", "kernel/borders/tables.py", "kernel/duties/pairs_table.py"),
    *("kernel/registers/importing/guessing.py", "kernel/registers/printing/word.py"),
    "apps/sites/migrations/0005_move_sites.py",
    # It names ways of numbering by their Chinese signs.
    "apps/knowledge/words.py",
    # Official papers have one language, words and faces by their standard; plans are read in Chinese.
    *("formats/official/", "apps/goals/services/papers.py", "apps/goals/rules.py"),
    # Warnings to the public are worded in Chinese, whatever language their author reads.
    *("apps/warning/composing.py", "apps/warning/forms.py", "apps/warning/services/drafting.py"),
    "apps/warning/views/feeds.py",
    *("apps/goals/services/documents.py", "apps/goals/queries/ledger.py", "apps/goals/queries/wanted.py"),
)


def test_no_code_shows_chinese_past_the_catalogue():
    lost = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith(CHINESE_IS_RIGHT):
            lost += [f"{name}: {text[:60]}" for text in shown_chinese(path)]
    for path in sorted(SOURCE.rglob("static/**/*.js")):
        if "vendor" not in path.parts:
            code = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            name = path.relative_to(SOURCE)
            lost += [f"{name}: {line.strip()[:60]}" for line in code.splitlines() if CHINESE.search(line)]
    assert lost == []
