"""Documents that ask something of the bureau: their editions, clauses, what was read in them, and what answers it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    WORK_POINTS = "work_points", _("Yearly work points")
    PLAN = "plan", _("Plan of several years")
    ACTION_PLAN = "action_plan", _("Action plan")
    CHECKLIST = "checklist", _("Checklist")
    OTHER = "other", _("Other document")


class EditionState(models.TextChoices):
    """review → in_force → replaced."""

    REVIEW = "review", _("Being reviewed")
    IN_FORCE = "in_force", _("In force")
    REPLACED = "replaced", _("Replaced")


class Change(models.TextChoices):
    """How a clause stands to the edition before."""

    SAME = "same", _("unchanged")
    MOVED = "moved", _("renumbered")
    CHANGED = "changed", _("changed")
    NEW = "new", _("added")


class DraftKind(models.TextChoices):
    INDICATOR = "indicator", _("Indicator")
    TASK = "task", _("Task")
    LEAD = "lead", _("Who answers")
    PROJECT = "project", _("Project")
    MECHANISM = "mechanism", _("Mechanism")


class DraftState(models.TextChoices):
    """What a person said of it; nothing counts unless accepted. `divided`: split or merged into others."""

    PROPOSED = "proposed", _("to be decided")
    ACCEPTED = "accepted", _("accepted")
    REJECTED = "rejected", _("rejected")
    DIVIDED = "divided", _("split or merged")


class Role(models.TextChoices):
    LEAD = "lead", _("leads")
    RESPONSIBLE = "responsible", _("responsible")
    PARTICIPANT = "participant", _("takes part")


class Document(models.Model):
    """A paper with demands, through all its editions.

    code         its name in addresses
    region       whose duty it is; whoever works inside or above it sees it
    first_year, last_year  the years that it is about; one year: the same twice
    removed_at   taken out of the ledger, with a reason; nothing is lost
    """

    code = models.CharField(_("code"), max_length=20, unique=True, null=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    title = models.CharField(_("title"), max_length=200)
    number = models.CharField(_("document number"), max_length=80, blank=True)
    issuer = models.CharField(_("issued by"), max_length=120, blank=True)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    first_year = models.PositiveSmallIntegerField(_("first year"))
    last_year = models.PositiveSmallIntegerField(_("last year"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    removed_why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-last_year", "kind", "title", "id")

    def __str__(self) -> str:
        return self.title


class Edition(models.Model):
    """One text of a document.

    original  the text as it was read from the file, sign by sign; never changed
    text      what is left of it after cleaning; clauses and drafts point into it
    edits     everything that cleaning found to mend, with its place in `original`:
              [{"id", "kind", "start", "end", "before", "after"}]
    kept      ids of edits that a person undid
    findings  numbers missing, doubled or out of order: [{"code": …, "words": …}]
    source    what else was read of the file: its kind, its tables
    sha256    of the file, which lies in the vault
    """

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="editions")
    number = models.PositiveSmallIntegerField(_("edition"))
    state = models.CharField(max_length=10, choices=EditionState.choices, default=EditionState.REVIEW)
    name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    mime = models.CharField(max_length=100)
    source = models.JSONField(default=dict)
    original = models.TextField()
    text = models.TextField()
    edits = models.JSONField(default=list)
    kept = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    in_force_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("document", "number")
        constraints = [models.UniqueConstraint(fields=("document", "number"), name="one_goals_edition_a_number")]

    def __str__(self) -> str:
        return f"{self.document.title} ({self.number})"


class Clause(models.Model):
    """A piece of an edition; never changed. `position` counts them in reading order, from 0.

    start, end                where it stands in the edition's text
    source_start, source_end  where that is in the text as it was read
    before                    the clause of the edition before that it continues
    """

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="clauses")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="children")
    position = models.PositiveIntegerField()
    level = models.CharField(max_length=20)
    number = models.CharField(max_length=40, blank=True)
    heading = models.TextField(blank=True)
    text = models.TextField(blank=True)
    anchor = models.CharField(max_length=80)
    table = models.JSONField(null=True)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    source_start = models.PositiveIntegerField()
    source_end = models.PositiveIntegerField()
    before = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="after")
    change = models.CharField(max_length=8, choices=Change.choices, blank=True)

    class Meta:
        ordering = ("edition", "position")
        constraints = [
            models.UniqueConstraint(fields=("edition", "position"), name="one_goals_clause_a_position"),
            models.UniqueConstraint(fields=("edition", "anchor"), name="one_goals_clause_an_anchor"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.heading or self.text[:40]}".strip()


class Draft(models.Model):
    """What was read in a clause and waits for a person: an indicator, a task, who answers, a project, a mechanism.

    body        the fields of its kind (`anlan.apps.goals.fields`)
    start, end  its words in the edition's text
    confidence  0..1 as the reading rule says; None: written by a person
    parents     drafts that it was split or merged from
    carried     decided as the same words were decided in the edition before
    """

    clause = models.ForeignKey(Clause, on_delete=models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=10, choices=DraftKind.choices)
    state = models.CharField(max_length=10, choices=DraftState.choices, default=DraftState.PROPOSED)
    body = models.JSONField(default=dict)
    words = models.TextField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    confidence = models.FloatField(null=True)
    reasons = models.JSONField(default=list)
    changed = models.BooleanField(default=False)
    carried = models.BooleanField(default=False)
    parents = models.ManyToManyField("self", symmetrical=False, related_name="made")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("clause__position", "start", "id")
        indexes = [models.Index(fields=("clause", "state"))]


class Holder(models.Model):
    """Who answers for a clause, by an accepted draft; `user` or `department` where the name is one of ours."""

    clause = models.ForeignKey(Clause, on_delete=models.CASCADE, related_name="holders")
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="holders")
    role = models.CharField(max_length=12, choices=Role.choices)
    name = models.CharField(max_length=120)
    is_unit = models.BooleanField(default=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    department = models.ForeignKey("people.Department", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("clause__position", "id")
        indexes = [models.Index(fields=("name",))]


class Link(models.Model):
    """What answers a clause: an indicator, a task, a rule, a screen, a case, by kind and key.

    checked_at  a second person looked at a proof and found it enough
    to_check    carried to a clause that reads otherwise than before; a person should look
    removed_at  taken away; the row stays
    """

    clause = models.ForeignKey(Clause, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=20)
    target = models.CharField(max_length=120)
    note = models.CharField(_("note"), max_length=200, blank=True)
    to_check = models.BooleanField(default=False)
    carried_from = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("clause__position", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("clause", "kind", "target"), condition=models.Q(removed_at=None), name="one_goals_link_a_target"
            )
        ]
        indexes = [models.Index(fields=("kind", "target"))]
