from django.urls import path

from anlan.kernel.registers.ogc.routes import api

urlpatterns = [path("", api.urls)]
