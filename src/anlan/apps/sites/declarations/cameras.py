"""The register of cameras."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models import Camera
from anlan.kernel.registers.declarations import Marks, Register, Section, View, declare

GROUP = _("Cameras and stations")

CAMERAS = declare(
    Register(
        code="camera",
        model=Camera,
        title=_("Cameras"),
        one=_("camera"),
        group=GROUP,
        icon="camera",
        prefix="CAM",
        see="site.see",
        edit="site.edit",
        columns=("name", "watches", "subject", "region", "protocol", "condition", "checked_at", "keeper"),
        sections=(
            Section(_("Basics"), ("code", "name", "watches", "subject", "owner")),
            Section(_("Picture"), ("protocol", "stream", "still", "lookers", "heading", "movable", "night")),
            Section(_("Spot checks"), ("condition", "checked_at")),
            Section(_("Place"), ("region", "address", "lon", "lat")),
            Section(_("Persons in charge"), ("keeper", "keeper_phone", "remark")),
        ),
        filters=("watches", "region", "protocol", "condition", "checked_at"),
        search=("subject", "address", "owner"),
        sensitive={"keeper_phone": "phone"},
        units={"heading": "°"},
        views=(
            View("faulty", _("Found faulty"), "condition=offline,covered,angle"),
            View("unchecked", _("Never checked"), "checked_at=none"),
            View("mute", _("Without address"), "stream=none"),
        ),
        marks=Marks(group=GROUP, icons={"": "video"}, minzoom=11.0, order=60),
        checks=("camera.addresses",),
        order=90,
    )
)
