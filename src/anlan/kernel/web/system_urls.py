"""The system desk: its index, the state of the machine, and Django's admin, which lives here and only here."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from anlan.kernel.web import views

_pages = [
    path("", views.system_index, name="index"),
    path("health/", views.system_health, name="health"),
]

# No app_name over both: the admin keeps the name space "admin" that its own templates look up.
urlpatterns = [
    path("", include((_pages, "system"))),
    path("admin/", admin.site.urls),
]
