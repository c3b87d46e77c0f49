"""Back ends in Django's admin: rows to look at, never a secret. They are changed on the portal's pages and by the REST API."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse

from apis.backends.models import BackEnd, BackEndPassword
from portal.read_only_admin import ReadOnlyAdmin


@admin.register(BackEnd)
class BackEndAdmin(ReadOnlyAdmin):
    """Back ends."""

    list_display = ("name", "url", "credentials", "validate_certificate_chain", "validate_certificate_name", "certificate")
    list_select_related = ("certificate",)
    search_fields = ("name", "url", "title")
    fields = (
        *("name", "title", "description", "url", "addresses", "credentials", "certificate"),
        *("validate_certificate_chain", "validate_certificate_name", "trusted_authority", "trusted_ca"),
        *("protocol", "asks_later", "older_servers", "connect_seconds"),
        *("health_path", "health_seconds", "eject_after", "eject_seconds", "most_connections", "most_waiting", "most_calls"),
        *("by_url", "created_at", "changed_at", "changed_by"),
    )

    def view_on_site(self, back_end: BackEnd) -> str:
        """Lead to the page where it is changed."""
        return reverse("backends:detail", kwargs={"name": back_end.name})


@admin.register(BackEndPassword)
class BackEndPasswordAdmin(ReadOnlyAdmin):
    """Which back ends are shown a password, without it."""

    list_display = ("back_end", "username", "ring_key")
    list_select_related = ("back_end",)
    fields = ("back_end", "username", "ring_key")
