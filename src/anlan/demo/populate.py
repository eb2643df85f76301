"""Plants the demo county into a database, through the same verbs that a bureau's people use."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.db import transaction

from anlan.apps.sites.models import Enterprise, GeoHazard, School, Station, TailingsPond
from anlan.demo.county import model
from anlan.demo.county.keep import keep_private
from anlan.demo.county.model import County
from anlan.demo.fill import Filler, fillers
from anlan.kernel.people import services as people
from anlan.kernel.people.models import Department, User
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.services import Planting, plant
from anlan.kernel.sensing.derived.services import Wanted, add_several
from anlan.kernel.sensing.models import Point
from anlan.kernel.sensing.services import add_points, register_device
from anlan.kernel.web.refs import ref_of

#: Who may sign in to the demo, by role, in the order of the banner. The town is the one of the leak, then the slide.
DOORS = (
    ("duty_officer", ""),
    ("leader", ""),
    ("town_officer", "990123102"),
    ("town_officer", "990123201"),
    ("monitoring_engineer", ""),
    ("record_keeper", ""),
    ("resource_keeper", ""),
    ("supervision_officer", ""),
    ("system_admin", ""),
    ("security_admin", ""),
    ("audit_admin", ""),
)

#: Names of the roles in the banner.
TITLES = {
    "duty_officer": "duty officer 值班员",
    "leader": "leader 带班领导",
    "town_officer": "town 乡镇",
    "monitoring_engineer": "monitoring 监测",
    "record_keeper": "registers 台账",
    "resource_keeper": "supplies 物资",
    "supervision_officer": "supervision 督查",
    "system_admin": "system 系统",
    "security_admin": "security 安全",
    "audit_admin": "audit 审计",
}

#: Fillers up to this order enter what points hang on, so they come before devices and points.
BEFORE_POINTS = 199

#: What points hang on: the models whose records bear the codes of `county.sites`.
CARRIERS = (Enterprise, TailingsPond, GeoHazard, Station, School)

Say = Callable[[str], None]


def is_planted() -> bool:
    """Does this database hold the county already, with its points?"""
    return Region.objects.filter(code=model.COUNTY).exists() and Enterprise.records.exists()


@transaction.atomic
def plant_county(county: County, *, password: str, data: Path, now: datetime, say: Say) -> None:
    """Regions, people, registers, devices and points, all or nothing; the simulator's keys go to `data/demo-keys.json`.

    password  of every account that the banner names; the others cannot sign in
    """
    actor = people.system_user("demo")
    say("regions")
    plant(_plantings(county))
    regions = {region.code: region for region in Region.objects.defer("boundary")}
    say("people")
    _people(county, regions, password, data, actor, now)
    every = list(fillers())
    for filler in every:
        if filler.ORDER <= BEFORE_POINTS:
            _run(filler, county, actor, now, say)
    say("devices and points")
    keys = {}
    devices = {}
    for gateway in county.gateways:
        device, keys[gateway.code] = register_device(
            code=gateway.code, name=gateway.name, region=regions[gateway.region], actor=actor, now=now
        )
        devices[gateway.code] = device
    wanted = {point.site for point in county.points}
    sites = {
        row.code: row for kind in CARRIERS for row in kind.present.filter(code__in=wanted).select_related("region")
    }
    add_points(
        [
            {
                "code": point.code,
                "name": point.name,
                "kind": point.kind,
                "unit": point.unit,
                "digits": point.digits,
                "region": sites[point.site].region,
                "device": devices[point.gateway],
                "site_ref": ref_of(sites[point.site]),
                "site_name": sites[point.site].name,
                "lon": point.lon,
                "lat": point.lat,
                "period_s": point.period_s,
                "low": point.low,
                "high": point.high,
            }
            for point in county.points
        ],
        actor=actor,
        now=now,
    )
    say("derived points")
    made = {point.code: point for point in Point.records.filter(exercise=False).select_related("region", "device")}
    left = list(county.derived)
    while left:  # those that stand on others come in a later round
        ready = [one for one in left if made.keys() >= set(one.inputs)]
        wanted = [
            Wanted(one.code, one.name, one.function, [made[code] for code in one.inputs], one.parameters)
            for one in ready
        ]
        made |= {derived.point.code: derived.point for derived in add_several(wanted, actor=actor, now=now)}
        left = [one for one in left if one not in ready]
    for filler in every:
        if filler.ORDER > BEFORE_POINTS:
            _run(filler, county, actor, now, say)
    keep_private(data / "demo-keys.json", json.dumps(keys))


def _run(filler: Filler, county: County, actor: User, now: datetime, say: Say) -> None:
    say(filler.__name__.rpartition(".")[2])
    filler.fill(county, actor=actor, now=now)


def _plantings(county: County) -> list[Planting]:
    above = [
        Planting(model.PROVINCE, model.PROVINCE_NAME, "province"),
        Planting(model.CITY, model.CITY_NAME, "city", model.PROVINCE),
        Planting(
            model.COUNTY, model.COUNTY_NAME, "county", model.CITY, county.boundary, model.LON_0, model.LAT_0,
            sum(town.population for town in county.towns),
        ),
    ]  # fmt: skip
    below = [
        Planting(
            place.code, place.name, place.level, place.parent, place.boundary, place.lon, place.lat, place.population
        )
        for place in (*county.towns, *county.villages, *county.grids)
    ]
    return above + below


def _people(county: County, regions: dict[str, Region], password: str, data: Path, actor: User, now: datetime) -> None:
    offices: dict[str, Department] = {}
    for one in county.departments:
        offices[one.code] = people.add_department(
            code=one.code,
            name=one.name,
            region=regions[one.region],
            parent=offices.get(one.parent),
            phone=one.phone,
            actor=actor,
            now=now,
        )
    accounts: dict[str, User] = {}
    for person in county.people:
        account = people.add_person(
            username=person.username,
            name=person.name,
            phone=person.phone,
            department=offices[person.department],
            actor=actor,
            now=now,
        )
        accounts[person.username] = account
        for role in person.roles:
            people.give_role(user=account, role=role, region=regions[person.region], actor=actor, now=now)
    for post in county.posts:
        people.fill_post(
            duty=post.duty,
            name=post.name,
            department=offices[post.department],
            region=regions[post.region],
            holder=accounts[post.holder],
            slot=post.slot,
            actor=actor,
            now=now,
        )
    doors = []
    for role, region in DOORS:
        first = next(p for p in county.people if role in p.roles and (not region or p.region == region))
        doors.append({"username": first.username, "title": TITLES[role]})
    # One hash for all of them: the demo has one password, and hashing is meant to be slow.
    hashed = make_password(password)
    User.objects.filter(username__in=[door["username"] for door in doors]).update(password=hashed)
    keep_private(data / "demo-users.json", json.dumps(doors, ensure_ascii=False))
