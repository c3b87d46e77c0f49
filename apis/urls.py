"""The addresses of the apis app."""

from django.urls import URLPattern

app_name = "apis"
urlpatterns: list[URLPattern] = []
