from django.urls import path

from anlan.kernel.indicators.api import api

urlpatterns = [path("", api.urls)]
