"""The addresses of the back ends' screens."""

from django.urls import path

import certificates.converters  # noqa: F401 - registers <name:…>
from apis.backends import history, views
from apis.microscope import views as microscope

app_name = "backends"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.new, name="new"),
    path("new/test/", microscope.test_new_back_end, name="test_new"),
    path("suggestions/", views.suggestions, name="suggestions"),
    path("<name:name>/", views.detail, name="detail"),
    path("<name:name>/edit/", views.edit, name="edit"),
    path("<name:name>/test/", microscope.test_back_end, name="test_connection"),
    path("<name:name>/state/", views.state, name="state"),
    path("<name:name>/history/", history.history, name="history"),
    path("<name:name>/delete/", views.delete, name="delete"),
]
