"""Who is appraised: the towns of a county, or the departments that work for it."""

from __future__ import annotations

from dataclasses import dataclass

from anlan.kernel.people.models import Department
from anlan.kernel.regions.models import Level, Region


@dataclass(frozen=True, slots=True)
class Subject:
    """A town or a department; `ref` names it for ever ("region:990123101", "department:yjj-whk")."""

    ref: str
    name: str
    region: Region
    unit: Department | None = None


def subjects_of(of: str, region: Region) -> list[Subject]:
    """The subjects of a sheet below `region`, in the order of their codes.

    Departments are those of the place itself that stand below another one: sections of a bureau, not enterprises.
    """
    if of == "town":
        towns = Region.objects.filter(level=Level.TOWN, path__startswith=region.path).defer("boundary").order_by("code")
        return [Subject(f"region:{town.code}", town.name, town) for town in towns]
    units = Department.objects.filter(region=region, parent__isnull=False).select_related("region").order_by("code")
    return [Subject(f"department:{unit.code}", unit.name, unit.region, unit) for unit in units]
