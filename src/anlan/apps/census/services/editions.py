"""Take in an edition of the grid: written while nobody sees it, put in force by one flip, taken back the same way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.census.models import Cell, Edition, EditionState
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries as regions
from anlan.kernel.web.events import publish

#: Cells written in one transaction, which then lasts well below 200 ms.
IN_ONE_TRANSACTION = 2_000


class NotNow(ValueError):
    """The edition is in another state than the act needs; says which, in words."""


@dataclass(frozen=True, slots=True)
class CellRow:
    """One cell as it is taken in: H3 index of resolution 9, number of its region, people, buildings, 10,000 yuan."""

    cell: int
    region: int
    day: int
    night: int
    buildings: int
    gdp: float


def stage(rows: Sequence[CellRow], *, title: str, surveyed_on: date, actor: User, now: datetime) -> Edition:
    """Write an edition that is not in force yet; it counts for nothing. Raises NotAllowed.

    rows  one a cell, in any order; each cell once
    """
    require(actor, "census.edit", regions.root())
    edition = Edition.objects.create(title=title[:120], surveyed_on=surveyed_on, by=actor, at=now)
    try:
        left = iter(sorted(rows, key=lambda row: row.cell))
        while some := list(islice(left, IN_ONE_TRANSACTION)):
            with transaction.atomic():
                Cell.objects.bulk_create(
                    Cell(
                        edition=edition, cell=row.cell, region_id=row.region, day=row.day, night=row.night,
                        buildings=row.buildings, gdp=row.gdp,
                    )
                    for row in some
                )  # fmt: skip
    except BaseException:
        # What was written so far belongs to nothing that anybody sees.
        Edition.objects.filter(pk=edition.pk).delete()
        raise
    _sum_up(edition, rows)
    with transaction.atomic():
        edition.save()
        _tell(edition, "census.stage", actor, now)
    return edition


def _sum_up(edition: Edition, rows: Sequence[CellRow]) -> None:
    edition.cells = len(rows)
    edition.day, edition.night = sum(row.day for row in rows), sum(row.night for row in rows)
    edition.buildings, edition.gdp = sum(row.buildings for row in rows), sum(row.gdp for row in rows)
    edition.digest = _digest(rows)


def _digest(rows: Iterable[CellRow]) -> str:
    total = hashlib.sha256()
    for row in sorted(rows, key=lambda one: one.cell):
        total.update(f"{row.cell:x},{row.region},{row.day},{row.night},{row.buildings},{row.gdp!r};".encode())
    return total.hexdigest()


@transaction.atomic
def put_in_force(edition: Edition, *, actor: User, now: datetime) -> Edition:
    """Count by this edition from now on; the one before is kept and can be put in force again.

    Raises NotAllowed; NotNow when it is in force already.
    """
    require(actor, "census.edit", regions.root())
    edition = Edition.objects.select_for_update().get(pk=edition.pk)
    if edition.state == EditionState.IN_FORCE:
        raise NotNow(_("This edition is in force already."))
    if not edition.digest:
        raise NotNow(_("This edition is still being written."))
    Edition.objects.filter(state=EditionState.IN_FORCE).update(state=EditionState.FORMER)
    edition.state, edition.in_force_at = EditionState.IN_FORCE, now
    edition.save(update_fields=("state", "in_force_at"))
    _tell(edition, "census.put_in_force", actor, now)
    return edition


@transaction.atomic
def take_back(edition: Edition, *, actor: User, now: datetime) -> Edition | None:
    """Undo putting in force as one act: count by the edition before again. Returns it, None when there was none.

    Raises NotAllowed; NotNow when it is not the one in force.
    """
    require(actor, "census.edit", regions.root())
    edition = Edition.objects.select_for_update().get(pk=edition.pk)
    if edition.state != EditionState.IN_FORCE:
        raise NotNow(_("Only the edition in force can be taken back."))
    before = Edition.objects.filter(state=EditionState.FORMER).order_by("-in_force_at", "-pk").first()
    edition.state = EditionState.STAGED
    edition.save(update_fields=("state",))
    if before is not None:
        before.state, before.in_force_at = EditionState.IN_FORCE, now
        before.save(update_fields=("state", "in_force_at"))
    _tell(edition, "census.take_back", actor, now)
    return before


@transaction.atomic
def discard(edition: Edition, *, actor: User, now: datetime) -> None:
    """Delete an edition that was read in and never put in force. Raises NotAllowed, NotNow."""
    require(actor, "census.edit", regions.root())
    edition = Edition.objects.select_for_update().get(pk=edition.pk)
    if edition.state != EditionState.STAGED or edition.in_force_at is not None:
        raise NotNow(_("Only an edition that was never in force can be discarded."))
    _tell(edition, "census.discard", actor, now)
    Cell.objects.filter(edition=edition).delete()
    edition.delete()


def _tell(edition: Edition, verb: str, actor: User, now: datetime) -> None:
    region = regions.root()
    after = {"edition": edition.pk, "cells": edition.cells, "night": edition.night, "digest": edition.digest}
    audit.record(
        actor=actor,
        verb=verb,
        obj=f"census-edition:{edition.pk}",
        region=region,
        after=after,
        note=edition.title,
        now=now,
    )
    publish("census.changed", region=region, verb="census.see", at=now, data={"edition": edition.pk})
