"""/notices/: what I was told."""

from __future__ import annotations

from django.urls import path

from anlan.kernel.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.index, name="list"),
    path("read-all/", views.read_all, name="read_all"),
    path("<int:pk>/open/", views.open_one, name="open"),
    path("<int:pk>/again/", views.send_again, name="again"),
]
