from django.urls import path

from anlan.apps.warning import api

app_name = "warning_api"
urlpatterns = [path("push", api.push, name="push")]
