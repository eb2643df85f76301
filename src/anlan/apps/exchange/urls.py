from django.urls import path

from anlan.apps.exchange.views import catalogue, received, subscriptions

app_name = "exchange"
urlpatterns = [
    path("", catalogue.catalogue, name="catalogue"),
    path("registers/<slug:code>/", catalogue.register_page, name="register"),
    path("registers/<slug:code>/rows/", catalogue.rows, name="rows"),
    path("registers/<slug:code>/curve.json", catalogue.curve, name="curve"),
    path("registers/<slug:code>/describe/", catalogue.describe, name="describe"),
    path("registers/<slug:code>/confirm/", catalogue.confirm, name="confirm"),
    path("registers/<slug:code>/measure/", catalogue.measure, name="measure"),
    path("subscriptions/", subscriptions.listed, name="subscriptions"),
    path("subscriptions/new/", subscriptions.new, name="new"),
    path("subscriptions/<slug:code>/", subscriptions.subscription, name="subscription"),
    path("subscriptions/<slug:code>/edit/", subscriptions.edit, name="edit"),
    path("subscriptions/<slug:code>/key/", subscriptions.new_key, name="new_key"),
    path("subscriptions/<slug:code>/withdraw/", subscriptions.withdraw, name="withdraw"),
    path("subscriptions/<slug:code>/do/<slug:name>/", subscriptions.act, name="act"),
    path("addresses/", subscriptions.address_list, name="addresses"),
    path("addresses/<int:pk>/end/", subscriptions.end_address, name="end_address"),
    path("taken/", subscriptions.taken, name="taken"),
    path("interruptions/", subscriptions.troubles, name="troubles"),
    path("received/", received.inbox, name="inbox"),
    path("received/<int:pk>/", received.received, name="received"),
    path("received/<int:pk>/take/", received.take, name="take"),
    path("received/<int:pk>/leave/", received.leave, name="leave"),
    path("sources/", received.sources, name="sources"),
    path("sources/<int:pk>/", received.source, name="source"),
    path("sources/<int:pk>/change/", received.change_source, name="change_source"),
]
