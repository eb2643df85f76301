"""Measure indicators for all regions and some years, and keep what differs from the last time."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction

from anlan.kernel.audit import services as audit
from anlan.kernel.indicators.asking import Measured, Reason, State
from anlan.kernel.indicators.declarations import Indicator, indicators, needing
from anlan.kernel.indicators.live import YEARS, Live, years_until
from anlan.kernel.indicators.models import Measurement, Run
from anlan.kernel.indicators.places import Places
from anlan.kernel.people.models import User
from anlan.kernel.regions import queries as regions

#: Name of the job that measures.
JOB = "indicators.measure"
#: Rows written in one transaction, so that nobody waits for it.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Kept:
    pk: int
    state: str
    digest: str


def measure(
    *, actor: User, now: datetime, codes: Sequence[str] | None = None, inputs: Sequence[str] | None = None,
    years: int = YEARS,
) -> Run:  # fmt: skip
    """Measure and keep what differs; one row of `Run` says how much. Doing it again changes nothing.

    codes   only these indicators; inputs: only those that need one of these; all when neither is given
    """
    began = time.monotonic()
    wanted = indicators() if inputs is None else needing(set(inputs))
    if codes is not None:
        wanted = [one for one in wanted if one.code in set(codes)]
    places = Places(regions.tree())
    span = years_until(now, years)
    live = Live(places, span, wanted, now=now)
    cells = changed = 0
    for one in wanted:
        found = _here(one, one.measure(live), live)
        cells += int(found.values.size)
        changed += _keep(one, found, live)
    return _note(wanted if codes or inputs else [], span, cells, changed, time.monotonic() - began, actor, now)


def _here(one: Indicator, found: Measured, live: Live) -> Measured:
    """Without the places at whose level the indicator means nothing."""
    if not one.levels:
        return found
    strange = ~live.places.of_level(one.levels)
    not_here = live.reasons.number(Reason(State.NOT_HERE))
    why = np.where(strange[:, None], not_here, found.why).astype(np.int32)
    return Measured(np.where(strange[:, None], np.nan, found.values), why, found.parts)


def _keep(one: Indicator, found: Measured, live: Live) -> int:
    """Write what differs from the newest measurement of each place and year; how many."""
    before = {
        (region, year): _Kept(pk, state, digest)
        for region, year, pk, state, digest in Measurement.records.filter(
            indicator=one.code, latest=True, year__in=live.years
        ).values_list("region_id", "year", "pk", "state", "digest")
    }
    fresh: list[Measurement] = []
    written = 0
    for row in _rows(one, found, live):
        kept = before.get((row.region_id, row.year))
        if kept is not None and kept.digest == row.digest:
            continue
        if kept is not None and row.state == State.PAST and kept.state == State.MEASURED:
            continue  # it was measured while it could be
        fresh.append(row)
    for first in range(0, len(fresh), AT_ONCE):
        some = fresh[first : first + AT_ONCE]
        written += _replace(one.code, some)
    return written


@transaction.atomic
def _replace(code: str, rows: list[Measurement]) -> int:
    """Put rows in the place of the newest ones; where another run has measured later in between, its word stays."""
    held = Measurement.records.select_for_update().filter(
        indicator=code, latest=True, region__in={row.region_id for row in rows}, year__in={row.year for row in rows}
    )
    newest = {(region, year): (pk, at) for region, year, pk, at in held.values_list("region_id", "year", "pk", "at")}
    wanted = [row for row in rows if (kept := newest.get((row.region_id, row.year))) is None or kept[1] <= row.at]
    old = [newest[row.region_id, row.year][0] for row in wanted if (row.region_id, row.year) in newest]
    Measurement.records.filter(pk__in=old).update(latest=False)
    Measurement.records.bulk_create(wanted)
    return len(wanted)


def _rows(one: Indicator, found: Measured, live: Live) -> Iterator[Measurement]:
    parts: list[tuple[str, list[list[float]]]] = []
    for key, part in found.parts.items():
        parts.append((key, part.values.tolist()))
        if part.ahead is not None and "@" not in key:
            parts.append((f"{key}~", part.ahead.tolist()))
        if part.undated is not None and part.undated.any():
            undated = np.where(part.undated > 0, part.undated, np.nan)
            parts.append((f"?{key}", np.repeat(undated[:, None], len(live.years), axis=1).tolist()))
    values, why = found.values.tolist(), found.why.tolist()
    reasons = [_reason(reason) for reason in live.reasons.all]
    for at, node in enumerate(live.places.nodes):
        for column, year in enumerate(live.years):
            state, reason = reasons[why[at][column]]
            value = values[at][column] if state == State.MEASURED else None
            inputs = {
                key: held
                for key, numbers in parts
                if (held := numbers[at][column]) == held and not (key.endswith("~") and year != live.today.year)
            }
            yield Measurement(
                indicator=one.code, region_id=node.id, year=year, value=value, state=state, reason=reason,
                inputs=inputs, version=one.version, at=live.now, digest=_digest(state, value, reason, inputs,
                one.version),
            )  # fmt: skip


def _reason(reason: Reason) -> tuple[str, dict[str, Any]]:
    said: dict[str, Any] = {}
    if reason.input:
        said["input"] = reason.input
    if reason.year:
        said["year"] = reason.year
    if reason.of:
        said |= {"known": reason.known, "of": reason.of}
    return str(reason.state), said


def _digest(
    state: str, value: float | None, reason: Mapping[str, Any], inputs: Mapping[str, float], version: int
) -> str:
    text = json.dumps([state, value, reason, inputs, version], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@transaction.atomic
def _note(
    wanted: Iterable[Indicator], span: Sequence[int], cells: int, changed: int, seconds: float, actor: User,
    now: datetime,
) -> Run:  # fmt: skip
    run = Run.objects.create(
        at=now, codes=[one.code for one in wanted], first_year=span[0], last_year=span[-1], cells=cells,
        changed=changed, seconds=seconds, by=actor,
    )  # fmt: skip
    audit.record(
        actor=actor, verb="indicator.measured", obj=f"indicator-run:{run.pk}",
        after={"indicators": run.codes or "all", "cells": cells, "changed": changed}, now=now,
    )  # fmt: skip
    return run
