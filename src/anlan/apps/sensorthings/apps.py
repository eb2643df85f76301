from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SensorThingsConfig(AppConfig):
    name = "anlan.apps.sensorthings"
    label = "sensorthings"
    verbose_name = _("SensorThings API")

    def ready(self) -> None:
        from anlan.kernel.audit.words import name_acts
        from anlan.kernel.people import tokens
        from anlan.kernel.people.verbs import declare_verb

        declare_verb("reading.send", _("Send readings for devices through an API token"))
        name_acts({"sensorthings.change": _("Description of a Thing or Datastream changed")})
        tokens.register_verbs(lambda: ["point.see", "device.manage", "reading.send"])
