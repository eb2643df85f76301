from django.urls import path

from anlan.apps.outside.views import feeds, hotspots, quakes

app_name = "outside"
urlpatterns = [
    path("quakes/", quakes.listed, name="quakes"),
    path("quakes/<int:pk>/", quakes.quake, name="quake"),
    path("hotspots/", hotspots.listed, name="hotspots"),
    path("hotspots/<int:pk>/", hotspots.hotspot, name="hotspot"),
    path("hotspots/<int:pk>/around/", hotspots.around, name="around"),
    path("hotspots/<int:pk>/check/", hotspots.check, name="check"),
    path("sources/", feeds.listed, name="feeds"),
    path("sources/new/", feeds.new, name="new_feed"),
    path("sources/<int:pk>/", feeds.feed, name="feed"),
    path("sources/<int:pk>/edit/", feeds.edit, name="edit_feed"),
    path("sources/<int:pk>/do/<slug:name>/", feeds.act, name="act"),
]
