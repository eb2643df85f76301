"""Documents of the library and their clauses."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    LAW = "law", _("Law or regulation")
    STANDARD = "standard", _("Standard")
    CASE = "case", _("Accident case")
    SHEET = "sheet", _("Safety data sheet")
    OWN = "own", _("Own document")


class State(models.TextChoices):
    """Where a document stands on a day; told by its dates and never kept beside them."""

    COMING = "coming", _("Not in force yet")
    IN_FORCE = "in_force", _("In force")
    REPEALED = "repealed", _("No longer in force")


class Document(models.Model):
    """A law, a standard, an accident report, a safety data sheet or a paper of one's own.

    code         its name in addresses
    number       as its issuer numbers it: GB 18218-2018, 国务院令第591号
    region       where it holds; None: everywhere. Whoever works inside or above it sees it
    in_force_on, repealed_on  first day, and first day no longer; None: not said
    verified     somebody compared the text with its source
    accident     an accident case's kind, a code of the rulebook's ACCIDENT-KINDS
    cas          number of the substance of a safety data sheet
    scheme       how its text was cut (`anlan.formats.texts.cutting.SCHEMES`)
    replaces     the edition before it, which is kept
    removed_at   taken out of the library, with a reason; nothing is lost
    """

    code = models.CharField(_("code"), max_length=20, unique=True, null=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    title = models.CharField(_("title"), max_length=200)
    number = models.CharField(_("document number"), max_length=80, blank=True)
    issuer = models.CharField(_("issued by"), max_length=120, blank=True)
    issued_on = models.DateField(_("issued on"), null=True, blank=True)
    in_force_on = models.DateField(_("in force from"), null=True, blank=True)
    repealed_on = models.DateField(_("no longer in force from"), null=True, blank=True)
    verified = models.BooleanField(_("compared with the source"), default=False)
    keywords = models.CharField(_("keywords"), max_length=200, blank=True)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, null=True, verbose_name=_("holds in"))
    accident = models.CharField(_("kind of accident"), max_length=40, blank=True)
    cas = models.CharField(_("CAS number"), max_length=12, blank=True, db_index=True)
    scheme = models.CharField(max_length=12)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    removed_why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("kind", "title", "-issued_on", "id")
        indexes = [models.Index(fields=("kind", "accident"))]

    def __str__(self) -> str:
        return self.title

    def state(self, day: date) -> State:
        """Where it stands on a day."""
        if self.repealed_on is not None and self.repealed_on <= day:
            return State.REPEALED
        if self.in_force_on is not None and self.in_force_on > day:
            return State.COMING
        return State.IN_FORCE

    @property
    def cited(self) -> str:
        """How it is named in a citation: 《…》, with its number where it has one."""
        if self.kind == Kind.STANDARD and self.number:
            return f"{self.number}《{self.title}》"
        return f"《{self.title}》" + (f"（{self.number}）" if self.number else "")


class Clause(models.Model):
    """A piece of a document; never changed. `position` counts them in reading order, from 0.

    level    one of `anlan.formats.texts.pieces.LEVELS`
    number   as written; "" for a paragraph
    anchor   its name inside the document's address
    locator  how it is cited after the document's name; "" for what is not cited by number
    unit     position of the article or clause by which a search finds it: itself or the one above
    """

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="clauses")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="children")
    position = models.PositiveIntegerField()
    unit = models.PositiveIntegerField()
    level = models.CharField(max_length=10)
    number = models.CharField(max_length=40, blank=True)
    heading = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    anchor = models.CharField(max_length=60)
    locator = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ("document", "position")
        constraints = [
            models.UniqueConstraint(fields=("document", "position"), name="one_clause_a_position"),
            models.UniqueConstraint(fields=("document", "anchor"), name="one_clause_an_anchor"),
        ]

    def __str__(self) -> str:
        return f"{self.document.cited}{self.locator}"


class Note(models.Model):
    """What somebody wrote beside a clause; seen by whoever works inside or above `region`."""

    clause = models.ForeignKey(Clause, on_delete=models.CASCADE, related_name="notes")
    text = models.CharField(_("note"), max_length=500)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("at", "id")


class Draft(models.Model):
    """A text that was taken in and waits for a person to look at how it is cut; gone when kept or discarded.

    text     `anlan.formats.texts.reading.Text.plain()`
    sha256   of the file it came in, which lies in the vault; "" for a text that was typed
    """

    name = models.CharField(max_length=200)
    text = models.JSONField()
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    mime = models.CharField(max_length=100, blank=True)
    replaces = models.ForeignKey(Document, on_delete=models.CASCADE, null=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
