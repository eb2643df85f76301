from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from anlan.kernel.jobs import ticks


class ClocksConfig(AppConfig):
    name = "anlan.kernel.clocks"
    label = "clocks"
    verbose_name = _("Clocks")

    def ready(self) -> None:
        from anlan.kernel.clocks import services  # models are ready only now

        ticks.register_tick("clocks.scan", services.scan, every_s=1)
