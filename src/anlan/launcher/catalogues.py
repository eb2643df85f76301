"""Message catalogues: `.po` as people translate it to the `.mo` that gettext reads, without GNU gettext installed.

Format of the `.mo` file: GNU gettext manual, section "The Format of GNU MO Files" (revision 0, no hash table).
"""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from anlan.launcher.house import write_whole

_KEYWORD = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d+)\])?\s+(".*")$')


class BadCatalogue(ValueError):
    """A `.po` file that cannot be read; names the file and the line."""


def compile_all(source: Path) -> list[Path]:
    """Write the `.mo` beside each `.po` under `source` where it is missing or differs; returns what was written."""
    written = []
    for po in sorted(source.rglob("LC_MESSAGES/*.po")):
        target = po.with_suffix(".mo")
        content = compiled(entries(po))
        if not target.exists() or target.read_bytes() != content:
            write_whole(target, content)
            written.append(target)
    return written


def entries(po: Path) -> dict[str, str]:
    """Key and translation of each entry that gettext may use: fuzzy, obsolete and untranslated ones are left out.

    The key is `context EOT msgid NUL plural` as the `.mo` format wants it. Raises BadCatalogue with file and line.
    """
    found: dict[str, str] = {}
    for number, fuzzy, fields in _blocks(po):
        if "msgid" not in fields:
            raise BadCatalogue(f"{po.name}:{number}: an entry without msgid")
        key = fields["msgid"]
        if "msgctxt" in fields:
            key = fields["msgctxt"] + "\x04" + key
        forms = [fields[name] for name in sorted(fields) if name.startswith("msgstr")]
        if "msgid_plural" in fields:
            key += "\0" + fields["msgid_plural"]
        if key in found:
            raise BadCatalogue(f"{po.name}:{number}: {fields['msgid']!r} stands twice")
        if forms and all(forms) and (not fuzzy or not fields["msgid"]):
            found[key] = "\0".join(forms)
    return found


def compiled(messages: dict[str, str]) -> bytes:
    """The bytes of a little-endian `.mo` file with these messages, keys sorted by their bytes."""
    pairs = sorted((key.encode(), text.encode()) for key, text in messages.items())
    count = len(pairs)
    keys_at, texts_at = 28, 28 + 8 * count
    place = texts_at + 8 * count
    tables: list[list[int]] = [[], []]
    blobs = []
    for column in (0, 1):
        for pair in pairs:
            tables[column] += (len(pair[column]), place)
            blobs.append(pair[column] + b"\0")
            place += len(pair[column]) + 1
    head = struct.pack("<7I", 0x950412DE, 0, count, keys_at, texts_at, 0, place)
    return head + struct.pack(f"<{4 * count}I", *tables[0], *tables[1]) + b"".join(blobs)


def _blocks(po: Path) -> Iterator[tuple[int, bool, dict[str, str]]]:
    """Each entry as (line of its first keyword, is it fuzzy, its fields); obsolete entries (`#~`) are comments."""
    first, fuzzy, fields, name = 0, False, dict[str, str](), ""
    for number, raw in enumerate([*po.read_text(encoding="utf-8").splitlines(), ""], start=1):
        line = raw.strip()
        keyword = _KEYWORD.match(line)
        starts = keyword is not None and keyword[1] in ("msgctxt", "msgid") and "msgstr" in "".join(fields)
        if fields and (not line or starts or (line.startswith("#") and not line.startswith("#~"))):
            yield first, fuzzy, fields
            first, fuzzy, fields, name = 0, False, {}, ""
        if not line:
            fuzzy = False  # it belonged to an obsolete entry
        if line.startswith("#,"):
            fuzzy = "fuzzy" in line
        elif keyword:
            first = first or number
            name = keyword[1] + (f"[{int(keyword[2]):03}]" if keyword[2] else "")
            fields[name] = _unquoted(keyword[3], po, number)
        elif line.startswith('"') and name:
            fields[name] += _unquoted(line, po, number)
        elif line and not line.startswith("#"):
            raise BadCatalogue(f"{po.name}:{number}: not a line of a catalogue: {line[:60]!r}")


def _unquoted(quoted: str, po: Path, number: int) -> str:
    """The text of a quoted line; a `.po` string escapes as C does, which Python reads alike."""
    try:
        text = ast.literal_eval(quoted)
    except (ValueError, SyntaxError) as error:
        raise BadCatalogue(f"{po.name}:{number}: quotes or escapes are wrong: {quoted[:60]}") from error
    if not isinstance(text, str):
        raise BadCatalogue(f"{po.name}:{number}: not a text: {quoted[:60]}")
    return text
