"""The register of disasters of the past."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.census.models import DisasterEvent, Hazard
from anlan.kernel.registers.declarations import Marks, Register, Section, View, declare

EVENTS = declare(
    Register(
        code="disaster-event",
        model=DisasterEvent,
        title=_("Disasters of the past"),
        one=_("disaster"),
        group=_("Risk census"),
        icon="history",
        prefix="DIS",
        see="census.see",
        edit="census.edit",
        columns=("name", "hazard", "began_on", "region", "grade", "dead", "affected", "collapsed", "loss"),
        sections=(
            Section(_("Basics"), ("code", "name", "hazard", "began_on", "ended_on", "grade", "cause", "reported_by")),
            Section(_("Harm to people"), ("dead", "missing", "injured", "affected", "relocated")),
            Section(_("Losses"), ("collapsed", "damaged", "crops", "loss")),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline", "remark")),
        ),
        filters=("region", "hazard", "began_on", "grade", "dead", "loss"),
        search=("address", "reported_by"),
        colour_by="grade",
        units={"crops": "hm²", "loss": _("10,000 yuan")},
        views=(
            View("deadly", _("With deaths"), "dead=1.."),
            View("recent", _("The last five years"), "began_on=-1826d..today"),
        ),
        checks=("census.event",),
        marks=Marks(
            group=_("Exposure"),
            icons={
                "": "history", Hazard.FLOOD: "wave", Hazard.FLASH: "wave", Hazard.SLIDE: "slope", Hazard.FIRE: "fire",
                Hazard.FROST: "snow", Hazard.WIND: "rain", Hazard.ACCIDENT: "factory",
            },
            field="hazard",
            order=94,
        ),
        order=520,
    )
)  # fmt: skip
