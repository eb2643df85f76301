"""The register of monitoring stations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.declarations.cameras import GROUP
from anlan.apps.sites.models import Station, StationKind
from anlan.kernel.registers.declarations import Marks, Register, Section, View, declare

STATIONS = declare(
    Register(
        code="station",
        model=Station,
        title=_("Monitoring stations"),
        one=_("monitoring station"),
        group=GROUP,
        icon="gauge",
        prefix="STA",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "number", "region", "river", "elements", "warning_m", "guarantee_m", "report_min"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "number", "elements", "report_min", "since", "owner")),
            Section(_("Water"), ("river", "basin_km2", "altitude_m", "datum", "warning_m", "guarantee_m")),
            Section(_("Place"), ("region", "address", "lon", "lat")),
            Section(_("Persons in charge"), ("keeper", "keeper_phone", "remark")),
        ),
        filters=("kind", "region", "elements", "river"),
        search=("number", "river", "owner"),
        sensitive={"keeper_phone": "phone"},
        keys=("number",),
        units={"basin_km2": "km²", "altitude_m": "m", "warning_m": "m", "guarantee_m": "m", "report_min": "min"},
        views=(
            View("rivers", _("Rivers"), "kind=hydro,stage"),
            View("rain", _("Rain"), "elements=rain"),
        ),
        marks=Marks(
            group=GROUP, field="kind", minzoom=9.0, order=61,
            icons={"": "gauge", StationKind.HYDRO: "wave", StationKind.STAGE: "wave", StationKind.RAIN: "rain",
                   StationKind.GEOLOGY: "slope", StationKind.FOREST: "fire"},
        ),
        checks=("station.levels",),
        order=91,
    )
)  # fmt: skip
