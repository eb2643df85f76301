from django.urls import path

from anlan.kernel.indicators.views import detail, entering, lists

app_name = "indicators"
urlpatterns = [
    path("", lists.listed, name="list"),
    path("enter/", entering.enter, name="enter"),
    path("rows/<slug:code>/", detail.rows, name="rows"),
    path("targets/<int:pk>/end/", detail.end_target, name="end_target"),
    path("of/<slug:code>/", detail.detail, name="detail"),
    path("of/<slug:code>/target/", detail.set_target, name="set_target"),
    path("of/<slug:code>/measure/", detail.measure, name="measure"),
]
