"""The message catalogue: collect every text that people see, keep the `.po` file in step, find what is not translated.

    tools/messages.py                    bring the catalogue up to date, list what lacks a translation
    tools/messages.py FILE.tsv ...       the same, taking translations from lines `text<TAB>translation[<TAB>context]`
    tools/messages.py --check            change nothing; exit 1 when something is missing, unused, fuzzy or misshapen

The source language is English, so English needs no catalogue. Python, templates and JavaScript share django.po,
sorted by text and without dates, so that two branches merge.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

TOP = Path(__file__).resolve().parents[1]
SOURCE = TOP / "src" / "anlan"
LANGUAGE = "zh_Hans"

#: Function names whose first text is shown to people, with babel's argument numbers; `c` marks a context.
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
_CALL = re.compile(r"(?<!\w)(_|gettext|ngettext|pgettext|npgettext)\(")
_PLACE = re.compile(r"%\(\w+\)[sdfi]|%[sdfi]|\{\w*(?:[:!][^{}]*)?\}")
_HEADER = """\
# What people read in {language}; made by `./anlan messages` from the source, translated by hand.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Language: {language}\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """One text that people see: its English, its plural and its context, empty where there is none."""

    english: str
    plural: str = ""
    context: str = ""

    @property
    def key(self) -> str | tuple[str, str]:
        """The text as a catalogue of babel names it."""
        return (self.english, self.plural) if self.plural else self.english


#: Where the translations are kept.
CATALOGUE = SOURCE / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


def texts(source: Path = SOURCE) -> dict[Text, set[str]]:
    """Every text below `source` with the files that show it."""
    found: dict[Text, set[str]] = {}
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        if "vendor" in parts or "migrations" in parts or "__pycache__" in parts or not path.is_file():
            continue
        rows: Iterator[Text]
        if path.suffix == ".py":
            rows = of_code(path, "python")
        elif path.suffix in (".js", ".mjs"):
            rows = of_code(path, "javascript")
        elif path.suffix in (".html", ".txt") and "templates" in parts:
            rows = of_template(path.read_text(encoding="utf-8"))
        else:
            continue
        for text in rows:
            found.setdefault(text, set()).add("/".join(parts))
    return found


def of_code(path: Path, method: str) -> Iterator[Text]:
    """The texts in a file of Python or JavaScript."""
    with path.open("rb") as file:
        for _line, message, _comments, context in extract(
            method, file, keywords=KEYWORDS, options={"encoding": "utf-8"}
        ):
            english, plural = message if isinstance(message, tuple) else (message, "")
            if english:
                yield Text(english, plural or "", context or "")


def of_template(content: str) -> Iterator[Text]:
    """The texts in a Django template."""
    from django.utils.translation.template import templatize

    # Django turns a template into calls of gettext amid filler; the calls are plain Python literals.
    code = templatize(content)
    for call in _CALL.finditer(code):
        arguments = _literals(code, call.end())
        if not arguments:
            continue
        context = arguments.pop(0) if "pgettext" in call[1] else ""
        plural = arguments[1] if call[1] in ("ngettext", "npgettext") else ""
        yield Text(arguments[0], plural, context)


def _literals(code: str, start: int) -> list[str]:
    """The texts among the arguments of the call whose bracket opens just before `start`."""
    close = start
    while (close := code.find(")", close)) != -1:
        try:
            parsed = ast.parse(f"f({code[start:close]})", mode="eval").body
        except SyntaxError:
            close += 1
            continue
        values = parsed.args if isinstance(parsed, ast.Call) else []
        return [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    return []


def load() -> Catalog:
    """The catalogue as it is on disk, empty when there is none."""
    if not CATALOGUE.exists():
        return Catalog(locale=LANGUAGE)
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def translation(catalogue: Catalog, text: Text) -> str:
    """The translation of a text, empty when there is none or it is fuzzy."""
    message = catalogue.get(text.key, text.context or None)
    if message is None or message.fuzzy or not message.string:
        return ""
    return message.string if isinstance(message.string, str) else message.string[0]


def faults() -> list[str]:
    """What is wrong with the catalogue, a line each."""
    found = []
    wanted, catalogue = texts(), load()
    for text, files in sorted(wanted.items()):
        chinese = translation(catalogue, text)
        where = f"{text.english!r} ({', '.join(sorted(files)[:2])})"
        if not chinese:
            found.append(f"{where} has no translation")
        elif _places(chinese) != _places(text.plural or text.english):
            found.append(f"{where} and its translation {chinese!r} have different placeholders")
        elif text.english.startswith("\n") != chinese.startswith("\n"):
            found.append(f"{where}: only one of the two begins with a line break")
    known = {(text.english, text.context) for text in wanted}
    for message in catalogue:
        english = message.id[0] if isinstance(message.id, tuple) else message.id
        if english and (english, message.context or "") not in known:
            found.append(f"{english!r} is translated, but nothing shows it")
    return found


def _places(text: str) -> list[str]:
    return sorted(_PLACE.findall(text.replace("%%", "")))


def update(given: dict[tuple[str, str], str]) -> None:
    """Write the catalogue anew: what the source shows, with the translations known or given (by text and context)."""
    old, new = load(), Catalog(locale=LANGUAGE)
    for text, files in sorted(texts().items()):
        chinese = given.get((text.english, text.context)) or translation(old, text)
        new.add(
            text.key,
            (chinese,) if text.plural else chinese,
            locations=[(file, None) for file in sorted(files)],
            context=text.context or None,
        )
    body = io.BytesIO()
    write_po(body, new, omit_header=True, include_lineno=False, width=118)
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_bytes(_HEADER.format(language=LANGUAGE).encode() + body.getvalue().strip() + b"\n")


def given_in(files: Iterable[str]) -> dict[tuple[str, str], str]:
    """Translations from files of tab-separated lines; `\\n` in a cell is a line break."""
    found = {}
    for name in files:
        for number, line in enumerate(Path(name).read_text(encoding="utf-8-sig").splitlines(), start=1):
            if not line.strip():
                continue
            cells = [cell.replace("\\n", "\n") for cell in line.split("\t")]
            if len(cells) < 2:
                sys.exit(f"{name}:{number}: no tab between text and translation")
            found[cells[0], cells[2] if len(cells) > 2 else ""] = cells[1]
    return found


def main(arguments: list[str]) -> int:
    """Run as the module's head says; returns the exit code."""
    if arguments != ["--check"]:
        update(given_in(arguments))
    wrong = faults()
    print("\n".join(wrong) if wrong else "every text is translated")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
