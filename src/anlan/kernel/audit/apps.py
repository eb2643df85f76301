from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people import trail
from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.web import health, nav

declare_verb("audit.see", _("read the audit trail"), kind="see")


class AuditConfig(AppConfig):
    name = "anlan.kernel.audit"
    label = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from anlan.kernel.audit import desk, queries, services  # models are ready only now

        trail.register_recorder(services.record)
        health.register_check("audit", queries.health, _("Audit chain"))
        desk.register()
        nav.register_system_page(
            "audit", _("Audit trail"), "lock", "admin:audit_entry_changelist", "audit.see", 60,
            _("Who did what, when, from where"),
        )  # fmt: skip
