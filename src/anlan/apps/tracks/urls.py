from django.urls import path

from anlan.apps.tracks.views import carriers, fences, sharing

app_name = "tracks"
urlpatterns = [
    path("", carriers.carriers, name="carriers"),
    path("new/", carriers.add, name="add"),
    path("of/<str:code>/", carriers.carrier, name="carrier"),
    path("of/<str:code>/trail.json", carriers.trail, name="trail"),
    path("of/<str:code>/trail.gpx", carriers.as_gpx, name="gpx"),
    path("of/<str:code>/trail.csv", carriers.as_csv, name="csv"),
    path("of/<str:code>/change/", carriers.change, name="change"),
    path("of/<str:code>/end/", carriers.end, name="end"),
    path("fences/", fences.fences, name="fences"),
    path("fences/new/", fences.add, name="add_fence"),
    path("fences/<int:pk>/", fences.fence, name="fence"),
    path("fences/<int:pk>/ground.json", fences.ground, name="ground"),
    path("fences/<int:pk>/hold/", fences.hold, name="hold"),
    path("fences/<int:pk>/end/", fences.end, name="end_fence"),
    path("share/", sharing.share, name="share"),
    path("share/start/", sharing.start, name="share_start"),
    path("share/stop/", sharing.stop, name="share_stop"),
    path("share/positions/", sharing.positions, name="share_positions"),
]
