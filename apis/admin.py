"""APIs and subscriptions in Django's admin: rows to look at, never a secret.

They are changed on the portal's pages, through the actions.
"""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse

from apis.credentials.models import OAuthClient, SharedSecret
from apis.models import Api, BasicCredentials, NamedSecret, NamedValue, Operation, ServicePolicy, Subscription, SubscriptionKey
from portal.read_only_admin import ReadOnlyAdmin


@admin.register(Api)
class ApiAdmin(ReadOnlyAdmin):
    """APIs."""

    list_display = ("display_name", "name", "path", "service_url", "credentials", "changed_at")
    list_filter = ("credentials", "subscription_required")
    search_fields = ("display_name", "name", "path", "service_url")
    fields = (
        *("name", "display_name", "description", "service_url", "path"),
        *("subscription_required", "credentials", "certificate"),
        *("validate_certificate_chain", "validate_certificate_name", "trusted_authority", "trusted_ca"),
        *("protocol", "asks_later", "older_servers"),
        *("connect_seconds", "idle_seconds", "longest_seconds", "retry_calls", "rewrite_redirects"),
        *("count_by_subscription", "log_calls", "trace_percent"),
        *("document",),
        *("cors", "cors_origins", "cors_methods", "cors_headers", "cors_exposed", "cors_max_age", "cors_credentials"),
        *("created_at", "changed_at", "changed_by"),
    )

    def view_on_site(self, api: Api) -> str:
        """Lead to the page where it is changed."""
        return reverse("apis:detail", kwargs={"name": api.name})


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    """Operations."""

    list_display = ("api", "method", "url_template", "display_name")
    list_select_related = ("api",)
    search_fields = ("api__name", "url_template", "display_name")
    fields = ("api", "name", "display_name", "method", "url_template", "description", "document")

    def view_on_site(self, operation: Operation) -> str:
        """Lead to the page where it is changed."""
        return reverse("apis:operation", kwargs={"name": operation.api.name, "operation": operation.name})


@admin.register(ServicePolicy)
class ServicePolicyAdmin(ReadOnlyAdmin):
    """The policy of all APIs."""

    list_display = ("__str__", "changed_at")
    fields = ("document", "changed_at")


@admin.register(NamedValue)
class NamedValueAdmin(ReadOnlyAdmin):
    """Named values; a secret's value is not there."""

    list_display = ("display_name", "secret", "changed_at")
    search_fields = ("name", "display_name")
    fields = ("name", "display_name", "secret", "value", "tags", "created_at", "changed_at")

    def view_on_site(self, value: NamedValue) -> str:
        """Lead to the page where it is changed."""
        return reverse("named_values:detail", kwargs={"name": value.name})


@admin.register(NamedSecret)
class NamedSecretAdmin(ReadOnlyAdmin):
    """Which named values are sealed, and by which key."""

    list_display = ("named_value", "ring_key")
    list_select_related = ("named_value",)
    fields = ("named_value", "ring_key")


@admin.register(BasicCredentials)
class BasicCredentialsAdmin(ReadOnlyAdmin):
    """Who has basic credentials, without the password."""

    list_display = ("api", "username", "ring_key")
    list_select_related = ("api",)
    fields = ("api", "username", "ring_key")


@admin.register(SharedSecret)
class SharedSecretAdmin(ReadOnlyAdmin):
    """Who is sent a shared secret, without it."""

    list_display = ("api", "back_end", "secret_place", "secret_name", "ring_key")
    list_select_related = ("api", "back_end")
    fields = ("api", "back_end", "secret_place", "secret_name", "ring_key")


@admin.register(OAuthClient)
class OAuthClientAdmin(ReadOnlyAdmin):
    """Whose tokens are sent, without their secrets."""

    list_display = ("api", "back_end", "token_endpoint", "client_id", "client_authentication", "ring_key")
    list_select_related = ("api", "back_end")
    fields = ("api", "back_end", "token_endpoint", "client_id", "scope", "audience", "client_authentication", "token_authority", "ring_key")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    """Subscriptions."""

    list_display = ("display_name", "name", "api", "state", "created_at")
    list_select_related = ("api",)
    list_filter = ("state",)
    search_fields = ("display_name", "name", "api__name")
    fields = ("name", "display_name", "api", "state", "created_at")

    def view_on_site(self, subscription: Subscription) -> str:
        """Lead to the page where it is changed."""
        return reverse("subscriptions:detail", kwargs={"name": subscription.name})


@admin.register(SubscriptionKey)
class SubscriptionKeyAdmin(ReadOnlyAdmin):
    """That there are keys, and under which key of the ring; not the keys."""

    list_display = ("subscription", "kind", "ring_key")
    list_select_related = ("subscription",)
    fields = ("subscription", "kind", "ring_key")
