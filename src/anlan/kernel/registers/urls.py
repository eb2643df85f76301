from django.urls import path, re_path

from anlan.kernel.registers.views import acts, archives, exports, imports, lists, maps

app_name = "registers"
urlpatterns = [
    path("", lists.index, name="index"),
    path("<slug:code>/", lists.record_list, name="list"),
    # A record's code is never "-".
    path("<slug:code>/-/figures/", lists.figures, name="figures"),
    path("<slug:code>/-/map/", maps.map_page, name="map"),
    path("<slug:code>/-/spot/<int:pk>/", maps.spot, name="spot"),
    path("<slug:code>/-/tiles/<int:z>/<int:x>/<int:y>.mvt", maps.tile, name="tile"),
    path("<slug:code>/-/removed/", lists.removed, name="removed"),
    path("<slug:code>/-/doubles/", lists.likely_doubles, name="doubles"),
    path("<slug:code>/-/suggest/", lists.suggest, name="suggest"),
    path("<slug:code>/-/views/", lists.save_view, name="save_view"),
    path("<slug:code>/-/views/<int:pk>/forget/", lists.forget_view, name="forget_view"),
    path("<slug:code>/-/new/", acts.new, name="new"),
    path("<slug:code>/-/merge/", acts.merge, name="merge"),
    path("<slug:code>/-/many/", acts.many, name="many"),
    path("<slug:code>/-/input/", acts.field_input, name="input"),
    path("<slug:code>/-/export/", exports.export, name="export"),
    path("<slug:code>/-/api/", exports.api_page, name="api"),
    path("<slug:code>/-/import/", imports.start, name="import"),
    path("<slug:code>/-/import/template.xlsx", imports.template, name="import_template"),
    path("<slug:code>/-/import/<int:pk>/", imports.open_import, name="import_open"),
    path("<slug:code>/-/import/<int:pk>/columns/", imports.name_columns, name="import_columns"),
    path("<slug:code>/-/import/<int:pk>/progress/", imports.progress, name="import_progress"),
    path("<slug:code>/-/import/<int:pk>/rows/<int:number>/", imports.one_row, name="import_row"),
    path("<slug:code>/-/import/<int:pk>/places.json", imports.places, name="import_places"),
    path("<slug:code>/-/import/<int:pk>/faults.xlsx", imports.fault_sheet, name="import_faults"),
    path("<slug:code>/-/import/<int:pk>/<slug:name>/", imports.act, name="import_act"),
    path("<slug:code>/<str:record_code>/", archives.archive, name="archive"),
    path("<slug:code>/<str:record_code>/-/phone/", archives.phone_page, name="phone"),
    path("<slug:code>/<str:record_code>/-/qr.svg", archives.qr, name="qr"),
    re_path(
        r"^(?P<code>[-a-zA-Z0-9_]+)/(?P<record_code>[^/]+)/-/archive\.(?P<form>pdf|docx)$",
        exports.print_archive,
        name="print",
    ),
    path("<slug:code>/<str:record_code>/-/unmask/<slug:name>/", archives.unmask, name="unmask"),
    path("<slug:code>/<str:record_code>/-/documents/", archives.add_document, name="add_document"),
    path("<slug:code>/<str:record_code>/-/links/", archives.add_link, name="add_link"),
    path("<slug:code>/<str:record_code>/-/links/<int:pk>/drop/", archives.drop_link, name="drop_link"),
    path("<slug:code>/<str:record_code>/-/edit/", acts.edit, name="edit"),
    path("<slug:code>/<str:record_code>/-/remove/", acts.remove, name="remove"),
    path("<slug:code>/<str:record_code>/-/restore/", acts.restore, name="restore"),
]
