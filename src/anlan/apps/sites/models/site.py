"""Where the records of the first, generic register of sites went."""

from __future__ import annotations

from django.db import models


class FormerSite(models.Model):
    """A record of the register that held sites of every kind before each kind had its own. Its number is that of then.

    ref   the record that it became ("enterprise:12"); what still says "site:7" leads there, such as the audit trail
    """

    ref = models.CharField(max_length=80)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.ref
