from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KnowledgeConfig(AppConfig):
    name = "anlan.apps.knowledge"
    label = "knowledge"
    verbose_name = _("Knowledge library")

    def ready(self) -> None:
        from django.urls import reverse

        from anlan.apps.knowledge import archive_tabs  # models are ready only now
        from anlan.apps.knowledge.queries import visible
        from anlan.kernel.audit.words import name_acts
        from anlan.kernel.people.verbs import declare_verb
        from anlan.kernel.web.nav import register_desk
        from anlan.kernel.web.refs import register_ref

        declare_verb("knowledge.see", _("Read the library of laws, standards, cases and data sheets"), kind="see")
        declare_verb("knowledge.edit", _("Keep the library and write notes in it"))
        name_acts(
            {
                "knowledge.add": _("Document added"),
                "knowledge.change": _("Document changed"),
                "knowledge.replace": _("Document replaced by a new edition"),
                "knowledge.remove": _("Document taken out of the library"),
                "knowledge.restore": _("Document put back"),
                "knowledge.note": _("Note written"),
                "knowledge.unnote": _("Note taken away"),
            }
        )
        register_desk("knowledge", _("Knowledge"), "book", "knowledge:search", "knowledge.see", 55, phone=False)
        register_ref(
            self.get_model("Document"),
            url=lambda row: reverse("knowledge:document", args=[row.code]),
            gate=lambda actor, row: visible(actor).filter(pk=row.pk).exists(),
        )
        archive_tabs.register()
