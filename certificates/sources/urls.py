"""The address of the list of sources; those of one entry's stand among the entry's own."""

from django.urls import path

from certificates.sources import index_views

app_name = "sources"
urlpatterns = [path("", index_views.index, name="index")]
