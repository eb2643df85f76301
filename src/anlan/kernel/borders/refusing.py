"""What the verbs of the tree refuse, and the row of a place held for a change."""

from __future__ import annotations

from django.utils.translation import gettext as _

from anlan.kernel.regions.models import Region


class Refused(ValueError):
    """The change cannot be made; says why, and what to do, in words for the person who asked."""


def locked(region: Region) -> Region:
    """The row, until the transaction ends. Raises Refused for a place that was merged into another."""
    found = Region.objects.select_for_update(of=("self",)).select_related("parent").filter(pk=region.pk).first()
    if found is None:
        raise Refused(_("%(name)s has ended; open the place that stands for it now.") % {"name": region.name})
    return found
