from django.urls import path

from anlan.apps.knowledge.views import documents, keeping, search

app_name = "knowledge"
urlpatterns = [
    path("", search.search_page, name="search"),
    path("accidents/", search.accidents, name="accidents"),
    path("substances/<str:cas>/", search.substance, name="substance"),
    path("new/", keeping.new, name="new"),
    path("drafts/<int:pk>/", keeping.draft, name="draft"),
    path("drafts/<int:pk>/discard/", keeping.discard, name="discard"),
    path("removed/", keeping.removed_list, name="removed"),
    path("notes/<int:pk>/remove/", documents.remove_note, name="remove_note"),
    path("documents/<slug:code>/", documents.document, name="document"),
    path("documents/<slug:code>/differences/", documents.differences, name="differences"),
    path("documents/<slug:code>/notes/", documents.add_note, name="add_note"),
    path("documents/<slug:code>/edit/", keeping.edit, name="edit"),
    path("documents/<slug:code>/remove/", keeping.remove, name="remove"),
    path("documents/<slug:code>/restore/", keeping.restore, name="restore"),
]
