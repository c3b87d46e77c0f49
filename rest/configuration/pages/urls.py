"""The addresses of the pages of export and import."""

from django.urls import path

from rest.configuration.pages import views

app_name = "configuration"
urlpatterns = [
    path("", views.index, name="index"),
    path("download/", views.download, name="download"),
    path("import/", views.bring, name="import"),
]
