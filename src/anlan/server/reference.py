"""Reference pages made from what is declared: settings, front end, registers, layers, workflows, rights, rulebook.

Pages are in English with the Chinese beside it where the entry carries both. Nothing here needs a database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.utils.translation import override

from anlan.environment import VARIABLES
from anlan.kernel.cases import registry as workflows
from anlan.kernel.indicators import declarations as indicators
from anlan.kernel.layers import declarations as layers
from anlan.kernel.people import verbs
from anlan.kernel.registers import declarations as registers
from anlan.kernel.rulebook import shape_words
from anlan.kernel.rulebook.schemas import UNITS
from anlan.kernel.rulebook.services import KINDS
from anlan.kernel.rulebook.wording import words_of
from anlan.kernel.sensing.conditions import conditions_of, rest_words, severities_of, step_words
from anlan.kernel.sensing.words import unit_of_body

#: How a level is written.
_LEVELS = {1: "Ⅰ red", 2: "Ⅱ orange", 3: "Ⅲ yellow", 4: "Ⅳ blue"}
#: A rule of more lines than these is not spelt out on its page.
_LONG = 12
_NOTE = "<!-- Made by `./anlan manage write_reference`; change the declaration, not this page. -->"


def pages() -> dict[str, str]:
    """The content of every reference page by file name, the index among them."""
    with override("en"):
        made = {
            "settings.md": _settings(),
            "front-end.md": _front_end(),
            "registers.md": _registers(),
            "layers.md": _layers(),
            "workflows.md": _workflows(),
            "indicators.md": _indicators(),
            "rights.md": _rights(),
            "rulebook.md": _rulebook(),
        }
    index = [f"- [{content.splitlines()[0].lstrip('# ')}]({name})" for name, content in made.items()]
    made["README.md"] = "\n".join(
        ["# Reference", "", "Made from the declarations; CI fails when a page is stale.", "", *index]
    )
    return {
        name: f"{content.splitlines()[0]}\n\n{_NOTE}\n" + content.split("\n", 1)[1].rstrip() + "\n"
        for name, content in made.items()
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; bars and line breaks in cells are made harmless."""

    def cell(value: Any) -> str:
        return str("" if value is None else value).replace("|", "\\|").replace("\n", " ").strip()

    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def _code(values: Iterable[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _settings() -> str:
    rows = [(f"`{one.name}`", f"`{one.default}`" if one.default else "", one.meaning) for one in VARIABLES]
    words = (
        "Environment variables. An empty one counts as not set. How to use them: [configure](../how-to/configure.md)."
    )
    return f"# Settings\n\n{words}\n\n" + _table(("variable", "default", "meaning"), rows)


def _front_end() -> str:
    rows = json.loads((settings.ROOT / "vendor.json").read_text(encoding="utf-8"))
    words = (
        "Files from npm that are served from `/static/vendor/`, nothing else. Setup refuses a file whose SHA-256 "
        "differs from `vendor.json`."
    )
    table = [
        (
            f"`{row['to']}`",
            f"{row['package']} {row['version']}",
            row["licence"],
            row["bytes"],
            f"`{row['sha256'][:16]}…`",
        )
        for row in rows
    ]
    return f"# Front end\n\n{words}\n\n" + _table(("file", "package", "licence", "bytes", "SHA-256"), table)


def _registers() -> str:
    parts = ["# Registers", "", "How to add one: [add a register](../how-to/add-a-register.md)."]
    for one in sorted(registers.declared(), key=lambda register: register.code):
        columns = [
            (
                f"`{name}`",
                one.info(name).label + (f" ({one.units[name]})" if name in one.units else ""),
                one.info(name).kind,
                "yes" if name in one.columns else "",
                "yes" if name in one.filters else "",
                "yes" if name in ("code", "name", *one.search, *one.keys) else "",
                "masked" if name in one.sensitive else "",
            )
            for name in one.fields
        ]
        owner = f" Part of a record of another register: `{one.parent}`." if one.parent else ""
        words = f"Codes `{one.prefix}-000001`. Seen with `{one.see}`, changed with `{one.edit}`.{owner}"
        parts += ["", f"## {one.title} (`{one.code}`)", "", words, ""]
        parts.append(_table(("field", "meaning", "kind", "in the list", "filter", "searched", "personal"), columns))
    return "\n".join(parts)


def _layers() -> str:
    rows = [
        (f"`{one.code}`", one.title, one.group, f"`{one.verb}`", one.draw, "yes" if one.past else "")
        for one in layers.layers()
    ]
    head = ("layer", "title", "group", "seen with", "drawn as", "follows the time slider")
    return "# Map layers\n\nWhat every map can draw.\n\n" + _table(head, rows)


def _workflows() -> str:
    parts = ["# Workflows", "", "States and steps of each kind of case."]
    for one in workflows.all_workflows():
        states = ", ".join(f"`{code}` {label}" for code, label in one.states.items())
        ends = _code(one.done)
        parts += ["", f"## {one.title} (`{one.kind}`)", ""]
        parts += [f"Opened with `{one.open_verb}` in `{one.start}`; ends in {ends}. States: {states}.", ""]
        rows = [
            (
                f"`{step.do}`",
                step.label,
                _code(step.frm),
                f"`{step.to}`",
                f"`{step.verb}`",
                _code(step.needs),
                _code(step.effects),
            )
            for step in one.steps
        ]
        parts.append(_table(("step", "on screen", "from", "to", "right", "needed proof", "effects"), rows))
    return "\n".join(parts)


def _indicators() -> str:
    words = (
        "What is measured by region and year. How to enter figures, aim and declare: "
        "[measure indicators](../how-to/measure-indicators.md)."
    )
    rows = [
        (f"`{one.code}`", one.title, one.unit, one.better, one.kind, one.formula, _code(one.needs))
        for one in indicators.indicators()
    ]
    parts = ["# Indicators", "", words, ""]
    parts.append(_table(("code", "title", "unit", "better", "kind", "formula", "inputs"), rows))
    given = [
        (f"`{one.code}`", one.title, one.unit, _origin(one), "yes" if one.may_be_entered else "")
        for one in indicators.inputs().values()
    ]
    parts += ["", "## Inputs", "", _table(("input", "meaning", "unit", "from", "may be entered"), given)]
    return "\n".join(parts)


def _origin(one: indicators.Input) -> str:
    if one.source is not None:
        return f"register {one.source.title}"
    return str(one.giver) if one.is_entered else "regions"


def _rights() -> str:
    roles = _shipped("roles.yaml").get("roles", {})
    parts = ["# Rights", "", "A role grants verbs inside the region in which it is given.", ""]
    rows = []
    for code, verb in verbs.all().items():
        granted = [name for name, role in roles.items() if code in role["verbs"]]
        rows.append((f"`{code}`", verb.label, "look" if verb.kind == "see" else "act", _code(granted)))
    parts.append(_table(("verb", "meaning", "kind", "roles that ship with it"), rows))
    parts += ["", "## Roles", ""]
    parts.append(_table(("role", "name", "中文"), [(f"`{c}`", r["name"], r["name_zh"]) for c, r in roles.items()]))
    return "\n".join(parts)


def _rulebook() -> str:
    parts = [
        "# Rulebook",
        "",
        "What ships; a bureau's own entries override it by region. Entries that nobody has checked against the printed "
        "source are unverified (未核实), here and on every screen.",
    ]
    for path in sorted((settings.PACKAGE / "rulebook").glob("*.yaml")):
        if path.name == "roles.yaml":
            continue
        rows = [
            (
                f"`{entry['code']}`",
                entry.get("title"),
                entry.get("title_zh"),
                _says(KINDS.get(path.stem, ""), entry),
                _source(entry.get("source") or {}),
                "yes" if entry.get("verified") else "no, 未核实",
                entry.get("valid_from"),
            )
            for entry in _entries(_shipped(path.name))
        ]
        parts += ["", f"## {path.stem}", ""]
        parts.append(_table(("code", "title", "中文", "says", "source", "verified", "valid from"), rows))
    return "\n".join(parts)


def _says(kind: str, entry: dict[str, Any]) -> str:
    """The limits or the time of an entry, in short; numbers in the unit of the point. Of a long table, its length."""
    if entry.get("condition") or entry.get("conditions"):
        return "; ".join(_condition(one, unit_of_body(entry)) for one in conditions_of(entry, code=entry["code"]))
    for unit in UNITS:
        if unit in entry:
            return f"{entry[unit]:g} {unit}, {entry.get('calendar', 'natural')}"
    if kind not in shape_words.KINDS:
        return ""
    lines = words_of(kind, json.loads(json.dumps(entry, default=str)))
    if len(lines) > _LONG:
        return f"{len(lines)} rows"
    return "; ".join(f"{line.label.strip()}: {line.value}" for line in lines)


def _condition(condition: dict[str, Any], unit: str) -> str:
    """What raises, each step with its level, then how it holds and clears."""
    steps = step_words(condition, unit)
    levels = [_LEVELS[severity] for severity in severities_of(condition)]
    raised = ", ".join(f"{step} {level}" for step, level in zip(steps, levels, strict=True))
    return "; ".join((raised, *rest_words(condition, unit)))


def _source(source: dict[str, Any]) -> str:
    return " ".join(str(source[key]) for key in ("standard", "clause") if source.get(key))


def _entries(content: Any) -> list[dict[str, Any]]:
    """The entries of a rulebook file: a list, or the one list under its single heading."""
    if isinstance(content, dict):
        (content,) = [value for value in content.values() if isinstance(value, list)]
    return list(content)


def _shipped(name: str) -> Any:
    path: Path = settings.PACKAGE / "rulebook" / name
    return yaml.safe_load(path.read_text(encoding="utf-8"))
