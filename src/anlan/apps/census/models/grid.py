"""Exposure on the H3 grid, resolution 9 (a cell is about 0.1 km²), by editions: a survey is replaced as a whole."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class EditionState(models.TextChoices):
    STAGED = "staged", _("Read in, not in force")
    IN_FORCE = "in_force", _("In force")
    FORMER = "former", _("Replaced")


class Edition(models.Model):
    """One survey of the whole grid. Its cells never change; at most one edition is in force.

    surveyed_on  day that the numbers speak of
    day, night, buildings, gdp  sums over its cells
    """

    title = models.CharField(_("title"), max_length=120)
    surveyed_on = models.DateField(_("surveyed on"))
    state = models.CharField(_("state"), max_length=10, choices=EditionState.choices, default=EditionState.STAGED)
    cells = models.PositiveIntegerField(_("cells"), default=0)
    day = models.PositiveBigIntegerField(_("people by day"), default=0)
    night = models.PositiveBigIntegerField(_("people by night"), default=0)
    buildings = models.PositiveBigIntegerField(_("buildings"), default=0)
    gdp = models.FloatField(_("economic output"), default=0.0)
    digest = models.CharField(max_length=64, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    in_force_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("edition of the grid")
        verbose_name_plural = _("editions of the grid")
        constraints = [
            models.UniqueConstraint(
                fields=("state",), condition=models.Q(state=EditionState.IN_FORCE), name="one_edition_in_force"
            )
        ]

    def __str__(self) -> str:
        return self.title


class Cell(models.Model):
    """One hexagon of an edition.

    cell    H3 index, resolution 9
    region  village or town that holds the middle of the cell
    gdp     10,000 yuan a year
    """

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="+")
    cell = models.BigIntegerField()
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.PositiveIntegerField(default=0)
    night = models.PositiveIntegerField(default=0)
    buildings = models.PositiveIntegerField(default=0)
    gdp = models.FloatField(default=0.0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("edition", "cell"), name="one_row_a_cell")]

    def __str__(self) -> str:
        return f"{self.cell:x}"
