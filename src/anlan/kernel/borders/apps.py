from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class BordersConfig(AppConfig):
    name = "anlan.kernel.borders"
    label = "borders"
    verbose_name = _("Borders")

    def ready(self) -> None:
        from anlan.kernel.audit.words import name_acts  # models are ready only now
        from anlan.kernel.borders import jobs  # noqa: F401  its jobs declare themselves
        from anlan.kernel.people.rights import may
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.regions.models import Region
        from anlan.kernel.web import nav
        from anlan.kernel.web.refs import register_ref

        declare_verb("region.manage", _("Change regions: names, codes, mergers, boundaries"))
        name_acts(
            {
                "region.add": _("Region added"),
                "region.redescribe": _("Region renamed or recoded"),
                "region.merge": _("Region merged"),
                "region.undo_merge": _("Merger of regions undone"),
                "region.plan_merge": _("Merger of regions planned"),
                "region.call_off_merge": _("Planned merger called off"),
                "region.failed_merge": _("Planned merger not carried out"),
                "region.boundary": _("Boundary set"),
                "region.read": _("File of regions read"),
                "region.apply": _("File of regions put in force"),
                "region.drop": _("File of regions dropped"),
            }
        )
        nav.register_system_page(
            "regions", _("Regions"), "map", "borders:index", "region.see", 35,
            _("The tree of places, boundaries, mergers and former codes"),
        )  # fmt: skip
        register_ref(
            Region,
            url=lambda row: reverse("borders:region", args=[row.code]),
            gate=lambda actor, row: may(actor, "region.see", row),
        )
