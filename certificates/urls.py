"""The addresses of the client certificates' pages, and of each other kind's."""

from django.urls import URLPattern, path

import certificates.converters  # noqa: F401 - registers <name:…>
from certificates import chosen_views as chosen
from certificates import history, views
from certificates import replacing_views as replacing
from certificates.handing_over import views as handing_over
from certificates.kinds import CLIENT_CERTIFICATES, Pages
from certificates.rollout import destroying_views as destroying
from certificates.rollout import receipts_views as receipts
from certificates.rollout import rules_views as rules
from certificates.rollout import steps_views as steps
from certificates.rollout import views as rollout
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
        path("chosen/list.csv", chosen.export, kind, name="export"),
        path("chosen/removal/", chosen.removal, kind, name="removal"),
        path("chosen/replacement/", replacing.replacement, kind, name="replacement"),
        path("<name:name>/", views.detail, kind, name="detail"),
        path("<name:name>/replace/", views.replace, kind, name="replace"),
        path("<name:name>/replace/confirm/", rollout.confirm, kind, name="confirm"),
        path("<name:name>/replace/try/", rollout.tries, kind, name="tries"),
        path("<name:name>/replace/discard/", rollout.discard, kind, name="discard"),
        path("<name:name>/replace/go-on/", steps.go_on, kind, name="go_on"),
        path("<name:name>/replace/put-back/", steps.put_back, kind, name="put_back"),
        path("<name:name>/rules/", rules.rules, kind, name="rules"),
        path("<name:name>/roll-back/", views.roll_back, kind, name="roll_back"),
        path("<name:name>/versions/<id:number>/destroy/", destroying.destroy, kind, name="destroy"),
        path("<name:name>/receipts/<id:number>/", receipts.receipt, kind, name="receipt"),
        path("<name:name>/receipts/<id:number>/receipt.json", receipts.download, kind, name="receipt_file"),
        path("<name:name>/history/", history.history, kind, name="history"),
        path("<name:name>/<public_file:file>", handing_over.download, kind, name="public_file"),
        *([path("<name:name>/hand-over/", handing_over.hand_over, kind, name="hand_over")] if pages.presented else []),
        path("<name:name>/delete/", views.delete, kind, name="delete"),
        path("<name:name>/request/", request_views.pending, kind, name="pending"),
        path("<name:name>/request.csr", request_views.download, kind, name="request_file"),
        path("<name:name>/answer/", request_views.answer, kind, name="answer"),
        path("<name:name>/request/discard/", request_views.discard, kind, name="discard_request"),
        path("<name:name>/unwatch/", watch_views.unwatch, kind, name="unwatch"),
    ]


app_name = "certificates"
urlpatterns = addresses_of(CLIENT_CERTIFICATES)
