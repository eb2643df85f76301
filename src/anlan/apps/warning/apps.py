from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class WarningConfig(AppConfig):
    name = "anlan.apps.warning"
    label = "warning"
    verbose_name = _("Warnings")

    def ready(self) -> None:
        from anlan.apps.warning import gates, inbox, jobs, layers, rules
        from anlan.kernel.audit.words import name_acts
        from anlan.kernel.chains import timeline
        from anlan.kernel.desks.inbox import register_source
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.web import nav
        from anlan.kernel.web.refs import register_ref

        declare_verb("warning.see", _("See warnings"), kind="see")
        declare_verb("warning.note", _("Take note of warnings for the duty desk"))
        declare_verb("warning.draft", _("Write warnings of our own"))
        declare_verb("warning.issue", _("Issue warnings of our own, as the second person"))
        declare_verb("warning.aside", _("See messages that were set aside, and where warnings come from"), kind="see")
        declare_verb("warning.sender", _("Decide which senders of warnings count as genuine"))
        declare_verb("warning.source", _("Open and close sources of warnings"))
        name_acts(
            {
                "warning.take": _("Message taken"),
                "warning.note": _("Warning noted"),
                "warning.chain": _("Chain opened from a warning"),
                "warning.sender": _("Decided about a sender of warnings"),
                "warning.source": _("Source of warnings entered"),
                "warning.source_change": _("Source of warnings changed"),
                "warning.source_token": _("Token of a source of warnings replaced"),
                "warning.draft": _("Warning written"),
                "warning.propose": _("Warning laid before a second person"),
                "warning.send_back": _("Warning sent back to its author"),
                "warning.discard": _("Draft of a warning discarded"),
                "warning.issue": _("Warning issued"),
            }
        )
        rules.register()
        jobs.register()
        layers.declare_layers()
        register_source("warning", _("Warnings"), inbox.items)
        timeline.register_source("warnings", inbox.steps)
        nav.register_desk(
            "warning", _("Warnings"), "alert", "warning:list", verb="warning.see", order=25, badge=inbox.badge,
            phone=False,
        )  # fmt: skip
        nav.register_system_page(
            "warning_sources", _("Sources of warnings"), "inbox", "warning:sources", "warning.aside", 63,
            _("Where warnings of others come from, and which senders count as genuine"),
        )  # fmt: skip
        register_ref(
            self.get_model("Message"), name="warning", gate=gates.message,
            url=lambda row: reverse("warning:message", args=[row.pk]),
        )  # fmt: skip
        register_ref(
            self.get_model("Draft"), name="warning_draft", gate=gates.draft,
            url=lambda row: reverse("warning:draft", args=[row.pk]),
        )  # fmt: skip
        register_ref(
            self.get_model("Source"), name="warning_source", gate=lambda actor, _row: gates.looks_after(actor),
            url=lambda row: reverse("warning:source", args=[row.pk]),
        )  # fmt: skip
        register_ref(
            self.get_model("Sender"), name="warning_sender", gate=lambda actor, _row: gates.looks_after(actor),
            url=lambda row: reverse("warning:sender", args=[row.pk]),
        )  # fmt: skip
