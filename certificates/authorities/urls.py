"""The addresses of the trusted authorities' pages."""

from django.urls import path

import certificates.converters  # noqa: F401 - registers <name:…>
from certificates.authorities import history, views
from certificates.authorities import receipts_views as receipts
from certificates.authorities import switching_views as switching

app_name = "authorities"
urlpatterns = [
    path("", views.index, name="index"),
    path("upload/", views.upload, name="upload"),
    path("<name:name>/", views.detail, name="detail"),
    path("<name:name>/certificate.pem", views.download, name="download"),
    path("<name:name>/replace/", views.replace, name="replace"),
    path("<name:name>/replace/confirm/", switching.confirm, name="confirm"),
    path("<name:name>/replace/try/", switching.tries, name="tries"),
    path("<name:name>/replace/discard/", switching.discard, name="discard"),
    path("<name:name>/roll-back/", views.roll_back, name="roll_back"),
    path("<name:name>/receipts/<id:number>/", receipts.receipt, name="receipt"),
    path("<name:name>/receipts/<id:number>/receipt.json", receipts.download, name="receipt_file"),
    path("<name:name>/history/", history.history, name="history"),
    path("<name:name>/delete/", views.delete, name="delete"),
]
