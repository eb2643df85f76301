from django.urls import path

from anlan.apps.sensorthings import views

app_name = "sensorthings"
urlpatterns = [
    path("v1.1", views.root, name="root"),
    path("v1.1/", views.root),
    path("v1.1/<path:rest>", views.resource, name="resource"),
]
