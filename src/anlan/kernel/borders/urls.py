from django.urls import path

from anlan.kernel.borders import file_views, views

app_name = "borders"
urlpatterns = [
    path("", views.index, name="index"),
    path("files/", file_views.files, name="files"),
    path("files/<int:pk>/", file_views.file, name="file"),
    path("files/<int:pk>/apply/", file_views.apply, name="apply"),
    path("files/<int:pk>/drop/", file_views.drop, name="drop"),
    path("mergers/<int:pk>/<slug:act>/", views.merger, name="merger"),
    path("<slug:code>/", views.region, name="region"),
    path("<slug:code>/add/", views.add, name="add"),
    path("<slug:code>/edit/", views.edit, name="edit"),
    path("<slug:code>/merge/", views.merge, name="merge"),
]
