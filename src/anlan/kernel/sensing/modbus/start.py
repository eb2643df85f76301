"""What the asking by Modbus tells the rooms below at start."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.kernel.audit.words import name_acts


def register() -> None:
    name_acts(
        {
            "device.modbus": _("Modbus unit connected or changed"),
            "device.modbus_switch": _("Modbus unit switched on or off"),
            "device.modbus_map": _("Modbus map written"),
            "device.modbus_try": _("Modbus map read once"),
            "device.modbus_remove": _("Modbus unit removed"),
        }
    )
