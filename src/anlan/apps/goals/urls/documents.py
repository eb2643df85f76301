from django.urls import path

from anlan.apps.goals.views import joins, ledger, officers, review, taking

_EDITION = "documents/<slug:code>/<int:number>/"
urlpatterns = [
    path("", ledger.overview, name="ledger"),
    path("officers/", officers.listed, name="officers"),
    path("officers/file/<path:key>", officers.file, name="officer"),
    path("officers/export/<path:key>", officers.export, name="officer_export"),
    path("documents/new/", taking.new, name="new_document"),
    path("documents/removed/", taking.removed_list, name="removed_documents"),
    path("documents/<slug:code>/restore/", taking.restore, name="restore_document"),
    path("documents/<slug:code>/", ledger.document, name="document"),
    path("documents/<slug:code>/edit/", taking.edit, name="edit_document"),
    path("documents/<slug:code>/remove/", taking.remove, name="remove_document"),
    path("documents/<slug:code>/export/", ledger.export, name="ledger_export"),
    path(_EDITION, ledger.edition, name="document_edition"),
    path(_EDITION + "cleaning/", taking.cleaning, name="cleaning"),
    path(_EDITION + "differences/", taking.differences, name="differences"),
    path(_EDITION + "put-in-force/", taking.put_in_force, name="put_in_force"),
    path(_EDITION + "discard/", taking.discard, name="discard"),
    path(_EDITION + "review/", review.page, name="review"),
    path(_EDITION + "clauses/<str:anchor>/", ledger.clause, name="clause"),
    path(_EDITION + "clauses/<str:anchor>/join/", joins.join, name="join"),
    path(_EDITION + "clauses/<str:anchor>/prove/", joins.prove, name="prove"),
    path(_EDITION + "clauses/<str:anchor>/add/", review.add, name="add_draft"),
    path("links/<int:pk>/part/", joins.part, name="part"),
    path("links/<int:pk>/check/", joins.check, name="check_proof"),
    path("links/<int:pk>/confirm/", joins.confirm, name="confirm_link"),
    path("drafts/merge/", review.merge, name="merge_drafts"),
    path("drafts/<int:pk>/<slug:do>/", review.decide, name="decide_draft"),
]
