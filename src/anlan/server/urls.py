"""Where each desk lives."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("anlan.kernel.desks.urls")),  # /, /map/, /duty/, /work/, /chains/…, /cases/…
    path("", include("anlan.kernel.people.urls")),  # /sign-in/, /sign-out/, /first-start/, /language/
    path("evidence/", include("anlan.kernel.evidence.urls")),
    path("rulebook/", include("anlan.kernel.rulebook.urls")),
    path("notices/", include("anlan.kernel.notices.urls")),
    path("sensing/", include("anlan.kernel.sensing.urls")),  # points, set-aside, devices
    path("registers/", include("anlan.kernel.registers.urls")),
    path("layers/", include("anlan.kernel.layers.urls")),
    path("monitoring/", include("anlan.apps.monitoring.urls")),
    path("system/", include("anlan.kernel.web.system_urls")),
    path("", include("anlan.kernel.web.urls")),  # /healthz, /readyz, /i18n.js
]

handler400 = "anlan.kernel.web.views.bad_request"
handler403 = "anlan.kernel.web.views.denied"
handler404 = "anlan.kernel.web.views.not_found"
handler500 = "anlan.kernel.web.views.server_error"
