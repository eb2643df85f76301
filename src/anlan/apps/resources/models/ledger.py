"""The stock ledger: items, lots, documents and their postings, and what lies where because of them.

Double entry: each line of a document is one posting out of an account and one into another, so the postings of a line
sum to zero. `STOCK` and `HELD` are accounts of a store and never fall below zero; the others are the world outside.
Quantities are whole thousandths of the item's unit (`milli`), so that nothing is rounded.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager


class Account(models.TextChoices):
    STOCK = "stock", _("Free in store")
    HELD = "held", _("Reserved in store")
    SUPPLY = "supply", _("Received from outside")
    USE = "use", _("Issued for use")
    SCRAP = "scrap", _("Scrapped")
    COUNT = "count", _("Difference of a stocktake")


#: Accounts that belong to a store.
INSIDE = (Account.STOCK, Account.HELD)


class Sort(models.TextChoices):
    RECEIPT = "receipt", _("Receipt")
    ISSUE = "issue", _("Issue")
    TRANSFER = "transfer", _("Transfer")
    STOCKTAKE = "stocktake", _("Stocktake")
    SCRAP = "scrap", _("Scrapping")
    RESERVATION = "reservation", _("Reservation")
    RELEASE = "release", _("Release of a reservation")
    REVERSAL = "reversal", _("Reversal")


class Item(models.Model):
    """What is kept in stores: a class of supplies with name and specification.

    supply  code of the class in the rulebook's list of supplies
    unit    what one of it is counted in
    """

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    pinyin = models.CharField(max_length=200, blank=True)
    supply = models.CharField(_("class of supplies"), max_length=40, db_index=True)
    specification = models.CharField(_("specification"), max_length=120, blank=True)
    unit = models.CharField(_("unit"), max_length=10)
    shelf_days = models.PositiveIntegerField(_("shelf life (days)"), null=True, blank=True)
    warn_days = models.PositiveIntegerField(_("warn before the end (days)"), default=90)
    ended_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        return f"{self.name} {self.specification}".strip()


class Lot(models.Model):
    """One batch of an item. `number` is blank for goods without batches; the day of the end belongs to the number."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="lots")
    number = models.CharField(_("batch"), max_length=40, blank=True)
    made_on = models.DateField(_("made"), null=True)
    expires_on = models.DateField(_("usable until"), null=True, db_index=True)

    class Meta:
        ordering = ("expires_on", "id")
        constraints = [models.UniqueConstraint(fields=("item", "number"), name="one_lot_a_number")]

    def __str__(self) -> str:
        return self.number or "—"


class Document(models.Model):
    """A movement of stock, entered once and never changed; what was wrong is reversed by another document.

    key       of whoever enters it: the same key again is the same document
    digest    SHA-256 over its content, so that a key is not used for something else
    party     supplier of a receipt, receiver of an issue, who it is reserved for
    draws_on  the reservation that an issue or a release takes from
    reverses  the document that a reversal undoes
    until     last day of a reservation
    """

    number = models.CharField(_("number"), max_length=30, unique=True)
    sort = models.CharField(_("kind"), max_length=12, choices=Sort.choices)
    store = models.ForeignKey("resources.Store", verbose_name=_("store"), on_delete=models.PROTECT, related_name="+")
    to_store = models.ForeignKey(
        "resources.Store", verbose_name=_("to store"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    party = models.CharField(_("other party"), max_length=120, blank=True)
    purpose = models.CharField(_("purpose"), max_length=200, blank=True)
    until = models.DateField(_("reserved until"), null=True)
    draws_on = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="drawn")
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversed_by")
    key = models.CharField(max_length=80, unique=True)
    digest = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("entered"))

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-id",)
        indexes = [models.Index(fields=("store", "-id")), models.Index(fields=("sort", "-id"))]

    def __str__(self) -> str:
        return self.number


class Line(models.Model):
    """One lot on a document.

    milli    moved; for a stocktake the difference, which may be negative or zero
    booked   what the books said at a stocktake
    left     of a reservation: what was neither issued nor released yet
    """

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="lines")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="lines")
    milli = models.BigIntegerField()
    booked = models.BigIntegerField(null=True)
    left = models.BigIntegerField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=("document", "lot"), name="one_line_a_lot"),
            models.CheckConstraint(condition=Q(left=None) | Q(left__gte=0), name="no_more_than_reserved"),
        ]

    @property
    def counted(self) -> int | None:
        """What a stocktake found of the lot; None on other documents."""
        return None if self.booked is None else self.booked + self.milli


class Posting(models.Model):
    """One side of a line: so much into (positive) or out of (negative) an account."""

    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="postings")
    account = models.CharField(max_length=8, choices=Account.choices)
    store = models.ForeignKey("resources.Store", null=True, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="postings")
    milli = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(account__in=INSIDE, store__isnull=False) | (~Q(account__in=INSIDE) & Q(store=None)),
                name="a_store_where_there_is_one",
            )
        ]
        indexes = [models.Index(fields=("lot", "id")), models.Index(fields=("store", "lot"))]


class Balance(models.Model):
    """What stands on an account of a store because of all postings so far; never below zero."""

    store = models.ForeignKey("resources.Store", on_delete=models.PROTECT, related_name="balances")
    account = models.CharField(max_length=8, choices=Account.choices)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="balances")
    milli = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("lot__expires_on", "id")
        constraints = [
            models.UniqueConstraint(fields=("store", "account", "lot"), name="one_balance_a_lot"),
            models.CheckConstraint(condition=Q(milli__gte=0), name="never_below_zero"),
        ]
        indexes = [models.Index(fields=("lot", "store"))]
