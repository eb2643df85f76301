from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GoalsConfig(AppConfig):
    name = "anlan.apps.goals"
    label = "goals"
    verbose_name = _("Goals and appraisal")

    def ready(self) -> None:
        # Models are ready only now; the indicators declare themselves when they are imported.
        from anlan.apps.goals import measures  # noqa: F401
        from anlan.apps.goals.start import documents, joined, tasks

        documents.register()
        tasks.register()
        joined.register()
