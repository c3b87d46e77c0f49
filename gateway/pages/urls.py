"""The addresses of the gateways' pages."""

from django.urls import path

import certificates.converters  # noqa: F401 - registers <name:…> and <id:…>
from gateway.pages import views
from gateway.pages.failures import moved

app_name = "gateways"
urlpatterns = [
    path("", views.index, name="index"),
    path("failed-calls/", moved, name="failed_calls"),
    path("failed-calls/<str:activity_id>/", moved, name="failed_call"),
    path("enrol/", views.enrol, name="enrol"),
    path("live/<str:kind>/<id:pk>/", views.live, name="live"),
    path("<name:name>/remove/", views.remove, name="remove"),
]
