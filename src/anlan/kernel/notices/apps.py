from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from anlan.kernel.jobs import ticks
from anlan.kernel.web import health, nav


class NoticesConfig(AppConfig):
    name = "anlan.kernel.notices"
    label = "notices"
    verbose_name = _("Notices")

    def ready(self) -> None:
        from anlan.kernel.notices import queries, services  # models are ready only now

        ticks.register_tick("notices.deliver", services.deliver, every_s=1)
        nav.register_figure("unread", queries.unread)
        health.register_check("notices", queries.health, _("Notices"))
