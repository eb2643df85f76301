"""Which campaigns, projects and appraisals a person sees: in reach, and wider ones that concern their own place."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from anlan.apps.goals.models import Appraisal, Campaign, ListItem, Project
from anlan.apps.goals.queries.tasks import in_reach_or
from anlan.kernel.people.rights import holds, reach
from anlan.kernel.regions.queries import prefixes
from anlan.kernel.regions.scope import within


def campaigns(actor: Any) -> QuerySet[Campaign]:
    """Campaigns in reach, and those with a line in reach or of the actor's unit."""
    if not holds(actor, "task.view"):
        return Campaign.records.none()
    here = reach(actor, "task.view")
    lines = within(here)
    if actor.department_id:
        lines = in_reach_or(here, Q(unit_id=actor.department_id))
    concerned = ListItem.objects.filter(lines).values("campaign_id")
    rows: QuerySet[Campaign] = Campaign.records.filter(in_reach_or(here, Q(pk__in=concerned)))
    return rows.select_related("region", "unit").defer("region__boundary")


def projects(actor: Any) -> QuerySet[Project]:
    """Projects in reach, and those of the actor or the actor's unit."""
    if not holds(actor, "task.view"):
        return Project.records.none()
    mine = Q(lead=actor)
    if actor.department_id:
        mine |= Q(unit_id=actor.department_id)
    rows: QuerySet[Project] = Project.records.filter(in_reach_or(reach(actor, "task.view"), mine))
    return rows.select_related("region", "unit", "lead").defer("region__boundary")


def appraisals(actor: Any) -> QuerySet[Appraisal]:
    """Appraisals in reach; and those of a wider place, once published, for those who are appraised in it."""
    here = reach(actor, "appraisal.view")
    above = Q(region__path__in=[path for one in here for path in prefixes(one)], results__isnull=False)
    rows: QuerySet[Appraisal] = Appraisal.records.filter(in_reach_or(here, above)) if here else Appraisal.records.none()
    return rows.distinct().select_related("region", "entry").defer("region__boundary")
