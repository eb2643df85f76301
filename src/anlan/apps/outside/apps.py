from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class OutsideConfig(AppConfig):
    name = "anlan.apps.outside"
    label = "outside"
    verbose_name = _("Outside data")

    def ready(self) -> None:
        from anlan.apps.outside import jobs, layers, rules  # noqa: F401  declares the layers
        from anlan.apps.outside.queries.hotspots import hotspots_for
        from anlan.apps.outside.queries.quakes import quakes_for
        from anlan.kernel.audit.words import name_acts
        from anlan.kernel.people.rights import may
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.sensing.pages import register_page
        from anlan.kernel.web import nav
        from anlan.kernel.web.refs import register_ref

        declare_verb("outside.see", _("See earthquakes and hotspots from outside"), kind="see")
        declare_verb("outside.manage", _("Keep the sources of outside data"))
        name_acts(
            {
                "outside.add": _("Outside source entered"),
                "outside.change": _("Outside source changed"),
                "outside.on": _("Outside source switched on"),
                "outside.off": _("Outside source switched off"),
                "outside.remove": _("Outside source removed"),
                "outside.tell": _("Earthquake told to the duty desk"),
                "outside.check": _("Check of a hotspot ordered"),
            }
        )
        rules.register()
        jobs.register()
        register_page("quakes", _("Earthquakes"), "outside:quakes", "outside.see")
        register_page("hotspots", _("Hotspots"), "outside:hotspots", "outside.see")
        register_page("feeds", _("Outside sources"), "outside:feeds", "outside.manage")
        nav.register_system_page(
            "outside", _("Outside sources"), "globe", "outside:feeds", "outside.manage", 63,
            _("Earthquakes, hotspots and weather stations that are fetched"),
        )  # fmt: skip
        register_ref(
            self.get_model("Feed"),
            url=lambda row: reverse("outside:feed", args=[row.pk]),
            gate=lambda actor, row: may(actor, "outside.manage", row.region),
        )
        register_ref(
            self.get_model("Quake"),
            url=lambda row: reverse("outside:quake", args=[row.pk]),
            gate=lambda actor, row: quakes_for(actor).filter(pk=row.pk).exists(),
        )
        register_ref(
            self.get_model("Hotspot"),
            url=lambda row: reverse("outside:hotspot", args=[row.pk]),
            gate=lambda actor, row: hotspots_for(actor).filter(pk=row.pk).exists(),
        )
