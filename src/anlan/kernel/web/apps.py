from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from anlan.kernel.web import nav


class WebConfig(AppConfig):
    name = "anlan.kernel.web"
    label = "web"
    verbose_name = _("Web")

    def ready(self) -> None:
        nav.register_desk("system", _("System"), "system", "system:index", "system.see", 900, foot=True, phone=False)
