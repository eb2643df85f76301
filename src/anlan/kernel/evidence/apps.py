from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.web import refs

declare_verb("evidence.see", _("see photos and files"), kind="see")
declare_verb("evidence.keep", _("keep a photo or file as proof"))


class EvidenceConfig(AppConfig):
    name = "anlan.kernel.evidence"
    label = "evidence"
    verbose_name = _("Evidence")

    def ready(self) -> None:
        refs.register_ref(
            self.get_model("Evidence"),
            url=lambda kept: reverse("evidence:file", args=[kept.pk]),
            gate=lambda actor, kept: refs.may_see(actor, kept.ref),
        )
