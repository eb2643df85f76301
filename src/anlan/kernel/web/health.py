"""Is the product alive, and is it ready: rooms register a check by name, `/readyz` runs them all."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


@dataclass(frozen=True, slots=True)
class Health:
    """One answer. `value` is the figure behind it in `unit` ("s", "%", "rows"); `detail` says what to do."""

    ok: bool
    detail: str = ""
    value: float | None = None
    unit: str = ""


#: () -> Health; an exception counts as not ok. Must answer within a second.
Check = Callable[[], Health]
_checks: dict[str, Check] = {}
_labels: dict[str, Any] = {}
#: Words for the units of figures on the screen; machines read the unit itself.
UNITS = {"rows": gettext_lazy("rows"), "s": gettext_lazy("seconds"), "%": "%"}

#: Share of the data disk that must stay free; K4 raises its own alarm at 85 % and 95 % used.
FREE_WARN = 0.15
FREE_STOP = 0.05


def register_check(name: str, func: Check, label: Any = "") -> None:
    """Add or replace the check called `name` ("engine", "audit"); `label` is its words on the system desk.

    The `detail` of an answer goes through gettext, since a person reads it too.
    """
    _checks[name] = func
    _labels[name] = label


def in_words(answers: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers of `run_checks` as rows for a screen: with label and unit in the language of the page."""
    return [
        {**answer, "name": name, "label": _labels.get(name) or name, "unit": UNITS.get(answer["unit"], answer["unit"])}
        for name, answer in answers.items()
    ]


def run_checks() -> dict[str, dict[str, Any]]:
    """Every check with its answer and how long it took in milliseconds. Never raises."""
    answers: dict[str, dict[str, Any]] = {}
    for name, check in sorted(_checks.items()):
        began = time.monotonic()
        try:
            health = check()
        except Exception as error:
            # The class alone: a message may hold an address or a query.
            health = Health(False, _("failed: %(error)s") % {"error": type(error).__name__})
        answers[name] = {**asdict(health), "ms": round((time.monotonic() - began) * 1000, 1)}
    return answers


def database() -> Health:
    """The records database answers a query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return Health(cursor.fetchone() == (1,))


def disk() -> Health:
    """Free share of the disk that holds the data directory, and whether it may be written."""
    usage = shutil.disk_usage(settings.DATA)
    free = usage.free / usage.total
    if not os.access(settings.DATA, os.W_OK):
        return Health(False, _("the data directory cannot be written"), free * 100, "%")
    if free < FREE_STOP:
        return Health(False, _("less than 5 % of the disk is free: make room now"), free * 100, "%")
    return Health(True, _("less than 15 % of the disk is free") if free < FREE_WARN else "", free * 100, "%")


register_check("database", database, gettext_lazy("Records database"))
register_check("disk", disk, gettext_lazy("Disk"))
