"""What derived points tell the rooms below at start."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.kernel.audit.words import name_acts
from anlan.kernel.jobs.ticks import register_tick
from anlan.kernel.sensing.derived import past, run  # noqa: F401  declares the job of the past


def register() -> None:
    name_acts({"derived.add": _("Derived point made"), "derived.end": _("Derived point ended")})
    register_tick("sensing.derived", run.tick, every_s=1)
