"""What the keeping of history tells the rooms below it at start: its rules in words, and its nightly job."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.kernel.jobs.registry import cron, job
from anlan.kernel.rulebook.schemas import UNITS, register_schema
from anlan.kernel.rulebook.wording import KIND_LABELS, Field, joined, register_wording, span
from anlan.kernel.sensing.models import PointKind
from anlan.kernel.sensing.services.keeping import OTHERS, RULE_KIND, faults_of, keep_history
from anlan.kernel.sensing.store import open_store

log = logging.getLogger(__name__)

#: One round of the job works so long at most, seconds: other jobs wait behind it. It comes again every 20 minutes.
ROUND_S = 300


def register() -> None:
    """Called once at start."""
    register_schema(RULE_KIND, faults_of)
    register_wording(RULE_KIND, lines)
    KIND_LABELS.setdefault(RULE_KIND, gettext_lazy("Keeping of readings"))
    cron("*/20 1-4 * * *", "sensing.keep_history")


def lines(body: Mapping[str, Any]) -> list[Field]:
    """Which points, and how long each kind of record is kept."""
    named = [_("All others") if kind == OTHERS else str(PointKind(kind).label) for kind in body["kinds"]]
    return [
        Field(_("Holds for points of kind"), joined(named)),
        Field(_("Single readings are kept"), span(body["readings_days"] * UNITS["days"])),
        Field(_("Figures of each hour are kept"), span(body["figures_days"] * UNITS["days"])),
        Field(_("Whole months move to cold files after"), span(body["cold_after_days"] * UNITS["days"])),
    ]


@job("sensing.keep_history", lease_s=ROUND_S * 4)
def keep(*, now: datetime) -> None:
    """Drop readings that are kept no longer and move old months to cold files."""
    until = time.monotonic() + ROUND_S
    done = keep_history(open_store(), now=now, enough=lambda: time.monotonic() > until)
    if done.moved or done.thinned or done.gone or done.files:
        log.info(
            "history: %d readings moved to cold files; readings of %d hours, %d whole hours and %d files dropped",
            done.moved,
            done.thinned,
            done.gone,
            done.files,
        )
