from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChainsConfig(AppConfig):
    name = "anlan.kernel.chains"
    label = "chains"
    verbose_name = _("Chains")

    def ready(self) -> None:
        from django.urls import reverse

        from anlan.kernel.chains import sources, timeline
        from anlan.kernel.chains.models import Chain
        from anlan.kernel.people.rights import may
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.web.refs import register_ref

        declare_verb("chain.see", _("See a chain"), kind="see")
        register_ref(
            Chain,
            url=lambda chain: reverse("desks:chain", args=[chain.number]),
            label=lambda chain: f"{chain.number} {chain.title}",
            gate=lambda actor, chain: may(actor, "chain.see", chain.region),
        )
        timeline.register_source("chain", sources.of_itself)
        timeline.register_source("clocks", sources.of_clocks)
        timeline.register_source("notices", sources.of_notices)
