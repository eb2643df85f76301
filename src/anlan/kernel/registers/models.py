"""What every record of a register has, and what is kept of all of them: history, batches, links, views."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager


class BatchState(models.TextChoices):
    STAGED = "staged", _("Being written")
    PUBLISHED = "published", _("In force")
    UNDONE = "undone", _("Undone")


class Batch(models.Model):
    """Many records taken in as one act: invisible while it is written, then visible by one flip of `state`."""

    register = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=BatchState.choices, default=BatchState.STAGED)
    title = models.CharField(max_length=200)
    created = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True)  # SHA-256 over what it wrote, named in the audit trail

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("register", "state"))]

    def __str__(self) -> str:
        return self.title


#: Records that exist for people: not removed, and not part of a batch that is being written or was undone.
VISIBLE = Q(removed_at=None) & (Q(batch=None) | Q(batch__state=BatchState.PUBLISHED))


class VisibleManager(models.Manager[Any]):
    """Every record that exists for people, of all regions: for services that hold a right already, and for counts."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(VISIBLE)


class RecordManager(ScopedManager):
    """Gives records only through `for_actor`: within the actor's regions, not removed, published."""

    def for_actor(self, actor: Any, verb: str, *, exercise: bool | None = False) -> models.QuerySet[Any]:
        return super().for_actor(actor, verb, exercise=exercise).filter(VISIBLE)


class Record(models.Model):
    """A thing of a register. `objects` asks for whom, `present` gives all that exist, `records` the removed ones too.

    lon, lat   degrees, WGS-84 (CGCS2000 within a decimetre)
    outline    WKB line, polygon or several of them, WGS-84, where the thing is more than a place
    revision   raised by each change; a form that saw an older one is refused
    """

    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    pinyin = models.CharField(max_length=240, blank=True, editable=False)
    sort_key = models.CharField(max_length=200, blank=True, editable=False)
    region = models.ForeignKey("regions.Region", verbose_name=_("region"), on_delete=models.PROTECT, related_name="+")
    address = models.CharField(_("address"), max_length=200, blank=True)
    lon = models.FloatField(_("longitude"), null=True, blank=True)
    lat = models.FloatField(_("latitude"), null=True, blank=True)
    outline = models.BinaryField(_("outline"), null=True, blank=True)
    remark = models.TextField(_("remark"), blank=True)
    batch = models.ForeignKey(Batch, null=True, editable=False, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(_("removed"), null=True, editable=False)
    removed_why = models.CharField(_("reason"), max_length=200, blank=True, editable=False)
    merged_into = models.BigIntegerField(null=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("entered"), editable=False)
    changed_at = models.DateTimeField(_("last changed"), editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("changed by"), null=True, editable=False, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip

    objects = RecordManager()
    present = VisibleManager()
    records = models.Manager()

    class Meta:
        abstract = True
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("sort_key", "id")
        constraints = [
            # A removed record leaves its code free; the one that took it keeps the removed one from coming back.
            models.UniqueConstraint(fields=("code",), condition=Q(removed_at=None), name="%(app_label)s_%(class)s_code")
        ]
        indexes = [models.Index(fields=("sort_key", "id"))]

    def __str__(self) -> str:
        return self.name


class Act(models.TextChoices):
    CREATE = "create", _("Entered")
    CHANGE = "change", _("Changed")
    REMOVE = "remove", _("Removed")
    RESTORE = "restore", _("Restored")
    MERGE = "merge", _("Merged")
    PUBLISH = "publish", _("Imported")
    UNDO = "undo", _("Import undone")


class Head(models.Model):
    """How far a register has come: the number of its last change, the last serial of its own codes.

    Whoever changes a record raises `n` in the same transaction and so waits for the one before: numbers are in the
    order of the commits, and a reader that has seen `n` has seen everything up to it.
    """

    register = models.CharField(max_length=40, primary_key=True)
    n = models.BigIntegerField(default=0)
    serial = models.BigIntegerField(default=0)


class Revision(models.Model):
    """One change of one record, or of a whole batch (`record` None). Never changed or deleted.

    n        place among the register's changes; None for a record inside a batch, whose own row has it
    before   values that the change replaced, as JSON keeps them; empty for a new record
    after    values that it put there
    """

    register = models.CharField(max_length=40)
    record = models.BigIntegerField(null=True)
    n = models.BigIntegerField(null=True)
    act = models.CharField(max_length=10, choices=Act.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="revisions")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("register", "n"), name="one_change_a_number")]
        indexes = [models.Index(fields=("register", "record", "id"))]


class Link(models.Model):
    """Two records that belong together ("enterprise:3" and "shelter:9"), in words of whoever joined them."""

    one = models.CharField(max_length=80)
    other = models.CharField(max_length=80)
    words = models.CharField(_("relation"), max_length=80, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        constraints = [models.UniqueConstraint(fields=("one", "other"), name="one_link_a_pair")]
        indexes = [models.Index(fields=("other",))]


class SavedView(models.Model):
    """A list as somebody wants to find it again: filters, sort and columns as the address holds them.

    owner   whose it is; `shared` shows it to everyone who sees the register
    """

    register = models.CharField(max_length=40)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(_("title"), max_length=40)
    query = models.CharField(max_length=1000)
    shared = models.BooleanField(_("shown to everyone"), default=False)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("order", "id")
        constraints = [models.UniqueConstraint(fields=("register", "owner", "title"), name="one_view_a_title")]


from anlan.kernel.registers.importing import models as importing  # noqa: E402, F401 - tables of the same app
