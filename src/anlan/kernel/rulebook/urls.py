"""The rulebook."""

from __future__ import annotations

from django.urls import path

from anlan.kernel.rulebook import views

app_name = "rulebook"
urlpatterns = [
    path("", views.index, name="index"),
    path("<int:pk>/", views.entry, name="entry"),
]
