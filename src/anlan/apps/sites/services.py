"""Verbs on sites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from anlan.apps.sites.models import Site
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.pinyin import pinyin_key


@transaction.atomic
def add_sites(rows: Iterable[Mapping[str, Any]], *, region: Region, actor: User, now: Any) -> int:
    """Take in many sites at once, all or nothing; one audit line for the act.

    rows    the fields of `Site` by name; `region` a Region inside `region`
    returns the number added

    Raises NotAllowed when the actor may not edit sites in `region`.
    """
    require(actor, "site.edit", region)
    sites = [Site(**row, pinyin=pinyin_key(row["name"])) for row in rows]
    Site.records.bulk_create(sites, batch_size=500)
    audit.record(actor=actor, verb="site.import", region=region, after={"sites": len(sites)}, now=now)
    return len(sites)
