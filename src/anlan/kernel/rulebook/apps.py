from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.web import nav
from anlan.kernel.web.refs import register_ref

declare_verb("rulebook.see", _("read the rulebook"), kind="see")
declare_verb("rulebook.ship", _("bring a rule with an upgrade"))


class RulebookConfig(AppConfig):
    name = "anlan.kernel.rulebook"
    label = "rulebook"
    verbose_name = _("Rulebook")

    def ready(self) -> None:
        from anlan.kernel.people.rights import holds  # models are ready only now
        from anlan.kernel.rulebook import services, shape_words, shapes, wording

        shapes.register()
        shape_words.register()

        def load(**_signal: Any) -> None:
            services.load_shipped(timezone.now())

        register_ref(
            self.get_model("Entry"),
            name="rule",
            url=lambda entry: reverse("rulebook:entry", args=[entry.pk]),
            label=wording.title_of,
            gate=lambda actor, _entry: holds(actor, "rulebook.see"),
        )
        post_migrate.connect(load, sender=self, dispatch_uid="rulebook.load", weak=False)
        nav.register_system_page(
            "rulebook", _("Rulebook"), "rule", "rulebook:index", "rulebook.see", 40,
            _("Every rule with its clause and its days"),
        )  # fmt: skip
