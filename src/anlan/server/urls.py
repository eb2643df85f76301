"""Where each desk lives."""

from __future__ import annotations

from django.urls import include, path

from anlan.kernel.layers.views import tile

urlpatterns = [
    path("", include("anlan.kernel.desks.urls")),  # /, /map/, /duty/, /work/, /chains/…, /cases/…
    path("", include("anlan.kernel.people.urls")),  # /sign-in/, /sign-out/, /first-start/, /language/
    path("evidence/", include("anlan.kernel.evidence.urls")),
    path("rulebook/", include("anlan.kernel.rulebook.urls")),
    path("notices/", include("anlan.kernel.notices.urls")),
    path("sensing/", include("anlan.kernel.sensing.urls")),  # points, set-aside, devices
    path("registers/", include("anlan.kernel.registers.urls")),
    path("layers/", include("anlan.kernel.layers.urls")),
    path("map/tiles/<slug:code>/<int:z>/<int:x>/<int:y>.mvt", tile, name="map_tile"),
    path("monitoring/", include("anlan.apps.monitoring.urls")),
    path("mappings/", include("anlan.apps.mappings.urls")),  # vendors' MQTT JSON
    path("resources/", include("anlan.apps.resources.urls")),
    path("sites/", include("anlan.apps.sites.urls")),  # patrols, cameras, spot checks
    path("exchange/", include("anlan.apps.exchange.urls")),
    path("census/", include("anlan.apps.census.urls")),
    path("api/v1/exchange/", include("anlan.apps.exchange.api_urls")),
    path("goals/", include("anlan.apps.goals.urls")),  # documents, ledger, tasks, projects, appraisals
    path("duties/", include("anlan.kernel.duties.urls")),
    path("system/regions/", include("anlan.kernel.borders.urls")),
    path("indicators/", include("anlan.kernel.indicators.urls")),
    path("knowledge/", include("anlan.apps.knowledge.urls")),
    path("api/v1/registers/", include("anlan.kernel.registers.api.urls")),
    path("api/v1/indicators/", include("anlan.kernel.indicators.api_urls")),
    path("api/v1/ogc/", include("anlan.kernel.registers.ogc.urls")),
    path("outside/", include("anlan.apps.outside.urls")),  # earthquakes, hotspots, their sources
    path("sta/", include("anlan.apps.sensorthings.urls")),  # OGC SensorThings API
    path("", include("anlan.apps.warning.urls")),  # /warnings/…, /feeds/…
    path("api/v1/warnings/", include("anlan.apps.warning.api_urls")),
    path("tracks/", include("anlan.apps.tracks.urls")),
    path("system/", include("anlan.kernel.web.system_urls")),
    path("", include("anlan.kernel.web.urls")),  # /healthz, /readyz, /i18n.js
]

handler400 = "anlan.kernel.web.views.bad_request"
handler403 = "anlan.kernel.web.views.denied"
handler404 = "anlan.kernel.web.views.not_found"
handler500 = "anlan.kernel.web.views.server_error"
