"""Requisition of what belongs to others, with the record of its return and compensation."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.regions.scope import ScopedManager


class Stage(models.TextChoices):
    ORDERED = "ordered", _("Ordered")
    IN_USE = "in_use", _("Handed over")
    RETURNED = "returned", _("Returned")
    ASSESSED = "assessed", _("Compensation fixed")
    PAID = "paid", _("Paid")
    CANCELLED = "cancelled", _("Cancelled")


#: The thing is still away, or may be called for.
OPEN = (Stage.ORDERED, Stage.IN_USE)


class Requisition(models.Model):
    """A machine or part of a company's reserve taken into use for an emergency.

    quantity   of a reserve, in its unit; 1 for a machine
    lost       of the quantity, not returned: used up or destroyed
    amount     compensation in yuan, fixed after the return
    """

    number = models.CharField(_("number"), max_length=30, unique=True)
    region = models.ForeignKey("regions.Region", verbose_name=_("region"), on_delete=models.PROTECT, related_name="+")
    machine = models.ForeignKey(
        "resources.Machine", null=True, on_delete=models.PROTECT, related_name="requisitions"
    )  # fmt: skip
    reserve = models.ForeignKey(
        "resources.Reserve", null=True, on_delete=models.PROTECT, related_name="requisitions"
    )  # fmt: skip
    stage = models.CharField(_("state"), max_length=10, choices=Stage.choices, default=Stage.ORDERED)
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    owner = models.CharField(_("owner"), max_length=120)
    purpose = models.CharField(_("purpose"), max_length=200)
    basis = models.CharField(_("legal basis"), max_length=120, blank=True)
    place = models.CharField(_("where it is used"), max_length=120, blank=True)
    until = models.DateField(_("expected until"), null=True)
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField(_("ordered"))
    handed_at = models.DateTimeField(_("handed over"), null=True)
    handed_by = models.CharField(_("handed over by"), max_length=60, blank=True)
    handed_phone = SealedField(_("phone"), length=30, blank=True)
    condition = models.CharField(_("condition when handed over"), max_length=200, blank=True)
    returned_at = models.DateTimeField(_("returned"), null=True)
    lost = models.PositiveIntegerField(_("not returned"), default=0)
    damage = models.CharField(_("damage"), max_length=400, blank=True)
    amount = models.DecimalField(_("compensation"), max_digits=12, decimal_places=2, null=True)
    reckoning = models.CharField(_("how it was reckoned"), max_length=400, blank=True)
    assessed_at = models.DateTimeField(null=True)
    assessed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    paid_on = models.DateField(_("paid on"), null=True)
    voucher = models.CharField(_("payment voucher"), max_length=60, blank=True)
    ended_why = models.CharField(_("reason"), max_length=200, blank=True)

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(machine=None, reserve__isnull=False) | Q(machine__isnull=False, reserve=None),
                name="a_machine_or_a_reserve",
            ),
            models.UniqueConstraint(fields=("machine",), condition=Q(stage__in=OPEN), name="a_machine_is_taken_once"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def thing(self) -> object:
        """The machine or the reserve."""
        return self.machine or self.reserve
