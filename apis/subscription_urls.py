"""The addresses of the subscriptions' screens."""

from django.urls import path

import certificates.converters  # noqa: F401 - registers <name:…>
from apis.history import views as history
from apis.views import chosen_subscriptions as chosen
from apis.views import subscriptions

app_name = "subscriptions"
urlpatterns = [
    path("", subscriptions.index, name="index"),
    path("new/", subscriptions.new, name="new"),
    path("suggestions/scopes/", subscriptions.scope_suggestions, name="scope_suggestions"),
    path("chosen/list.csv", chosen.export, name="export_list"),
    path("chosen/suspension/", chosen.suspension, name="suspension"),
    path("chosen/removal/", chosen.removal, name="removal"),
    path("<name:name>/", subscriptions.detail, name="detail"),
    path("<name:name>/keys/", subscriptions.keys, name="keys"),
    path("<name:name>/regenerate/", subscriptions.regenerate, name="regenerate"),
    path("<name:name>/suspend/", subscriptions.suspend, name="suspend"),
    path("<name:name>/activate/", subscriptions.activate, name="activate"),
    path("<name:name>/history/", history.subscription, name="history"),
    path("<name:name>/delete/", subscriptions.delete, name="delete"),
]
