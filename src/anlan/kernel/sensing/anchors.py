"""Anchors: the points on which rules about several points hang. No device sends to them; alarms show there."""

from __future__ import annotations

from collections.abc import Sequence

from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.pinyin import pinyin_key
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing.models import Device, Point, PointKind

#: The device that anchors belong to. It is switched off and has no key, so nobody can send in its name.
GROUPS = "anlan-groups"


def code_of(rule: str) -> str:
    """The code of the anchor of a rule."""
    return f"rule:{rule}"[:60]


def common_region(members: Sequence[Point]) -> Region:
    """The narrowest region in which all members lie. Raises LookupError when there is none."""
    shared = regions.prefixes(members[0].region.path)
    for member in members[1:]:
        other = set(regions.prefixes(member.region.path))
        shared = [path for path in shared if path in other]
    if not shared:
        raise LookupError("the points lie in no common region")
    return Region.objects.get(path=shared[-1])


def place(entry: Entry, members: Sequence[Point], *, code: str = "", device: Device | None = None) -> Point:
    """Make the anchor of a rule, or move the one that is there: region, site and position follow from the members.

    members  points with their regions, at least one
    code     where the anchor has another name than its rule (a replay)
    device   whose anchor it is (a replay); that of all anchors when not given
    """
    region = common_region(members)
    sites = {(member.site_ref, member.site_name) for member in members}
    site_ref, site_name = sites.pop() if len(sites) == 1 else ("", "")
    placed = [(member.lon, member.lat) for member in members if member.lon is not None and member.lat is not None]
    name = (entry.title_zh or entry.title)[:120]
    fields = {
        "name": name,
        "pinyin": pinyin_key(f"{name}{site_name}")[:200],
        "kind": PointKind.GROUP,
        "digits": 0,
        "region": region,
        "site_ref": site_ref,
        "site_name": site_name,
        "lon": sum(lon for lon, _lat in placed) / len(placed) if placed else None,
        "lat": sum(lat for _lon, lat in placed) / len(placed) if placed else None,
        "exercise": any(member.exercise for member in members),
        "enabled": True,
    }
    anchor, _made = Point.records.update_or_create(
        code=code or code_of(entry.code),
        defaults=fields,
        create_defaults=fields | {"device": device or _groups(region)},
    )
    return anchor


def _groups(region: Region) -> Device:
    root = regions.root() or region
    made, _new = Device.records.get_or_create(
        code=GROUPS, defaults={"name": "", "region": root, "key_hash": "", "enabled": False}
    )
    return made
