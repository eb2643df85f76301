from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SitesConfig(AppConfig):
    name = "anlan.apps.sites"
    label = "sites"
    verbose_name = _("Sites")

    def ready(self) -> None:
        from django.urls import reverse

        from anlan.apps.sites import declarations, layers  # noqa: F401  the layers declare themselves
        from anlan.apps.sites.models import Site
        from anlan.kernel.people.rights import may
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.web.refs import register_ref

        declare_verb("site.see", _("See the register of sites"), kind="see")
        declare_verb("site.edit", _("Change the register of sites"), kind="act")
        register_ref(
            Site,
            url=lambda site: reverse("registers:archive", args=[declarations.SITES.code, site.code]),
            label=lambda site: site.name,
            gate=lambda actor, site: may(actor, "site.see", site.region),
        )
