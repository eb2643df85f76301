from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class DutiesConfig(AppConfig):
    name = "anlan.kernel.duties"
    label = "duties"
    verbose_name = _("Duties")

    def ready(self) -> None:
        from anlan.kernel.audit.words import name_acts  # models are ready only now
        from anlan.kernel.duties import presence, rosters, rules
        from anlan.kernel.jobs.registry import job
        from anlan.kernel.people.rights import may
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.web.nav import register_desk
        from anlan.kernel.web.refs import register_ref

        declare_verb("duty.see", _("See who answers for a place, and rosters"), kind="see")
        declare_verb("duty.manage", _("Name who answers, keep lists of responsibility and absences"))
        declare_verb("roster.plan", _("Draw up and publish rosters"))
        declare_verb("roster.swap", _("Swap one's duties"))
        name_acts(
            {
                "duty.away": _("Absence noted"),
                "duty.back": _("Absence ended"),
                "duty.wish": _("Wish about a duty"),
                "duty.list": _("Responsibility added"),
                "duty.list_end": _("Responsibility ended"),
                "roster.join": _("Person joined the roster"),
                "roster.leave": _("Person left the roster"),
                "roster.draw": _("Roster asked for"),
                "roster.drawn": _("Roster drawn up"),
                "roster.publish": _("Roster published"),
                "roster.replace": _("Somebody else set in a duty"),
                "roster.ask": _("Swap of a duty asked"),
                "roster.agree": _("Swap of a duty agreed"),
                "roster.refuse": _("Swap of a duty refused"),
                "roster.withdraw": _("Swap of a duty taken back"),
            }
        )
        rules.register()
        presence.register()
        job(rosters.JOB, lease_s=180)(rosters.draw)
        title = pgettext_lazy("rail", "Duties")
        register_desk("duties", title, "people", "duties:index", "duty.see", 45, phone=False)
        register_ref(
            self.get_model("Roster"),
            url=rosters.address,
            gate=lambda actor, row: may(actor, "duty.see", row.region),
        )
