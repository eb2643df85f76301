"""A mapping as a file: YAML or JSON with its name, its rules and its example messages, out and in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _

from anlan.apps.mappings.models import Mapping
from anlan.formats.vendor_json import BadMapping, Problem, read_mapping
from anlan.formats.vendor_json import Mapping as Rules
from anlan.kernel.sensing.services import Refused

#: Larger files are no mapping, bytes; examples of one file.
LARGEST, MOST_EXAMPLES = 500_000, 20
#: Kinds of files, the usual one first.
FORMS = ("yaml", "json")
#: What tells such a file from others, with the edition of its form.
FORM = "anlan.mapping/1"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file holds. `examples`: topic, message, when it is taken to have come (epoch ms)."""

    code: str
    name: str
    rules: Rules
    examples: tuple[tuple[str, str, int], ...]


def written(mapping: Mapping, form: str) -> str:
    """The file of a mapping; `form` "json" or "yaml"."""
    content = {
        "form": FORM,
        "code": mapping.code,
        "name": mapping.name,
        "mapping": mapping.body,
        "examples": [
            {"topic": one.topic, "message": one.payload, "at_ms": one.at_ms} for one in mapping.examples.order_by("pk")
        ],
    }
    if form == "json":
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110)


def read(data: bytes) -> Taken:
    """What a file holds; JSON is YAML too. Raises Refused, or BadMapping with everything wrong in the rules."""
    if len(data) > LARGEST:
        raise Refused(_("The file is larger than a mapping can be"))
    content = _content(data)
    if not isinstance(content, dict) or content.get("form") != FORM:
        raise Refused(_("This is no exported mapping: “form: %(form)s” is missing") % {"form": FORM})
    rules = read_mapping(content.get("mapping"))
    examples = content.get("examples") or []
    if not isinstance(examples, list) or len(examples) > MOST_EXAMPLES:
        raise BadMapping([Problem("", "too_much", "examples")])
    made = []
    for one in examples:
        topic, message, at_ms = (
            one.get(key) if isinstance(one, dict) else None for key in ("topic", "message", "at_ms")
        )
        if not isinstance(topic, str) or not isinstance(message, str) or type(at_ms) is not int:
            raise BadMapping([Problem("", "shape", "examples")])
        made.append((topic, message, at_ms))
    return Taken(str(content.get("code") or "")[:40], str(content.get("name") or "")[:120], rules, tuple(made))


def _content(data: bytes) -> Any:
    try:
        # Aliases can make a small file huge; an exported mapping has none.
        text = data.decode("utf-8-sig")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise Refused(_("The file is not YAML or JSON: %(why)s") % {"why": "alias"})
        return yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(_("The file is not YAML or JSON: %(why)s") % {"why": str(error)[:200]}) from error
