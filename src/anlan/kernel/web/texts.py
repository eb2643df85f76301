"""Words that our scripts say, taken from the scripts themselves and translated by the one catalogue.

Scripts write `gettext("…")`; `/i18n.js` hands them the translations of exactly those sentences.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache

from django.contrib.staticfiles import finders
from django.utils.translation import gettext, override

_CALL = re.compile(r"""\bgettext\(\s*("(?:[^"\\\n]|\\.)*")""")


@cache
def sentences() -> tuple[str, ...]:
    """Every text that a script of ours passes to `gettext`, sorted. Vendor files are left out."""
    found: set[str] = set()
    for finder in finders.get_finders():
        for name, storage in finder.list(["vendor/*", "admin/*"]):
            if name.endswith((".js", ".mjs")) and not name.startswith(("vendor/", "admin/")):
                with storage.open(name) as file:
                    source = file.read().decode("utf-8")
                found.update(json.loads(text) for text in _CALL.findall(source))
    return tuple(sorted(found))


@cache
def script(language: str) -> bytes:
    """The script that hands `language`'s words to the page, UTF-8."""
    with override(language):
        words = {text: gettext(text) for text in sentences()}
    body = json.dumps({k: v for k, v in words.items() if k != v}, ensure_ascii=False, sort_keys=True)
    return f"globalThis.anlanTexts = {body};\n".encode()


@cache
def digest(language: str) -> str:
    """Twelve hex digits of `script(language)`."""
    return hashlib.sha256(script(language)).hexdigest()[:12]
