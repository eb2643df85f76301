from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DesksConfig(AppConfig):
    name = "anlan.kernel.desks"
    label = "desks"
    verbose_name = _("Desks")

    def ready(self) -> None:
        from anlan.kernel.desks import inbox, rail, sources
        from anlan.kernel.desks import map as map_desk

        inbox.register_source("alarm", _("Alarms"), sources.alarm_items)
        inbox.register_source("shelved", _("Shelved"), sources.shelved_items)
        inbox.register_source("case", _("Cases"), sources.case_items)
        rail.register()
        map_desk.declare_layers()
