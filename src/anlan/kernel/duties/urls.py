from django.urls import path

from anlan.kernel.duties import list_views, roster_views, swap_views, views

app_name = "duties"
urlpatterns = [
    path("", views.index, name="index"),
    path("who/<slug:code>/", views.who, name="who"),
    path("phone/<int:pk>/", views.phone, name="phone"),
    path("gaps/", views.gaps, name="gaps"),
    path("pairs/", views.pairs_table, name="pairs_table"),
    path("pairs/template.csv", views.pairs_template, name="pairs_template"),
    path("pair/<slug:code>/<slug:duty>/", views.pair, name="pair"),
    path("people.html", views.people_found, name="people"),
    path("list/", list_views.listed, name="list"),
    path("list/<int:pk>/end/", list_views.end, name="list_end"),
    path("absences/", list_views.absences, name="absences"),
    path("absences/<int:pk>/back/", list_views.back, name="back"),
    path("swaps/", swap_views.swaps, name="swaps"),
    path("swaps/ask/<int:pk>/", swap_views.ask, name="ask"),
    path("swaps/<int:pk>/<slug:do>/", swap_views.answer, name="answer"),
    path("roster/", roster_views.now_roster, name="roster_now"),
    path("roster/<slug:code>/people/", roster_views.people, name="roster_people"),
    path("roster/<slug:code>/people/<int:pk>/leave/", roster_views.leave, name="roster_leave"),
    path("roster/<slug:code>/<str:month>/", roster_views.month, name="roster"),
    path("roster/<slug:code>/<str:month>/draw/", roster_views.draw, name="draw"),
    path("roster/<slug:code>/<str:month>/publish/", roster_views.publish, name="publish"),
    path("roster/<slug:code>/<str:month>/wish/", roster_views.wish, name="wish"),
    path("roster/<slug:code>/<str:month>/export/<slug:form>/", roster_views.export, name="export"),
    path("roster/duty/<int:pk>/replace/", roster_views.replace, name="replace"),
]
