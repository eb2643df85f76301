from django.urls import path

from anlan.apps.census.views import editions, overview, taking

app_name = "census"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("report.<slug:form>", overview.export, name="export"),
    path("report/<str:town>/", overview.town, name="town"),
    path("editions/", editions.index, name="editions"),
    path("editions/<int:pk>/put-in-force/", editions.put_in_force, name="put_in_force"),
    path("editions/<int:pk>/discard/", editions.discard, name="discard"),
    path("editions/<int:pk>/take-back/", editions.take_back, name="take_back"),
    path("takings/<int:pk>/", taking.show, name="taking"),
    path("takings/<int:pk>/progress/", taking.progress, name="progress"),
    path("takings/<int:pk>/faults.xlsx", taking.faults, name="faults"),
    path("takings/<int:pk>/<slug:name>/", taking.act, name="taking_act"),
    path("take/<slug:table>/", taking.take, name="take"),
    path("take/<slug:table>/template.xlsx", taking.template, name="template"),
]
