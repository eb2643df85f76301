"""The form of a mapping: fields and rows of a page to the plain body, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from anlan.formats.vendor_json import BadMapping, Problem, read_mapping
from anlan.formats.vendor_json import Mapping as Rules

#: Empty rows that stand behind those that are filled in.
SPARE = 3
#: Columns of a row of sensors, as they are named in the form after `s_` or `g_`.
COLUMNS = ("name", "sensor", "unit", "scale", "offset", "words", "required")
FIELDS = (
    "topic", "shape", "text", "numbers", "items", "device_from", "device_part", "device_path", "device_within",
    "time_form", "time_path", "time_pattern", "time_zone", "quality_path", "quality_words", "group_form", "group_path",
    "group_key", "group_value", "group_unit", "group_quality", "group_others",
)  # fmt: skip
#: What stands in empty fields, to show how they are filled.
SAMPLES = {"topic": "vendor/{device}/up", "items": "data.list[*]", "zone": "Asia/Shanghai", "group": "params[*]",
           "quality": "0=good; 1=uncertain; 2=bad"}  # fmt: skip
#: What a new mapping begins with.
FRESH = {"shape": "paths", "text": "utf-8", "numbers": "strict", "device_from": "topic", "device_part": "device",
         "time_form": "epoch_ms", "group_others": "take"}  # fmt: skip


def fields_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the form that show a body."""
    device, time = body.get("device", {}), body.get("time", {})
    group, quality = body.get("group") or {}, body.get("quality") or {}
    found: dict[str, Any] = {name: body.get(name, FRESH.get(name, "")) for name in FIELDS[:5]}
    found |= {f"device_{name}": device.get(name, "") for name in ("from", "part", "path", "within")}
    found |= {f"time_{name}": time.get(name, "") for name in ("form", "path", "pattern", "zone")}
    found |= {f"group_{name}": group.get(name, "") for name in ("form", "path", "key", "value", "unit", "quality")}
    found["group_others"] = group.get("others", "take")
    found["quality_path"] = quality.get("path", "")
    found["quality_words"] = "; ".join(f"{word}={said}" for word, said in quality.get("words", {}).items())
    found["s_rows"] = [_row_of(one) for one in body.get("sensors", ())]
    found["g_rows"] = [_row_of(one) for one in group.get("known", ())]
    return found


def _row_of(one: Mapping[str, Any]) -> dict[str, str]:
    words = "; ".join(f"{word}={'' if said is None else _plain(said)}" for word, said in one.get("words", {}).items())
    return {
        "name": one.get("name", ""),
        "sensor": one.get("sensor", ""),
        "unit": one.get("unit", ""),
        "scale": _plain(one.get("scale", 1)) if one.get("scale", 1) != 1 else "",
        "offset": _plain(one.get("offset", 0)) if one.get("offset", 0) else "",
        "words": words,
        "required": "1" if one.get("required") else "",
    }


def _plain(number: float) -> str:
    return f"{number:.15g}"


def typed(post: QueryDict) -> dict[str, Any]:
    """What was typed, to be shown again as it is."""
    found: dict[str, Any] = {name: post.get(name, "").strip() for name in FIELDS}
    for prefix in ("s", "g"):
        columns = [post.getlist(f"{prefix}_{name}") for name in COLUMNS]
        rows = [
            {name: cell.strip() for name, cell in zip(COLUMNS, cells, strict=True)}
            for cells in zip(*columns, strict=False)
        ]
        found[f"{prefix}_rows"] = [row for row in rows if any(row.values())]
    return found


def with_spare(fields: dict[str, Any]) -> dict[str, Any]:
    """With empty rows to write into."""
    empty = dict.fromkeys(COLUMNS, "")
    return fields | {f"{one}_rows": [*fields[f"{one}_rows"], *([empty] * SPARE)] for one in ("s", "g")}


def rules_of(fields: Mapping[str, Any]) -> Rules:
    """The mapping that the form describes. Raises BadMapping with everything that is wrong."""
    problems: list[Problem] = []
    body: dict[str, Any] = {name: fields[name] for name in ("topic", "shape", "text", "numbers", "items")}
    body["device"] = _some(fields, "device", ("part", "path", "within")) | {"from": fields["device_from"]}
    if body["device"]["from"] != "topic":
        body["device"].pop("part", None)
    if body["device"]["from"] != "path":
        body["device"].pop("path", None)
    body["time"] = _some(fields, "time", ("path", "pattern", "zone")) | {"form": fields["time_form"]}
    body["sensors"] = _sensors(fields["s_rows"], "sensors", problems)
    if fields["group_form"]:
        names = ("path", "key", "value", "unit", "quality")
        body["group"] = _some(fields, "group", names) | {
            "form": fields["group_form"],
            "others": fields["group_others"] or "take",
            "known": _sensors(fields["g_rows"], "group.known", problems),
        }
    elif fields["g_rows"]:
        problems.append(Problem("group", "needed"))
    if fields["quality_path"] or fields["quality_words"]:
        words = _words(fields["quality_words"], "quality.words", problems)
        body["quality"] = {"path": fields["quality_path"], "words": words}
    try:
        rules = read_mapping(body)
    except BadMapping as bad:
        raise BadMapping([*problems, *bad.problems]) from bad
    if problems:
        raise BadMapping(problems)
    return rules


def _some(fields: Mapping[str, Any], prefix: str, names: tuple[str, ...]) -> dict[str, str]:
    return {name: fields[f"{prefix}_{name}"] for name in names if fields[f"{prefix}_{name}"]}


def _sensors(rows: list[dict[str, str]], where: str, problems: list[Problem]) -> list[dict[str, Any]]:
    made = []
    for place, row in enumerate(rows):
        here = f"{where}[{place}]"
        one: dict[str, Any] = {"name": row["name"], "sensor": row["sensor"] or row["name"], "unit": row["unit"]}
        for name, usual in (("scale", 1.0), ("offset", 0.0)):
            one[name] = _number(row[name], usual, f"{here}.{name}", problems)
        words = {}
        for word, said in _words(row["words"], f"{here}.words", problems).items():
            words[word] = None if said == "" else _number(said, 0.0, f"{here}.words", problems)
        one["words"] = words
        one["required"] = bool(row["required"])
        made.append(one)
    return made


def _number(text: str, usual: float, where: str, problems: list[Problem]) -> float:
    if not text:
        return usual
    try:
        return float(text)
    except ValueError:
        problems.append(Problem(where, "bad_number", text[:60]))
        return usual


def _words(text: str, where: str, problems: list[Problem]) -> dict[str, str]:
    """`word=meaning`, separated by semicolons or lines."""
    found: dict[str, str] = {}
    for piece in text.replace("\n", ";").replace("；", ";").split(";"):
        if not piece.strip():
            continue
        word, sign, said = (part.strip() for part in piece.partition("="))
        if not word or not sign:
            problems.append(Problem(where, "bad_name", piece.strip()[:60]))
        elif word in found:
            problems.append(Problem(where, "twice", word[:60]))
        else:
            found[word] = said
    return found
