from django.urls import path

from anlan.apps.exchange import api

app_name = "exchange_api"
urlpatterns = [
    path("", api.status, name="status"),
    path("keys", api.public_keys, name="keys"),
    path("messages", api.messages, name="messages"),
    path("ack", api.acknowledge, name="acknowledge"),
    path("restart", api.restart, name="restart"),
    path("receive", api.receive, name="receive"),
]
