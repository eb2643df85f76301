from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MonitoringConfig(AppConfig):
    name = "anlan.apps.monitoring"
    label = "monitoring"
    verbose_name = _("Monitoring")

    def ready(self) -> None:
        from anlan.apps.monitoring import layers, services, tabs  # noqa: F401  declares the layers
        from anlan.kernel.cases import effects
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.registers.declarations import register_move, register_tabs
        from anlan.kernel.sensing.alarms import register_case_opener
        from anlan.kernel.sensing.pages import register_page

        declare_verb("scenario.run", _("Start and stop scenarios of the demo"))
        register_case_opener(services.open_alarm_case)
        register_page("quality", _("Alarm quality"), "monitoring:quality", "alarm.see")
        register_page("health", _("Device health"), "monitoring:health", "point.see")
        register_page("message", _("Read a message"), "monitoring:message", "device.manage")
        effects.register("alarms.settle", services.settle_alarms)
        effects.register("alarms.release", services.release_alarms)
        register_tabs(tabs.tabs)
        register_move("points", tabs.move_points)
