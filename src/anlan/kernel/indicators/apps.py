from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class IndicatorsConfig(AppConfig):
    name = "anlan.kernel.indicators"
    label = "indicators"
    verbose_name = _("Indicators")

    def ready(self) -> None:
        from anlan.kernel.audit.words import name_acts  # models are ready only now
        from anlan.kernel.indicators import jobs, rules
        from anlan.kernel.people import tokens
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.web.nav import register_desk

        declare_verb("indicator.view", _("See indicators"), kind="see")
        declare_verb("indicator.enter", _("Enter yearly figures and measure indicators"))
        declare_verb("indicator.target", _("Set targets of indicators"))
        name_acts(
            {
                "indicator.figure": _("Yearly figure entered"),
                "indicator.target": _("Target set"),
                "indicator.measured": _("Indicators measured"),
            }
        )
        tokens.register_verbs(lambda: ("indicator.view", "indicator.enter"))
        rules.register()
        jobs.register()
        register_desk(
            "indicators", pgettext_lazy("rail", "Indicators"), "target", "indicators:list", "indicator.view", 60,
            phone=False,
        )  # fmt: skip
