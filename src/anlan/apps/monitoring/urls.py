from django.urls import path

from anlan.apps.monitoring import health_views, message_views, quality_views, views

app_name = "monitoring"
urlpatterns = [
    path("health/", health_views.page, name="health"),
    path("message/", message_views.page, name="message"),
    path("quality/", quality_views.page, name="quality"),
    path("quality/rows/", quality_views.rows, name="quality_rows"),
    path("scenarios/", views.page, name="scenarios"),
    path("scenarios/<slug:code>/start/", views.start, name="start"),
    path("scenarios/<slug:code>/stop/", views.stop, name="stop"),
]
