from django.urls import path

from anlan.kernel.sensing.derived import views

urlpatterns = [
    path("", views.derived, name="derived"),
    path("new/", views.new, name="derived_new"),
    path("<int:pk>/end/", views.end, name="derived_end"),
]
