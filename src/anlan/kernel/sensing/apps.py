"""Sensing at start: its verbs, names of its rows, timeline source, clock ladder, health and pages."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SensingConfig(AppConfig):
    name = "anlan.kernel.sensing"
    label = "sensing"
    verbose_name = _("Sensing")

    def ready(self) -> None:
        from anlan.kernel.sensing import start

        start.register()
