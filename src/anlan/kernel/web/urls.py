"""Health and the words for scripts."""

from __future__ import annotations

from django.urls import path

from anlan.kernel.web import views

app_name = "web"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("i18n.js", views.script_texts, name="texts"),
]
