from django.urls import path

from anlan.apps.mappings import views

app_name = "mappings"
urlpatterns = [
    path("", views.mappings, name="mappings"),
    path("new/", views.new, name="new"),
    path("import/", views.take_in, name="import"),
    path("<int:pk>/", views.mapping, name="mapping"),
    path("<int:pk>/export/", views.export, name="export"),
    path("<int:pk>/devices/", views.devices, name="devices"),
    path("<int:pk>/devices/<int:link>/unlink/", views.unlink, name="unlink"),
    path("<int:pk>/examples/<int:example>/<str:do>/", views.example, name="example"),
    path("<int:pk>/<str:do>/", views.act, name="act"),
]
