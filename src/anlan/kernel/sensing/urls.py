from django.urls import path

from anlan.kernel.sensing import alarm_views, api, views

app_name = "sensing"
urlpatterns = [
    path("", views.points, name="points"),
    path("points/<path:code>/", views.point, name="point"),
    path("curve/<int:pk>.json", api.curve, name="curve"),
    path("alarms/", alarm_views.alarms, name="alarms"),
    path("alarms/<int:pk>/", alarm_views.alarm, name="alarm"),
    path("alarms/<int:pk>/acknowledge/", alarm_views.acknowledge, name="acknowledge"),
    path("alarms/<int:pk>/undo/", alarm_views.undo, name="undo"),
    path("alarms/<int:pk>/close/", alarm_views.close, name="close"),
    path("set-aside/", views.set_aside, name="set_aside"),
    path("set-aside/<int:pk>/replay/", views.replay, name="replay"),
    path("set-aside/drop/", views.drop, name="drop"),
    path("devices/", views.devices, name="devices"),
    path("devices/register/", views.register, name="register"),
    path("devices/<int:pk>/rotate/", views.rotate, name="rotate"),
    path("devices/<int:pk>/revoke/", views.revoke, name="revoke"),
    path("devices/<int:pk>/restore/", views.restore, name="restore"),
]
