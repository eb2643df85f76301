from django.urls import path

from anlan.kernel.registers import views

app_name = "registers"
urlpatterns = [
    path("", views.index, name="index"),
    path("<slug:code>/", views.record_list, name="list"),
    path("<slug:code>/<str:record_code>/", views.archive, name="archive"),
    path("<slug:code>/<str:record_code>/unmask/<slug:name>/", views.unmask, name="unmask"),
]
