from django.urls import path

from anlan.apps.sites.views import cameras, installations, patrols, spot_checks

app_name = "sites"
urlpatterns = [
    path("installations/<str:code>/assess/", installations.assess, name="assess"),
    path("patrols/", patrols.due, name="patrols"),
    path("patrols/done/", patrols.done, name="patrols_done"),
    path("patrols/<slug:code>/<str:record_code>/", patrols.record, name="record_patrol"),
    path("cameras/<str:code>/live/", cameras.live, name="live"),
    path("cameras/<str:code>/live/picture", cameras.picture, name="picture"),
    path("cameras/<str:code>/live/hls/<path:name>", cameras.hls, name="hls"),
    path("cameras/<str:code>/snapshot/", cameras.snapshot, name="snapshot"),
    path("cameras/<str:code>/access/", cameras.access, name="access"),
    path("spot-checks/", spot_checks.lists, name="spot_checks"),
    path("spot-checks/draw/", spot_checks.draw, name="draw"),
    path("spot-checks/<int:pk>/", spot_checks.one, name="spot_check"),
    path("spot-checks/<int:pk>/<int:check>/", spot_checks.answer, name="answer_check"),
]
