"""The addresses of the client certificates' pages, and of each other kind's."""

from django.urls import URLPattern, path

import certificates.converters  # noqa: F401 - registers <name:…>
from certificates import views
from certificates.kinds import CLIENT_CERTIFICATES, Pages
from certificates.sources import request_views, watch_views
from certificates.sources.acme import views as acme_views


def addresses_of(pages: Pages) -> list[URLPattern]:
    """Return the addresses of the pages of one kind."""
    kind = {"pages": pages}
    return [
        path("", views.index, kind, name="index"),
        path("upload/", views.upload, kind, name="upload"),
        path("request/", request_views.make, kind, name="request"),
        path("watch/", watch_views.watch, kind, name="watch"),
        path("request/acme/", acme_views.order, kind, name="acme"),
        path("<name:name>/", views.detail, kind, name="detail"),
        path("<name:name>/replace/", views.replace, kind, name="replace"),
        path("<name:name>/roll-back/", views.roll_back, kind, name="roll_back"),
        path("<name:name>/delete/", views.delete, kind, name="delete"),
        path("<name:name>/request/", request_views.pending, kind, name="pending"),
        path("<name:name>/request.csr", request_views.download, kind, name="request_file"),
        path("<name:name>/answer/", request_views.answer, kind, name="answer"),
        path("<name:name>/request/discard/", request_views.discard, kind, name="discard"),
        path("<name:name>/unwatch/", watch_views.unwatch, kind, name="unwatch"),
    ]


app_name = "certificates"
urlpatterns = addresses_of(CLIENT_CERTIFICATES)
