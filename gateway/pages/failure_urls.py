"""The addresses of the pages about failures."""

from django.urls import path

from gateway.pages import failures

app_name = "failures"
urlpatterns = [
    path("", failures.index, name="index"),
    path("<str:activity_id>/", failures.call, name="call"),
]
