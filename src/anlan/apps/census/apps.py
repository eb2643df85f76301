from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CensusConfig(AppConfig):
    name = "anlan.apps.census"
    label = "census"
    verbose_name = _("Risk census")

    def ready(self) -> None:
        from anlan.apps.census import declarations, jobs, layers  # noqa: F401  the registers declare themselves
        from anlan.apps.census.checks import event_faults
        from anlan.apps.census.queries.people import count_people
        from anlan.apps.census.shape import faults
        from anlan.kernel.audit.words import name_acts
        from anlan.kernel.layers.people_within import register_people
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.registers.declarations import register_check
        from anlan.kernel.registers.pages import register_page
        from anlan.kernel.rulebook.schemas import register_schema

        declare_verb("census.see", _("See the risk census"), kind="see")
        declare_verb("census.edit", _("Take in and change the risk census"), kind="act")
        jobs.register()
        name_acts(
            {
                "census.stage": _("Edition of the grid read in"),
                "census.put_in_force": _("Edition of the grid put in force"),
                "census.take_back": _("Edition of the grid taken back"),
                "census.discard": _("Edition of the grid discarded"),
                "census.hand_in": _("File with a grid handed in"),
                "census.read": _("File with a grid read"),
                "census.read_again": _("File with a grid read again"),
                "census.give_up": _("File with a grid given up"),
            }
        )
        register_check("census.event", event_faults)
        register_people(count_people, verb="census.see")
        register_schema("census", faults)
        tables = ("building", "town-capacity", "disaster-event")
        register_page("census", _("Risk census"), "census:overview", "census.see", beside=tables)
