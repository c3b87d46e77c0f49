"""The addresses of the gateways' pages."""

from django.urls import path

import certificates.converters  # noqa: F401 - registers <name:…> and <id:…>
from gateway.pages import views

app_name = "gateways"
urlpatterns = [
    path("", views.index, name="index"),
    path("enrol/", views.enrol, name="enrol"),
    path("live/<str:kind>/<id:pk>/", views.live, name="live"),
    path("<name:name>/remove/", views.remove, name="remove"),
]
