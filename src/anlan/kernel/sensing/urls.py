from django.urls import include, path

from anlan.kernel.sensing import alarm_views, api, export_views, views
from anlan.kernel.sensing.ruling import views as rule_views

app_name = "sensing"
urlpatterns = [
    path("", views.points, name="points"),
    path("rules/", rule_views.rules, name="rules"),
    path("rules/new/", rule_views.new, name="rule_new"),
    path("rules/points.json", rule_views.points, name="rule_points"),
    path("rules/export/", rule_views.export, name="rule_export"),
    path("rules/import/", rule_views.take_in, name="rule_import"),
    path("rules/preview/<str:key>/", rule_views.preview, name="rule_preview"),
    path("rules/changes/<int:pk>/", rule_views.change, name="rule_change"),
    path("rules/changes/<int:pk>/preview/", rule_views.change_preview, name="rule_change_preview"),
    path("rules/changes/<int:pk>/<str:do>/", rule_views.decide, name="rule_decide"),
    path("rules/of/<str:code>/", rule_views.rule, name="rule"),
    path("rules/of/<str:code>/edit/", rule_views.edit, name="rule_edit"),
    path("rules/of/<str:code>/end/", rule_views.end, name="rule_end"),
    path("points/<path:code>/", views.point, name="point"),
    path("curve/<int:pk>.json", api.curve, name="curve"),
    path("readings/", export_views.readings, name="export"),
    path("alarms/", alarm_views.alarms, name="alarms"),
    path("alarms/<int:pk>/", alarm_views.alarm, name="alarm"),
    path("alarms/<int:pk>/acknowledge/", alarm_views.acknowledge, name="acknowledge"),
    path("alarms/<int:pk>/undo/", alarm_views.undo, name="undo"),
    path("alarms/<int:pk>/close/", alarm_views.close, name="close"),
    path("alarms/<int:pk>/acknowledge-group/", alarm_views.acknowledge_group, name="acknowledge_group"),
    path("alarms/<int:pk>/shelve/", alarm_views.shelve, name="shelve"),
    path("alarms/<int:pk>/unshelve/", alarm_views.unshelve, name="unshelve"),
    path("alarms/<int:pk>/shelving/", alarm_views.decide_shelving, name="decide_shelving"),
    path("derived/", include("anlan.kernel.sensing.derived.urls")),
    path("set-aside/", views.set_aside, name="set_aside"),
    path("set-aside/<int:pk>/replay/", views.replay, name="replay"),
    path("set-aside/drop/", views.drop, name="drop"),
    path("devices/", views.devices, name="devices"),
    path("devices/register/", views.register, name="register"),
    path("devices/<int:pk>/rotate/", views.rotate, name="rotate"),
    path("devices/<int:pk>/revoke/", views.revoke, name="revoke"),
    path("devices/<int:pk>/restore/", views.restore, name="restore"),
]
