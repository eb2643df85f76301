from django.urls import path

from anlan.kernel.layers import around_views, views

app_name = "layers"
urlpatterns = [
    path("", views.tree, name="tree"),
    path("around/", around_views.around, name="around"),
    path("around/things/", around_views.things, name="around_things"),
    path("around/print/", around_views.printed, name="around_print"),
    path("around/export.<slug:form>", around_views.export, name="around_export"),
    path("search/", views.find, name="search"),
    path("ground.json", views.ground, {"name": "ground.json"}, name="ground"),
    path("hillshade.png", views.ground, {"name": "hillshade.png"}, name="hillshade"),
    path("hillshade-dark.png", views.ground, {"name": "hillshade-dark.png"}, name="hillshade_dark"),
    path("<slug:code>.geojson", views.features, name="features"),
    path("<slug:code>/<str:id>/card/", views.card, name="card"),
]
