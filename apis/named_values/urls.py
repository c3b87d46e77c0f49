"""The addresses of named values."""

from django.urls import path

import certificates.converters  # noqa: F401 - registers <name:…>
from apis.named_values import history, views

app_name = "named_values"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.new, name="new"),
    path("<name:name>/", views.detail, name="detail"),
    path("<name:name>/value/", views.show, name="show"),
    path("<name:name>/history/", history.history, name="history"),
    path("<name:name>/delete/", views.delete, name="delete"),
]
