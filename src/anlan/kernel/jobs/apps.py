from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from anlan.kernel.jobs import ticks
from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.web import health, nav

declare_verb("jobs.manage", _("see the jobs and run again what failed"))


class JobsConfig(AppConfig):
    name = "anlan.kernel.jobs"
    label = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        from anlan.kernel.audit import sealer  # models are ready only now
        from anlan.kernel.jobs import daily, desk, loop

        ticks.register_tick("audit.seal", sealer.seal, every_s=1)
        daily.timetable()
        desk.register()
        health.register_check("jobs", loop.health, _("Jobs process"))
        nav.register_system_page(
            "jobs",
            _("Jobs"),
            "history",
            "admin:jobs_job_changelist",
            "jobs.manage",
            70,
            _("What runs by itself, and what was put aside"),
        )
