"""Who answers beside the posts: absences, lists of responsibility, and rosters with their duties, wishes and swaps."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager


class Why(models.TextChoices):
    LEAVE = "leave", _("Leave")
    TRAVEL = "travel", _("Business trip")
    TRAINING = "training", _("Away for training")
    SICK = "sick", _("Sick")
    OTHER = "other", _("Other")


class Absence(models.Model):
    """Days on which somebody is away, both included; B stands in for them, and no roster counts on them."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="absences")
    first = models.DateField(_("from"))
    last = models.DateField(_("until"))
    why = models.CharField(_("reason"), max_length=10, choices=Why.choices, default=Why.LEAVE)
    note = models.CharField(_("remark"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-first", "-id")
        constraints = [models.CheckConstraint(condition=Q(last__gte=F("first")), name="absence_ends_after_it_begins")]
        indexes = [models.Index(fields=("last", "first"))]
        verbose_name = _("absence")
        verbose_name_plural = _("absences")

    def __str__(self) -> str:
        return f"{self.person} {self.first} – {self.last}"


class Responsibility(models.Model):
    """A line of a bureau's own in the list of responsibilities: who answers for what, where, by which clause."""

    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(
        "people.Department", verbose_name=_("department"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    post = models.CharField(_("post or office"), max_length=80, blank=True)
    words = models.TextField(_("duty"))
    standard = models.CharField(_("standard"), max_length=120, blank=True)
    clause = models.CharField(_("clause"), max_length=80, blank=True)
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = default_manager_name = "records"
        ordering = ("region__code", "department__code", "id")
        verbose_name = _("responsibility")
        verbose_name_plural = _("responsibilities")

    def __str__(self) -> str:
        return self.words[:80]


class Member(models.Model):
    """Somebody who stands duty in a place.

    role    code of a role of the rulebook's roster: "leader", "duty_officer"
    weight  share of the load, 1 a full one
    most    duties a month at most; None: no limit
    """

    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=40)
    weight = models.FloatField(_("share"), default=1.0)
    most = models.PositiveSmallIntegerField(_("duties a month at most"), null=True, blank=True)
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        ordering = ("role", "person__pinyin", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("region", "person", "role"), condition=Q(until=None), name="one_open_membership_each"
            )
        ]
        verbose_name = _("person of the roster")
        verbose_name_plural = _("people of the roster")

    def __str__(self) -> str:
        return f"{self.person} {self.role}"


class Wish(models.Model):
    """A day on which somebody would rather not stand duty; kept where the roster can be filled without them."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField(_("day"))
    note = models.CharField(_("remark"), max_length=80, blank=True)

    class Meta:
        ordering = ("day",)
        constraints = [models.UniqueConstraint(fields=("person", "day"), name="one_wish_a_day")]
        verbose_name = _("wish")
        verbose_name_plural = _("wishes")

    def __str__(self) -> str:
        return f"{self.person} {self.day}"


class RosterState(models.TextChoices):
    EMPTY = "empty", _("Not drawn up")
    DRAWING = "drawing", _("Being drawn up")
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")


class Roster(models.Model):
    """The duties of a place in one month.

    month    its first day
    entry    the rulebook entry after which it was drawn up
    seed     decides among equally even rosters; raised by each drawing
    outcome  gaps, unkept wishes, balances and whether it is proved to be the most even one, as `drawing` writes them
    """

    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    month = models.DateField(_("month"))
    state = models.CharField(_("state"), max_length=10, choices=RosterState.choices, default=RosterState.EMPTY)
    entry = models.ForeignKey("rulebook.Entry", null=True, on_delete=models.PROTECT, related_name="+")
    seed = models.PositiveIntegerField(default=0)
    outcome = models.JSONField(default=dict)
    drawn_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-month",)
        constraints = [models.UniqueConstraint(fields=("region", "month"), name="one_roster_a_month")]
        verbose_name = _("roster")
        verbose_name_plural = _("rosters")

    def __str__(self) -> str:
        return f"{self.region} {self.month:%Y-%m}"


class RosterDuty(models.Model):
    """One person in one place of a roster. `day` is the day on which the shift begins."""

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="duties")
    day = models.DateField(_("day"))
    shift = models.CharField(_("shift"), max_length=40)
    role = models.CharField(_("role"), max_length=40)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ("day", "starts_at", "role", "id")
        constraints = [
            models.UniqueConstraint(fields=("roster", "day", "shift", "role", "person"), name="one_duty_each")
        ]
        indexes = [models.Index(fields=("ends_at", "starts_at"))]
        verbose_name = _("duty")
        verbose_name_plural = _("duties")

    def __str__(self) -> str:
        return f"{self.day} {self.shift} {self.person}"


class SwapState(models.TextChoices):
    ASKED = "asked", _("Asked")
    AGREED = "agreed", _("Agreed, in force")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Swap(models.Model):
    """Somebody asks another to take a duty, perhaps for one of theirs in return; both have to want it.

    giver, taker  as they stood when it was asked; the duties themselves change their person when it is agreed
    """

    duty = models.ForeignKey(RosterDuty, on_delete=models.CASCADE, related_name="swaps")
    back = models.ForeignKey(RosterDuty, null=True, on_delete=models.CASCADE, related_name="+")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=SwapState.choices, default=SwapState.ASKED)
    reason = models.CharField(_("reason"), max_length=200)
    answer = models.CharField(_("answer"), max_length=200, blank=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-asked_at", "-id")
        constraints = [
            models.UniqueConstraint(fields=("duty",), condition=Q(state=SwapState.ASKED), name="one_open_swap_a_duty")
        ]
        verbose_name = _("swap")
        verbose_name_plural = _("swaps")

    def __str__(self) -> str:
        return f"{self.giver} → {self.taker} {self.duty.day}"


class Step(models.TextChoices):
    DRAWN = "drawn", _("Drawn up")
    PUBLISHED = "published", _("Published")
    SWAPPED = "swapped", _("Swapped")
    REPLACED = "replaced", _("Replaced")


class RosterChange(models.Model):
    """What happened to a roster, for everyone who reads it. Never changed or deleted."""

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="changes")
    step = models.CharField(max_length=10, choices=Step.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    day = models.DateField(null=True)
    place = models.CharField(max_length=81, blank=True)  # "shift role"
    before = models.CharField(max_length=80, blank=True)
    after = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.step} {self.at:%Y-%m-%d}"
