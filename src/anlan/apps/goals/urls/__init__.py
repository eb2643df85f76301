from django.urls import include, path

app_name = "goals"
urlpatterns = [
    path("", include("anlan.apps.goals.urls.documents")),
    path("", include("anlan.apps.goals.urls.tasks")),
]
