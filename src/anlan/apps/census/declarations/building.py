"""The register of buildings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.census.models import Building, Use
from anlan.kernel.registers.declarations import Marks, Register, Section, View, declare

BUILDINGS = declare(
    Register(
        code="building",
        model=Building,
        title=_("Buildings"),
        one=_("building"),
        group=_("Risk census"),
        icon="house",
        prefix="BLD",
        see="census.see",
        edit="census.edit",
        columns=("name", "use", "structure", "storeys", "built", "people_night", "weakness", "region"),
        sections=(
            Section(_("Basics"), ("code", "name", "use", "structure", "storeys", "built", "floor_area", "quake_proof",
                                  "weakness")),
            Section(_("People"), ("people_day", "people_night")),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline", "remark")),
        ),
        filters=("region", "use", "structure", "weakness", "storeys", "built", "quake_proof"),
        search=("address",),
        colour_by="weakness",
        units={"floor_area": "m²"},
        views=(
            View("weak", _("Most vulnerable"), "weakness=1,2"),
            View("old", _("Built before 1980"), "built=..1979"),
        ),
        marks=Marks(
            group=_("Exposure"),
            icons={"": "house", Use.SCHOOL: "school", Use.HEALTH: "cross", Use.FACTORY: "factory", Use.SHOP: "site"},
            field="use",
            draw="fill",
            minzoom=12.0,
            order=92,
        ),
        order=510,
    )
)  # fmt: skip
