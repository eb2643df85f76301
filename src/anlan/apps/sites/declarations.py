"""The register of sites, by declaration."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models import Site
from anlan.kernel.registers.declarations import Register, declare

SITES = declare(
    Register(
        code="site",
        model=Site,
        title=_("Sites"),
        icon="site",
        columns=("name", "kind", "region", "risk", "keeper", "keeper_phone", "code"),
        facts=("code", "kind", "credit_code", "region", "address", "risk", "keeper", "keeper_phone", "lon", "lat"),
        filters=("kind", "region", "risk"),
        search=("name", "code", "address"),
        colour_by="risk",
        sensitive=("keeper_phone",),
        see="site.see",
    )
)
