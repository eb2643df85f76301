from django.urls import path

from anlan.apps.monitoring import views

app_name = "monitoring"
urlpatterns = [
    path("scenarios/", views.page, name="scenarios"),
    path("scenarios/<slug:code>/start/", views.start, name="start"),
    path("scenarios/<slug:code>/stop/", views.stop, name="stop"),
]
