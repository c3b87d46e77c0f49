"""The addresses of the pages of notices."""

from django.urls import path

import certificates.converters  # noqa: F401 - registers <name:…> and <id:…>
from notices import contact_views, views

app_name = "notices"
urlpatterns = [
    path("", views.index, name="index"),
    path("schedule/", views.schedule, name="schedule"),
    path("alerts/", views.alerts, name="alerts"),
    path("acknowledge/", contact_views.acknowledge, name="acknowledge"),
    path("channels/new/", views.new, name="new"),
    path("channels/<name:name>/", views.channel, name="channel"),
    path("channels/<name:name>/test/", views.test, name="test"),
    path("channels/<name:name>/delete/", views.delete, name="delete"),
    path("of/<slug:kind>/<name:name>/", contact_views.contacts, name="contacts"),
    path("of/<slug:kind>/<name:name>/remove/", contact_views.remove, name="remove"),
]
