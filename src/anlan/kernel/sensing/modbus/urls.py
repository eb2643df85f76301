from django.urls import path

from anlan.kernel.sensing.modbus import views

urlpatterns = [
    path("", views.connections, name="modbus"),
    path("add/", views.add, name="modbus_add"),
    path("<int:pk>/", views.connection, name="modbus_connection"),
    path("<int:pk>/change/", views.change, name="modbus_change"),
    path("<int:pk>/switch/", views.switch, name="modbus_switch"),
    path("<int:pk>/remove/", views.remove, name="modbus_remove"),
    path("<int:pk>/map/", views.write_map, name="modbus_map"),
    path("<int:pk>/map.csv", views.give_map, name="modbus_csv"),
    path("<int:pk>/map/file/", views.take_map, name="modbus_take"),
    path("<int:pk>/try/", views.read_once, name="modbus_try"),
    path("<int:pk>/trial/", views.trial, name="modbus_trial"),
]
