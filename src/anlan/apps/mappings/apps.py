from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MappingsConfig(AppConfig):
    name = "anlan.apps.mappings"
    label = "mappings"
    verbose_name = _("Mappings of vendors' messages")

    def ready(self) -> None:
        from django.urls import reverse

        from anlan.apps.mappings.models import Mapping
        from anlan.apps.mappings.queries import count_callers
        from anlan.kernel.audit.words import name_acts
        from anlan.kernel.people.rights import may
        from anlan.kernel.sensing.pages import register_page
        from anlan.kernel.web.refs import register_ref

        register_page("mappings", _("Vendor messages"), "mappings:mappings", "device.manage", count_callers)
        register_ref(
            Mapping,
            url=lambda mapping: reverse("mappings:mapping", args=[mapping.pk]),
            label=lambda mapping: f"{mapping.name} v{mapping.version}",
            gate=lambda actor, mapping: may(actor, "device.manage", mapping.region),
        )
        name_acts(
            {
                "mapping.draft": _("Mapping drafted"),
                "mapping.change": _("Draft of a mapping changed"),
                "mapping.listen": _("Listening of a draft changed"),
                "mapping.confirm": _("Example message confirmed"),
                "mapping.drop_example": _("Example message removed"),
                "mapping.put_in_force": _("Mapping put in force"),
                "mapping.end": _("Mapping ended"),
                "mapping.drop": _("Draft of a mapping removed"),
                "mapping.link": _("Device registered for a mapping"),
                "mapping.unlink": _("Device taken from a mapping"),
            }
        )
