from django.urls import path

from anlan.apps.resources.views import documents, gaps, items, requisitions, shelters, stock

app_name = "resources"
urlpatterns = [
    path("stores/", stock.stores, name="stores"),
    path("stores/<str:code>/", stock.store, name="store"),
    path("stores/<str:code>/new/<slug:sort>/", documents.new, name="new_document"),
    path("items/", items.items, name="items"),
    path("items/new/", items.new, name="new_item"),
    path("items/<str:code>/", items.item, name="item"),
    path("items/<str:code>/edit/", items.edit, name="edit_item"),
    path("items/<str:code>/end/", items.end, name="end_item"),
    path("ending/", stock.ending, name="ending"),
    path("reservations/", stock.reservations, name="reservations"),
    path("documents/", documents.documents, name="documents"),
    path("documents/<str:number>/", documents.document, name="document"),
    path("documents/<str:number>/reverse/", documents.reverse_it, name="reverse"),
    path("documents/<str:number>/draw/", documents.draw, name="draw"),
    path("documents/<str:number>/release/", documents.release, name="release"),
    path("gaps/", gaps.gaps, name="gaps"),
    path("coverage/", gaps.coverage, name="coverage"),
    path("requisitions/", requisitions.requisitions, name="requisitions"),
    path("requisitions/new/<slug:register>/<str:code>/", requisitions.new, name="new_requisition"),
    path("requisitions/<str:number>/", requisitions.requisition, name="requisition"),
    path("requisitions/<str:number>/do/<slug:act>/", requisitions.act, name="requisition_act"),
    path("shelters/", shelters.shelters, name="shelters"),
    path("shelters/<str:code>/open/", shelters.open_it, name="open_shelter"),
    path("openings/<int:pk>/", shelters.opening, name="opening"),
    path("openings/<int:pk>/close/", shelters.close_it, name="close_shelter"),
    path("openings/<int:pk>/in/", shelters.admit, name="admit"),
    path("openings/<int:pk>/out/", shelters.let_go, name="let_go"),
    path("openings/<int:pk>/guests/<int:guest>/unmask/", shelters.unmask, name="unmask_guest"),
]
