"""The addresses of the gateway app."""

from django.urls import URLPattern

app_name = "gateway"
urlpatterns: list[URLPattern] = []
