"""Addresses of the pages of *Settings* that are the floor's own."""

from django.urls import path

from portal.house import views

urlpatterns = [
    path("", views.overview, name="settings"),
    path("retention/", views.retention, name="retention"),
    path("about/", views.about, name="about"),
]
