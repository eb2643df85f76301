"""Documents for tests of the library."""

from __future__ import annotations

from typing import Any

from small_county import NOW

from anlan.apps.knowledge.models import Document
from anlan.apps.knowledge.services.library import Facts, keep_text
from anlan.formats.texts.cutting import cut
from anlan.formats.texts.reading import Limits, text_of
from anlan.kernel.people.models import User

RULES = """安澜县值班规定
第一条 值班员应当二十四小时在岗。
第二条 接到报告后，应当：
（一）记录；
（二）立即报告带班领导。
第三条 本规定自2025年1月1日起施行。"""


def add(actor: User, text: str = RULES, *, replaces: Document | None = None, **facts: Any) -> Document:
    """A document by the verb."""
    found = cut(text_of(text.encode(), Limits()))
    values = {"kind": "own", "title": found.title} | facts
    return keep_text(found, Facts(**values), replaces=replaces, actor=actor, now=NOW)
