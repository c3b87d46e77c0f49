"""Test calls, to look at."""

from django.contrib import admin

from apis.console.models import TestedCall
from portal.read_only_admin import ReadOnlyAdmin


@admin.register(TestedCall)
class TestedCallAdmin(ReadOnlyAdmin):
    """Calls from the Test tab."""

    list_display = ("at", "person", "api", "method", "path", "status")
    list_select_related = ("person", "api")
    search_fields = ("path", "api__name", "trace")
    fields = (*list_display, "trace", "operation", "milliseconds", "gateway", "told")
