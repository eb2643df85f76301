"""The registers of schools, hospitals and crowded places."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models import CrowdedKind, CrowdedPlace, Hospital, School
from anlan.kernel.registers.declarations import Marks, Register, Section, View, declare

GROUP = _("Places with many people")

SCHOOLS = declare(
    Register(
        code="school",
        model=School,
        title=_("Schools"),
        one=_("school"),
        group=GROUP,
        icon="school",
        prefix="SCH",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "region", "students", "boarders", "staff", "contact", "contact_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "students", "boarders", "staff")),
            Section(_("Buildings"), ("buildings", "floors", "built_year", "canteen", "buses", "drill_on")),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline")),
            Section(_("Persons in charge"), ("head", "head_phone", "contact", "contact_phone", "remark")),
        ),
        filters=("kind", "region", "boarders", "drill_on"),
        search=("address", "head", "contact"),
        sensitive={"head_phone": "phone", "contact_phone": "phone"},
        views=(
            View("boarding", _("With boarders"), "boarders=1.."),
            View("undrilled", _("No drill for half a year"), "drill_on=..-180d"),
        ),
        marks=Marks(group=GROUP, icons={"": "school"}, minzoom=10.2, order=41),
        checks=("school.people",),
        order=60,
    )
)

HOSPITALS = declare(
    Register(
        code="hospital",
        model=Hospital,
        title=_("Hospitals"),
        one=_("hospital"),
        group=GROUP,
        icon="cross",
        prefix="HSP",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "level", "region", "beds", "icu_beds", "burn_beds", "ambulances", "emergency_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "level", "doctors", "nurses")),
            Section(
                _("What it can take in"),
                ("beds", "icu_beds", "burn_beds", "isolation_beds", "theatres", "ambulances", "blood_units",
                 "decontamination", "helicopter", "power_hours"),
            ),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline")),
            Section(_("Persons in charge"), ("director", "director_phone", "emergency_phone", "remark")),
        ),
        filters=("kind", "level", "region", "icu_beds", "burn_beds", "decontamination"),
        search=("address", "director"),
        sensitive={"director_phone": "phone"},
        units={"power_hours": "h", "blood_units": "U"},
        views=(
            View("burns", _("With burns beds"), "burn_beds=1.."),
            View("decontamination", _("Can decontaminate people"), "decontamination=1"),
        ),
        marks=Marks(group=GROUP, icons={"": "cross"}, minzoom=9.0, order=40),
        checks=("hospital.beds",),
        order=61,
    )
)  # fmt: skip

CROWDED_PLACES = declare(
    Register(
        code="crowded-place",
        model=CrowdedPlace,
        title=_("Crowded places"),
        one=_("crowded place"),
        group=GROUP,
        icon="people",
        prefix="CRP",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "region", "capacity", "floors", "opening", "fire_grade", "keeper", "keeper_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "capacity", "sleepers", "helpless", "opening")),
            Section(
                _("Building and fire safety"),
                ("area_m2", "floors", "basements", "exits", "fire_grade", "sprinklers", "fire_key_unit"),
            ),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline")),
            Section(_("Persons in charge"), ("keeper", "keeper_phone", "remark")),
        ),
        filters=("kind", "region", "capacity", "fire_grade", "sprinklers"),
        search=("address", "keeper"),
        sensitive={"keeper_phone": "phone"},
        units={"area_m2": "m²"},
        views=(
            View("sleeping", _("People sleep there"), "sleepers=1.."),
            View("helpless", _("People who cannot leave alone"), "helpless=1.."),
            View("dry", _("Without sprinklers"), "sprinklers=0"),
        ),
        marks=Marks(
            group=GROUP, field="kind", minzoom=11.0, order=42,
            icons={"": "people", CrowdedKind.MALL: "box", CrowdedKind.HOTEL: "house", CrowdedKind.ELDERLY: "person",
                   CrowdedKind.WELFARE: "person"},
        ),
        checks=("crowded.people",),
        order=62,
    )
)  # fmt: skip
