"""Proof."""

from __future__ import annotations

from django.urls import path

from anlan.kernel.evidence import views

app_name = "evidence"
urlpatterns = [
    path("<int:pk>/", views.file, name="file"),
    path("<int:pk>/thumb/", views.thumb, name="thumb"),
]
