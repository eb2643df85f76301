from django.urls import path, re_path

from anlan.apps.warning.views import drafts, feeds, messages, sources

app_name = "warning"
urlpatterns = [
    path("warnings/", messages.listed, name="list"),
    path("warnings/exercises/", messages.played, name="played"),
    path("warnings/aside/", sources.aside, name="aside"),
    path("warnings/sources/", sources.sources, name="sources"),
    path("warnings/sources/<int:pk>/", sources.source, name="source"),
    path("warnings/sources/<int:pk>/change/", sources.change, name="change_source"),
    path("warnings/sources/<int:pk>/token/", sources.token, name="source_token"),
    path("warnings/senders/<int:pk>/", sources.sender, name="sender"),
    path("warnings/senders/<int:pk>/decide/", sources.decide, name="decide"),
    path("warnings/own/", drafts.listed, name="drafts"),
    path("warnings/own/new/", drafts.new, name="new"),
    path("warnings/own/<int:pk>/", drafts.draft, name="draft"),
    path("warnings/own/<int:pk>/edit/", drafts.edit, name="edit"),
    re_path(r"^warnings/own/(?P<pk>\d{1,18})/do/(?P<do>propose|back|discard|issue)/$", drafts.act, name="act"),
    path("warnings/<int:pk>/", messages.message, name="message"),
    path("warnings/<int:pk>/message.xml", messages.file, name="file"),
    path("warnings/<int:pk>/area.json", messages.area, name="area"),
    path("warnings/<int:pk>/note/", messages.note, name="note"),
    path("warnings/<int:pk>/chain/", messages.chain, name="chain"),
    re_path(r"^warnings/(?P<pk>\d{1,18})/(?P<kind>update|cancel)/$", drafts.follow, name="follow"),
    # Open to everybody (settings.MACHINE_DOORS)
    path("feeds/warnings.atom", feeds.warnings, name="feed"),
    path("feeds/exercises.atom", feeds.exercises, name="exercise_feed"),
    path("feeds/warnings.pem", feeds.certificate, name="certificate"),
    path("feeds/warnings/<slug:identifier>.xml", feeds.file, name="public_file"),
    path("feeds/exercises/<slug:identifier>.xml", feeds.file, {"exercise": True}, name="exercise_file"),
]
