from django.urls import path

from anlan.kernel.registers.api.routes import api

urlpatterns = [path("", api.urls)]
