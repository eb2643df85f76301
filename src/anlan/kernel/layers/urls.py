from django.urls import path

from anlan.kernel.layers import views

app_name = "layers"
urlpatterns = [
    path("", views.tree, name="tree"),
    path("around/", views.around, name="around"),
    path("search/", views.find, name="search"),
    path("ground.json", views.ground, {"name": "ground.json"}, name="ground"),
    path("hillshade.png", views.ground, {"name": "hillshade.png"}, name="hillshade"),
    path("hillshade-dark.png", views.ground, {"name": "hillshade-dark.png"}, name="hillshade_dark"),
    path("<slug:code>.geojson", views.features, name="features"),
    path("<slug:code>/<str:id>/card/", views.card, name="card"),
]
