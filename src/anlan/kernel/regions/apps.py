from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegionsConfig(AppConfig):
    name = "anlan.kernel.regions"
    label = "regions"
    verbose_name = _("Regions")

    def ready(self) -> None:
        from anlan.kernel.regions import queries, scope  # models are ready only now

        scope.register_former_paths(queries.former_paths)
