"""The addresses of the APIs' screens."""

from django.urls import path

import certificates.converters  # noqa: F401 - registers <name:…>
from apis.console import views as console
from apis.exchange import views as exchange
from apis.history import views as history
from apis.microscope import views as microscope
from apis.policies import views as policies
from apis.views import callers, calls, chosen, operations, overview, security, settings

app_name = "apis"
urlpatterns = [
    path("", overview.index, name="index"),
    path("new/", overview.new, name="new"),
    path("new/import/", exchange.new, name="import"),
    path("suggestions/certificates/", security.certificate_suggestions, name="certificate_suggestions"),
    path("suggestions/authorities/", security.authority_suggestions, name="authority_suggestions"),
    path("chosen/list.csv", chosen.export, name="export_list"),
    path("chosen/removal/", chosen.removal, name="removal"),
    path("new/test/", microscope.test_new_api, name="test_new"),
    path("<name:name>/", overview.detail, name="detail"),
    path("<name:name>/settings/", settings.settings, name="settings"),
    path("<name:name>/operations/", operations.index, name="operations"),
    path("<name:name>/operations/new/", operations.new, name="operation_new"),
    path("<name:name>/operations/<name:operation>/", operations.edit, name="operation"),
    path("<name:name>/operations/<name:operation>/delete/", operations.delete, name="operation_delete"),
    path("<name:name>/operations/<name:operation>/policy/", policies.editor, name="operation_policy"),
    path("<name:name>/operations/<name:operation>/policy/check/", policies.check, name="operation_policy_check"),
    path("<name:name>/operations/<name:operation>/policy/add/<slug:statement>/", policies.add, name="operation_policy_add"),
    path("<name:name>/operations/new/import/", exchange.into, name="import_into"),
    path("<name:name>/export/", exchange.export, name="export"),
    path("<name:name>/security/", security.security, name="security"),
    path("<name:name>/security/policy/", security.policy_preview, name="policy_preview"),
    path("<name:name>/security/test/", microscope.test_connection, name="test_connection"),
    path("<name:name>/callers/", callers.callers, name="callers"),
    path("<name:name>/calls/", calls.calls, name="calls"),
    path("<name:name>/policy/", policies.editor, name="policy"),
    path("<name:name>/policy/check/", policies.check, name="policy_check"),
    path("<name:name>/policy/add/<slug:statement>/", policies.add, name="policy_add"),
    path("<name:name>/policy/history/", history.policies, name="policy_history"),
    path("<name:name>/history/", history.api, name="history"),
    path("<name:name>/console/", console.console, name="console"),
    path("<name:name>/console/calls/<slug:trace>/", console.one_call, name="console_call"),
    path("<name:name>/delete/", overview.delete, name="delete"),
]
