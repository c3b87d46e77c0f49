"""The address of the timeline's page."""

from django.urls import path

from certificates.timeline import views

app_name = "timeline"
urlpatterns = [path("", views.index, name="index")]
