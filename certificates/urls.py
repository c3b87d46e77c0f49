"""The addresses of the certificates app."""

from django.urls import path

import certificates.converters  # noqa: F401 - registers <name:…>
from certificates import views

app_name = "certificates"
urlpatterns = [
    path("", views.index, name="index"),
    path("upload/", views.upload, name="upload"),
    path("<name:name>/", views.detail, name="detail"),
    path("<name:name>/replace/", views.replace, name="replace"),
    path("<name:name>/roll-back/", views.roll_back, name="roll_back"),
    path("<name:name>/delete/", views.delete, name="delete"),
]
