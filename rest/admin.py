"""Credentials in Django's admin: rows to look at, never a secret.

They are changed on the portal's pages and by the REST API, through the actions.
"""

from __future__ import annotations

from django.contrib import admin

from portal.read_only_admin import ReadOnlyAdmin
from rest.models import AccessToken, Deployment, Remarks, SharedAccess, SharedAccessKey


@admin.register(AccessToken, SharedAccess)
class CredentialAdmin(ReadOnlyAdmin):
    """Who has access by which kind of credential."""

    list_display = ("name", "user", "role", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    list_filter = ("role",)
    search_fields = ("name", "user__username", "identifier")
    fields = ("name", "identifier", "user", "role", "created_at", "expires_at", "last_used_at", "revoked_at")


@admin.register(SharedAccessKey)
class SharedAccessKeyAdmin(ReadOnlyAdmin):
    """Which keys there are and what seals them."""

    list_display = ("access", "kind", "ring_key")
    list_select_related = ("access",)
    fields = ("access", "kind", "ring_key")


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin):
    """What became of deployments."""

    list_display = ("name", "group", "made_at")
    search_fields = ("name", "group")
    fields = ("name", "group", "made_at", "properties")


@admin.register(Remarks)
class RemarksAdmin(ReadOnlyAdmin):
    """What clients said that has no effect."""

    list_display = ("__str__",)
    list_select_related = ("api", "operation", "subscription")
    fields = ("api", "operation", "subscription", "properties", "has_policy")
