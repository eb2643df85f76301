"""The rulebook's word on the catalogue and the exchange: weights of the score, freshness, delivery, keeping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import lookup
from anlan.kernel.rulebook.schemas import UNITS, FieldFault, by_field, is_positive, register_schema, waits, whole
from anlan.kernel.rulebook.wording import KIND_LABELS, Field, joined, register_wording, span

KIND = "exchange"
QUALITY, FRESH, DELIVERY, KEEPING = "EXC-01", "EXC-02", "EXC-03", "EXC-04"

#: The parts of a score, in the order in which they are shown.
PARTS = {
    "complete": gettext_lazy("Filled in"),
    "required": gettext_lazy("Required fields"),
    "valid": gettext_lazy("Valid values"),
    "located": gettext_lazy("With a place"),
    "inside": gettext_lazy("Inside their region"),
    "unique": gettext_lazy("No likely doubles"),
}


def rule(code: str, at: datetime) -> Entry:
    """The entry that decides at a moment. Raises NoRule."""
    return lookup(KIND, code, at=at)


def weights(at: datetime) -> dict[str, float]:
    """What each part counts in a score."""
    return dict(rule(QUALITY, at).body["weights"])


def fresh_days(at: datetime) -> Callable[[str], int]:
    """Days within which a register of a code is changed or confirmed, as the rulebook says."""
    body = rule(FRESH, at).body
    return lambda register: int(body["registers"].get(register, body["days"]))


def back_off_s(failures: int, at: datetime) -> float:
    """Seconds until the next try after so many failures in a row."""
    waits = rule(DELIVERY, at).body["back_off_s"]
    return float(waits[min(failures, len(waits)) - 1])


def register() -> None:
    """Called once at start."""
    register_schema(KIND, by_field(_FAULTS))
    register_wording(KIND, lines)
    KIND_LABELS.setdefault(KIND, gettext_lazy("Data exchange"))


def _weights_fault(value: Any) -> str:
    fine = isinstance(value, Mapping) and set(value) == set(PARTS) and all(is_positive(one) for one in value.values())
    return "" if fine else f"weights gives a positive number to each of {', '.join(PARTS)}"


def _registers_fault(value: Any) -> str:
    fine = isinstance(value, Mapping) and all(isinstance(days, int) and days > 0 for days in value.values())
    return "" if fine else "registers gives whole days by the code of the register"


_FAULTS: dict[str, FieldFault] = {
    "weights": _weights_fault,
    "registers": _registers_fault,
    "back_off_s": waits("back_off_s"),
    **{name: whole(name) for name in ("days", "keep_days", "told_after_s", "untaken_s")},
}


def lines(body: Mapping[str, Any]) -> list[Field]:
    """An entry in words."""
    found = [Field(str(PARTS[name]), f"{value:g}") for name, value in body.get("weights", {}).items() if name in PARTS]
    if "days" in body:
        found.append(Field(_("A register is changed or confirmed within"), span(body["days"] * UNITS["days"])))
    found += [
        Field(_("Register %(code)s") % {"code": code}, span(days * UNITS["days"]))
        for code, days in body.get("registers", {}).items()
    ]
    if "told_after_s" in body:
        found.append(Field(_("Not delivered: shown after"), span(body["told_after_s"])))
    if "untaken_s" in body:
        found.append(Field(_("Not fetched: shown after"), span(body["untaken_s"])))
    if "back_off_s" in body:
        found.append(Field(_("Waits between tries"), joined(span(wait) for wait in body["back_off_s"])))
    if "keep_days" in body:
        found.append(Field(_("Kept for"), span(body["keep_days"] * UNITS["days"])))
    return found
