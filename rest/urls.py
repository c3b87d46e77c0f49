"""The addresses of the pages about access tokens. Those of the REST API itself are in :mod:`rest.calls`."""

from django.urls import path

from rest import views

app_name = "rest"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.new, name="new"),
    path("<slug:identifier>/revoke/", views.revoke, name="revoke"),
    path("<slug:identifier>/keys/", views.keys, name="keys"),
    path("<slug:identifier>/regenerate/", views.regenerate, name="regenerate"),
]
