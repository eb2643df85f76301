from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    name = "anlan.apps.exchange"
    label = "exchange"
    verbose_name = _("Data exchange")

    def ready(self) -> None:
        from anlan.apps.exchange import jobs, rules  # models are ready only now
        from anlan.kernel.audit.words import name_acts
        from anlan.kernel.people.rights import holds, may
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.registers.pages import register_page
        from anlan.kernel.web import nav
        from anlan.kernel.web.refs import register_ref

        declare_verb("catalogue.see", _("See the data catalogue"), kind="see")
        declare_verb("catalogue.manage", _("Keep the data catalogue and measure registers"))
        declare_verb("exchange.see", _("See who gets and who took which data"), kind="see")
        declare_verb("exchange.manage", _("Agree on subscriptions to data"))
        declare_verb("exchange.approve", _("Let personal fields leave, as the second person"))
        declare_verb("exchange.address", _("List the addresses to which data may be sent"))
        declare_verb("exchange.receive", _("Take in data of other installations"))
        name_acts(
            {
                "catalogue.describe": _("Register described"),
                "catalogue.confirm": _("Register confirmed as up to date"),
                "catalogue.measure": _("Register measured"),
                "exchange.subscribe": _("Subscription opened"),
                "exchange.change": _("Subscription changed"),
                "exchange.withdraw": _("Approval of personal fields taken back"),
                "exchange.pause": _("Subscription paused"),
                "exchange.resume": _("Subscription resumed"),
                "exchange.end": _("Subscription ended"),
                "exchange.new_key": _("Key of a subscription replaced"),
                "exchange.begin_again": _("Full copy begun again"),
                "exchange.take": _("Data taken"),
                "exchange.address_end": _("Address taken off the list"),
                "exchange.source": _("Source opened"),
                "exchange.source_change": _("Source changed"),
                "exchange.take_in": _("Received record taken over"),
                "exchange.leave": _("Received record left aside"),
            }
        )
        rules.register()
        jobs.register()
        register_page("catalogue", _("Data catalogue"), "exchange:catalogue", "catalogue.see")
        register_page("exchange", _("Data exchange"), "exchange:subscriptions", "exchange.see")
        nav.register_system_page(
            "catalogue", _("Data catalogue"), "table", "exchange:catalogue", "catalogue.see", 60,
            _("Every register with owner, freshness and quality"),
        )  # fmt: skip
        nav.register_system_page(
            "exchange", _("Data exchange"), "send", "exchange:subscriptions", "exchange.see", 61,
            _("Who gets and who took which data"),
        )  # fmt: skip
        nav.register_system_page(
            "exchange_addresses", _("Addresses for data"), "globe", "exchange:addresses", "exchange.address", 62,
            _("The only places to which data is sent"),
        )  # fmt: skip
        register_ref(
            self.get_model("Subscription"),
            url=lambda row: reverse("exchange:subscription", args=[row.code]),
            gate=lambda actor, row: may(actor, "exchange.see", row.region),
        )
        register_ref(
            self.get_model("Source"),
            url=lambda row: reverse("exchange:source", args=[row.pk]),
            gate=lambda actor, _row: holds(actor, "exchange.receive"),
        )
        register_ref(
            self.get_model("Received"),
            url=lambda row: reverse("exchange:received", args=[row.pk]),
            gate=lambda actor, _row: holds(actor, "exchange.receive"),
        )
