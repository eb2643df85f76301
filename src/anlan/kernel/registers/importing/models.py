"""What is kept of an import between its steps, so that a crash between any two of them loses nothing."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray


class Step(models.TextChoices):
    READING = "reading", _("Being read")
    MAPPING = "mapping", _("Columns to be named")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("To be looked at")
    WRITING = "writing", _("Being written")
    DONE = "done", _("In force")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")
    DROPPED = "dropped", _("Given up")
    REFUSED = "refused", _("Not taken")


#: Steps in which the jobs process has the import and nobody else may change it.
BUSY = (Step.READING, Step.CHECKING, Step.WRITING, Step.UNDOING)


class Verdict(models.IntegerChoices):
    """What would become of a row."""

    NEW = 1, _("new")
    CHANGED = 2, _("changed")
    SAME = 3, _("unchanged")
    DOUBLE = 4, _("likely double")
    FAULTY = 5, _("faulty")
    SKIPPED = 6, _("left out")


#: Rows that stop the import until somebody has decided.
OPEN = (Verdict.DOUBLE, Verdict.FAULTY)


class Import(models.Model):
    """One file on its way into a register. The file itself and what was read of it lie in the folder of its number.

    sources   what was read: sheets with their headings, notes; see `importing.files`
    kind      what the file is, "" until it was read
    options   what the person said: sheet, heading rows, columns, fixed values, coordinate system; see `rows.Naming`
    done      rows that the running step has behind it, of `total`
    verdicts  a `Verdict` for each row of the sheet, uint8, packed
    matches   number of the record that each row changes, 0 for none, int64, packed
    written   rows that stand in the batch already, of `to_write`
    note      why the file was not taken or the last step came back, in words of the one who imports
    """

    register = models.CharField(max_length=40)
    name = models.CharField(_("file name"), max_length=200)
    kind = models.CharField(max_length=10)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    step = models.CharField(_("state"), max_length=10, choices=Step.choices, default=Step.MAPPING)
    sources = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    verdicts = models.BinaryField(default=bytes)
    matches = models.BinaryField(default=bytes)
    written = models.PositiveIntegerField(default=0)
    to_write = models.PositiveIntegerField(default=0)
    rounds = models.PositiveIntegerField(default=0)  # how often a step was asked for; names its job
    note = models.TextField(blank=True)
    batch = models.OneToOneField("registers.Batch", null=True, on_delete=models.PROTECT, related_name="origin")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "registers"
        ordering = ("-id",)
        indexes = [models.Index(fields=("register", "step")), models.Index(fields=("sha256",))]

    def __str__(self) -> str:
        return self.name

    @property
    def is_busy(self) -> bool:
        return self.step in BUSY

    @property
    def open_rows(self) -> int:
        """Rows that nobody has decided on yet."""
        return sum(self.counts.get(str(int(verdict)), 0) for verdict in OPEN)

    def judged(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Verdicts and matches by place in the sheet; empty before the first check."""
        if not self.verdicts:
            return np.empty(0, np.uint8), np.empty(0, np.int64)
        kinds = np.frombuffer(zlib.decompress(bytes(self.verdicts)), np.uint8)
        return kinds.copy(), np.frombuffer(zlib.decompress(bytes(self.matches)), np.int64).copy()

    def keep_judged(self, verdicts: NDArray[np.uint8], matches: NDArray[np.int64]) -> None:
        """Pack them in, with the counts; not saved yet."""
        self.verdicts, self.matches = zlib.compress(verdicts.tobytes(), 1), zlib.compress(matches.tobytes(), 1)
        numbers = np.bincount(verdicts, minlength=max(Verdict.values) + 1).tolist()
        self.counts = {**self.counts, **{str(value): numbers[value] for value in Verdict.values}}


class Line(models.Model):
    """What is to be said of one row of an import: its faults, whom it may double, and what a person decided.

    row       number in the file, as its reader counts
    edits     field → text that stands for the cell; coordinates are WGS-84
    decision  "" none, "skip" leave it out, "new" it is another one, "same" it is the record `same`
    faults    [field, code, words, blocks]
    doubles   {"pk" or "row", "name", "why", "alike"}
    touched   decided or edited since the last check of the whole sheet
    """

    of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="lines")
    row = models.PositiveIntegerField()
    verdict = models.PositiveSmallIntegerField(choices=Verdict.choices)
    edits = models.JSONField(default=dict)
    decision = models.CharField(max_length=6, blank=True)
    same = models.BigIntegerField(null=True)
    faults = models.JSONField(default=list)
    doubles = models.JSONField(default=list)
    touched = models.BooleanField(default=False)

    class Meta:
        app_label = "registers"
        ordering = ("row",)
        constraints = [models.UniqueConstraint(fields=("of", "row"), name="one_line_a_row")]
        indexes = [models.Index(fields=("of", "verdict", "row"))]

    @property
    def is_decided(self) -> bool:
        """Holds something that only a person can say."""
        return bool(self.edits or self.decision)


class Source(models.Model):
    """How the columns of a kind of sheet were named last time: found again by its headings.

    fingerprint  SHA-256 over the headings in order
    """

    register = models.CharField(max_length=40)
    fingerprint = models.CharField(max_length=64)
    options: Any = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        app_label = "registers"
        constraints = [models.UniqueConstraint(fields=("register", "fingerprint"), name="one_mapping_a_source")]
