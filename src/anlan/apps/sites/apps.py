from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SitesConfig(AppConfig):
    name = "anlan.apps.sites"
    label = "sites"
    verbose_name = _("Sites")

    def ready(self) -> None:
        from anlan.apps.sites import declarations, enterprises, places  # noqa: F401  the registers declare themselves
        from anlan.kernel.people.verbs import declare_verb

        declare_verb("site.see", _("See the register of sites"), kind="see")
        declare_verb("site.edit", _("Change the register of sites"), kind="act")
        enterprises.register()
        places.register()
