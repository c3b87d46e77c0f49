"""The addresses of the pages that move APIs to another certificate."""

from django.urls import path

import certificates.converters  # noqa: F401 - registers <name:…>
from apis.moving import views

app_name = "moving"
urlpatterns = [
    path("apis/moves/new/", views.new, name="new"),
    path("apis/moves/<id:move_id>/", views.move, name="move"),
    path("apis/moves/<id:move_id>/tries/", views.tries, name="tries"),
    path("apis/moves/<id:move_id>/discard/", views.discard, name="discard"),
    path("security/client-certificates/<name:name>/move/", views.of_entry, name="of_entry"),
]
