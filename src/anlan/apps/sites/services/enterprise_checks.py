"""What does not fit together in a record: told to whoever types it, refused only where it cannot be meant."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anlan.apps.sites import enterprise_queries as queries
from anlan.apps.sites.models import Sector
from anlan.apps.sites.models.enterprises import Scale
from anlan.apps.sites.models.plants import Counting
from anlan.apps.sites.services.derived import pond_grade
from anlan.formats import codes
from anlan.formats.faults import Fault as CodeFault
from anlan.kernel.registers.declarations import Fault
from anlan.kernel.rulebook.queries import NoRule
from anlan.science import grades
from anlan.science.major_hazard import Form, Stock, identify

#: Sectors that must have full-time safety staff however few they are: 安全生产法, 第二十四条.
_HIGH_RISK = frozenset({Sector.CHEMICAL, Sector.MINE, Sector.FIREWORKS, Sector.METAL, Sector.FILLING})

_SCALES = dict(Scale.choices)

Values = Mapping[str, Any]


def enterprise(values: Values, record: Any) -> Iterator[Fault]:
    """Credit code, industry, scale, safety staff and insurance: all of them warn, none blocks."""
    now = timezone.now()
    if credit := values.get("credit_code"):
        for fault in codes.credit_faults(str(credit).upper()):
            yield _warn("credit_code", fault)
    yield from _industry(values, now)
    staff, heads = values.get("staff"), values.get("insured_staff")
    if staff is not None and heads is not None and heads < staff:
        words = _("The insurance covers %(heads)d people; %(staff)d work here.")
        yield Fault("insured_staff", "fewer", words % {"heads": heads, "staff": staff}, blocks=False)
    yield from _insured(values, now)
    yield from _safety_staff(values, now)


def _industry(values: Values, now: datetime) -> Iterator[Fault]:
    typed = str(values.get("industry") or "").upper()
    if not typed:
        return
    faults = codes.industry_faults(typed)
    if faults or not queries.industry_names([typed], now):
        words = _("“%(typed)s” is no code of GB/T 4754; 2614 or C2614 is meant.")
        yield Fault("industry", "unknown", words % {"typed": typed}, blocks=False)
        return
    if not values.get("scale"):
        return
    region = values.get("region")
    industries = queries.lately(queries.industries, at=now, region=region)
    scales = queries.lately(queries.enterprise_scales, at=now, region=region)
    scale = grades.scale_of(queries.lineage(typed, industries), scales) if industries is not None else None
    if scale is None:
        return
    known = {"employees": values.get("staff"), "revenue": values.get("revenue"), "assets": values.get("assets")}
    if any(value is not None and value < 0 for value in known.values()):
        return
    given = {name: value for name, value in known.items() if name in scale.criteria}
    found = grades.grade(given, scale)
    if values["scale"] not in found.possible:
        words = _("By staff, revenue and assets this is %(found)s.")
        found_words = " / ".join(str(_SCALES.get(one, one)) for one in found.possible)
        yield Fault("scale", "differs", words % {"found": found_words}, blocks=False)


def _insured(values: Values, now: datetime) -> Iterator[Fault]:
    limit = values.get("insured_person")
    if limit is None:
        return
    norm = queries.lately(queries.norm, "INSURANCE-PERSON", at=now, region=values.get("region"))
    if norm is not None and norm[0].least is not None and limit < norm[0].least:
        words = _("The limit per person is at least %(least)g ×10⁴ yuan (%(clause)s).")
        clause = f"{norm[1].standard} {norm[1].clause}"
        yield Fault("insured_person", "low", words % {"least": norm[0].least, "clause": clause}, blocks=False)


def _safety_staff(values: Values, now: datetime) -> Iterator[Fault]:
    if values.get("safety_staff") != 0:
        return
    norm = queries.lately(queries.norm, "SAFETY-STAFF-ABOVE", at=now, region=values.get("region"))
    most = norm[0].most if norm is not None else None
    many = most is not None and (values.get("staff") or 0) > most
    if many or values.get("kind") in _HIGH_RISK:
        words = _("Full-time safety staff are needed here.")
        yield Fault("safety_staff", "missing", words, blocks=False)


def licence(values: Values, record: Any) -> Iterator[Fault]:
    """An end before the beginning cannot be meant; a licence longer than its kind allows is told."""
    since, until = values.get("since"), values.get("until")
    if since is None or until is None:
        return
    if until < since:
        yield Fault("until", "order", _("It ends before it begins."))
        return
    kind = str(values.get("kind") or "")
    years = queries.lately(queries.licence_years, kind, at=timezone.now(), region=values.get("region"))
    if years is not None and until > queries.years_later(since, years):
        words = _("Such a licence is valid for %(years)g years; this one is longer.")
        yield Fault("until", "long", words % {"years": years}, blocks=False)


def unit(values: Values, record: Any) -> Iterator[Fault]:
    """A unit belongs to an installation of its own enterprise."""
    installation = values.get("installation")
    owner = values.get("enterprise")
    if installation is not None and owner is not None and installation.enterprise_id != owner.pk:
        yield Fault("installation", "other", _("This installation belongs to another enterprise."))
    design, working = values.get("design_pressure"), values.get("working_pressure")
    if design is not None and working is not None and working > design:
        words = _("The working pressure lies above the design pressure.")
        yield Fault("working_pressure", "above", words, blocks=False)


def chemical(values: Values, record: Any) -> Iterator[Fault]:
    """CAS number, place and quantity of a chemical; a live inventory says as of when."""
    unit_, owner = values.get("unit"), values.get("enterprise")
    if unit_ is not None and owner is not None and unit_.enterprise_id != owner.pk:
        yield Fault("unit", "other", _("This plant, tank or store belongs to another enterprise."))
    if cas := values.get("cas"):
        for fault in codes.cas_faults(str(cas)):
            yield _warn("cas", fault)
    most, live = values.get("design_max"), values.get("inventory")
    for name, value in (("design_max", most), ("inventory", live)):
        if value is not None and value < 0:
            yield Fault(name, "range", _("This cannot be below zero."))
    if live is not None and values.get("inventory_at") is None:
        yield Fault("inventory_at", "missing", _("Say as of when the inventory is."))
    if most is not None and live is not None and live > most >= 0:
        words = _("More lies there than the design allows: %(live)g t of %(most)g t.")
        yield Fault("inventory", "above", words % {"live": live, "most": most}, blocks=False)
    yield from _found_in_standard(values)


def _found_in_standard(values: Values) -> Iterator[Fault]:
    """Tell when neither name, CAS number nor class finds a critical quantity."""
    if not values.get("name") or values.get("region") is None:
        return
    try:
        rules = queries.lately(queries.hazard_rules, at=timezone.now(), region=values["region"]).rules
    except NoRule:
        return
    name = queries.name_in_table(str(values["name"]), str(values.get("cas") or ""), rules)
    if values.get("counting") == Counting.OUTSIDE:
        if rules.find(name):
            words = _("This stands in table 1 of GB 18218 and counts.")
            yield Fault("counting", "named", words, blocks=False)
        return
    stock = Stock(name, 0, tuple(values.get("classes") or ()), Form(values.get("counting") or Form.PURE))
    if identify([stock], rules).terms[0].threshold is None:
        words = _("Not in table 1 of GB 18218 by name or CAS number: choose its hazard classes, or S stays open.")
        yield Fault("classes", "unknown", words, blocks=False)


def major_hazard(values: Values, record: Any) -> Iterator[Fault]:
    """A survey of people has its day."""
    if values.get("surveyed_people") is not None and values.get("surveyed_on") is None:
        yield Fault("surveyed_on", "missing", _("Say on which day the people were counted."))


def tailings_pond(values: Values, record: Any) -> Iterator[Fault]:
    """The filed grade against the one by volume and height; a pond holds no more than its volume."""
    for name in ("volume", "stored", "height", "designed_height", "nearest_m"):
        if values.get(name) is not None and values[name] < 0:
            yield Fault(name, "range", _("This cannot be below zero."))
    for less, more, words in (
        ("stored", "volume", _("More is stored than the pond can hold.")),
        ("height", "designed_height", _("The dam is higher than designed.")),
    ):
        if values.get(less) is not None and values.get(more) is not None and values[less] > values[more]:
            yield Fault(less, "above", words, blocks=False)
    if values.get("filed_grade") and values.get("region") is not None:
        found = pond_grade(_Pond(values), timezone.now())
        if found and found != values["filed_grade"]:
            words = _("By volume and height the grade is another one.")
            yield Fault("filed_grade", "differs", words, blocks=False)


class _Pond:
    """Values of a pond that is not kept yet."""

    def __init__(self, values: Values) -> None:
        self.volume, self.height, self.region = values.get("volume"), values.get("height"), values["region"]


def _warn(field: str, fault: CodeFault) -> Fault:
    """What is wrong with a code, in words; it never blocks: codes that fail are in use."""
    return _warning(field, fault.code, fault.where, tuple(fault.why.items()), get_language())


@functools.lru_cache(maxsize=4_096)
def _warning(field: str, code: str, where: str, why: tuple[tuple[str, Any], ...], language: str | None) -> Fault:
    """The warning in the language of the reader: a sheet of strangers has tens of thousands, and few that differ."""
    if code == "wrong_length":
        words = _("This code has %(length)s characters instead of %(expected)s.")
    elif code == "wrong_sign":
        words = _("Character %(at)s cannot be “%(sign)s”.")
    elif code == "wrong_check":
        words = _("Check digit %(at)s should be “%(expected)s”, not “%(found)s”; look for a typing error.")
    else:
        words = _("This code has another form than %(form)s.")
    return Fault(field, code, words % {"at": where, "form": "", **dict(why)}, blocks=False)
