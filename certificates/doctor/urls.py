"""The address of the doctor's page."""

from django.urls import path

from certificates.doctor import views

app_name = "doctor"
urlpatterns = [path("", views.index, name="index")]
