"""The addresses of the gateways' pages."""

from django.urls import path

import certificates.converters  # noqa: F401 - registers <name:…> and <id:…>
from gateway.pages import views

app_name = "gateways"
urlpatterns = [
    path("", views.index, name="index"),
    path("enrol/", views.enrol, name="enrol"),
    path("live/<str:kind>/<id:pk>/", views.live, name="live"),
    path("failed-calls/", views.failed_calls, name="failed_calls"),
    path("failed-calls/<str:activity_id>/", views.failed_call, name="failed_call"),
    path("<name:name>/remove/", views.remove, name="remove"),
]
