from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "anlan.kernel.cases"
    label = "cases"
    verbose_name = _("Cases")

    def ready(self) -> None:
        from anlan.kernel.cases import start

        start.register()
