"""Tasks: what one officer answers for until a day, who takes part, how it goes month by month, and what was said to it.

State, unit, lead officer and clock stand on the case; here is what a task has beside them.
"""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager


class Task(models.Model):
    """One work item. Its title, number, region, unit, lead officer (assignee) and due moment are those of its case.

    measure       what has to be there at the end, so that the check has something to check
    basis         the document and clause that it comes from, as people cite it
    submitted_at  when it was last submitted for checking; a task is on time when that was before the due moment
    """

    case = models.OneToOneField("cases.Case", on_delete=models.PROTECT, related_name="task")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    words = models.TextField(_("what is to be done"), blank=True)
    measure = models.CharField(_("what has to be there"), max_length=400, blank=True)
    basis = models.CharField(_("basis"), max_length=200, blank=True)
    campaign = models.ForeignKey(
        "goals.Campaign", null=True, blank=True, on_delete=models.PROTECT, related_name="tasks"
    )  # fmt: skip
    monthly = models.BooleanField(_("progress is reported every month"), default=True)
    submitted_at = models.DateTimeField(null=True)

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.case.title


class Part(models.Model):
    """A department or town that takes part in a task beside the unit that leads."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="parts")
    unit = models.ForeignKey("people.Department", on_delete=models.PROTECT, related_name="+")
    words = models.CharField(_("its part"), max_length=200, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("task", "unit"), name="a_unit_takes_part_once")]

    def __str__(self) -> str:
        return str(self.unit)


class Milestone(models.Model):
    """What has to be reached on the way, and by which day."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="milestones")
    title = models.CharField(_("milestone"), max_length=160)
    due_on = models.DateField(_("by"))
    done_on = models.DateField(_("reached on"), null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("due_on", "id")

    def __str__(self) -> str:
        return self.title


class Progress(models.Model):
    """What one unit reported of one month; `month` is its first day. A later word of the same month replaces it."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="progress")
    unit = models.ForeignKey("people.Department", null=True, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(_("month"))
    percent = models.PositiveSmallIntegerField(_("done so far, per cent"), validators=[MaxValueValidator(100)])
    words = models.TextField(_("what was done"))
    trouble = models.CharField(_("what is in the way"), max_length=400, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("-month", "-at")
        constraints = [models.UniqueConstraint(fields=("task", "unit", "month"), name="one_word_a_month")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.percent}%"


class LetterKind(models.TextChoices):
    SUPERVISE = "supervise", _("Supervision letter")
    INTERVIEW = "interview", _("Interview")
    CRITICISM = "criticism", _("Notice of criticism")


class Letter(models.Model):
    """What was said to those who are late: a supervision letter, an interview, a notice of criticism.

    number       the number of the paper (安应急督〔2026〕3号), gapless by kind and year
    to_unit      whom it is addressed to
    answer_by    until when it is answered; None where no answer is asked for
    interviewed  who was spoken to, `place` where, `words` the record of it
    paper        the official paper as it was issued
    """

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField(max_length=10, choices=LetterKind.choices)
    number = models.CharField(_("number"), max_length=40, unique=True)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    to_unit = models.ForeignKey("people.Department", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("title"), max_length=160)
    words = models.TextField(_("what is wrong"))
    demand = models.TextField(_("what is asked for"), blank=True)
    interviewed = models.CharField(_("spoken to"), max_length=120, blank=True)
    place = models.CharField(_("place"), max_length=120, blank=True)
    paper = models.JSONField(default=dict)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answer_by = models.DateTimeField(null=True)
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-issued_at", "-id")

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class Issue(models.Model):
    """An official paper about something else than one task (a campaign, an appraisal), kept as it was issued.

    ref  what it is about
    """

    ref = models.CharField(max_length=80, db_index=True)
    number = models.CharField(_("number"), max_length=40, unique=True)
    title = models.CharField(_("title"), max_length=200)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    paper = models.JSONField()
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-issued_at", "-id")

    def __str__(self) -> str:
        return f"{self.number} {self.title}"
