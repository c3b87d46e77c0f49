"""The gateways in Django's admin: what is known of them, to look at. They are added and removed on the portal's pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse

from gateway.alert import Alert
from gateway.counts import OUTCOMES, ApiCount, CountedUpTo, KeyCount, TotalCount, VersionCount
from gateway.models import Delivery, FailedCall, Gateway, NodeAuthority, Probe, Refusal
from gateway.tokens import TokenStanding
from gateway.turned_away import TurnedAway
from portal.read_only_admin import ReadOnlyAdmin


@admin.register(Gateway)
class GatewayAdmin(ReadOnlyAdmin):
    """The nodes."""

    list_display = ("name", "version", "connected_at", "seen_at", "disconnected_at", "applied_change", "applied_at")
    search_fields = ("name",)
    fields = (*list_display, "fingerprint", "enrolled_until")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What became of each change on each gateway."""

    list_display = ("change", "gateway", "sent_at", "applied_at")
    list_select_related = ("gateway",)
    list_filter = ("gateway",)
    ordering = ("-change",)
    fields = (*list_display, "reason")


@admin.register(Probe)
class ProbeAdmin(ReadOnlyAdmin):
    """The handshakes that gateways are asked to make just now."""

    list_display = ("gateway", "target", "asked_at")
    list_select_related = ("gateway",)
    fields = (*list_display, "version", "seen")


@admin.register(Refusal)
class RefusalAdmin(ReadOnlyAdmin):
    """What is not live, and why."""

    list_display = ("api", "gateway", "since", "reason")
    list_select_related = ("api", "gateway")
    fields = (*list_display, "resource")


@admin.register(FailedCall)
class FailedCallAdmin(ReadOnlyAdmin):
    """Calls that got no answer from the back end."""

    list_display = ("activity_id", "at", "api", "method", "path", "status", "kind")
    list_select_related = ("api",)
    list_filter = ("kind", "gateway")
    search_fields = ("activity_id", "path", "api__name")
    fields = (*list_display, "gateway", "flags", "details", "transport_failure", "back_end", "milliseconds")

    def view_on_site(self, call: FailedCall) -> str:
        """Lead to the page that explains it."""
        return reverse("failures:call", args=[call.activity_id])


@admin.register(TurnedAway)
class TurnedAwayAdmin(ReadOnlyAdmin):
    """Gateways that were removed and still knock."""

    list_display = ("name", "address", "last_at")
    fields = (*list_display, "fingerprint")


@admin.register(ApiCount)
class ApiCountAdmin(ReadOnlyAdmin):
    """How the calls of each API have ended."""

    list_display = ("at", "span", "api", *OUTCOMES)
    list_select_related = ("api",)
    list_filter = ("span",)
    search_fields = ("api__name",)
    fields = (*list_display, "latencies", "last_at")


@admin.register(VersionCount)
class VersionCountAdmin(ReadOnlyAdmin):
    """How the calls with each certificate have ended."""

    list_display = ("at", "span", "version", "api", *OUTCOMES)
    list_select_related = ("version", "api")
    list_filter = ("span",)
    search_fields = ("api__name", "version__thumbprint")
    fields = (*list_display, "last_at")


@admin.register(KeyCount)
class KeyCountAdmin(ReadOnlyAdmin):
    """How the calls with each subscription's keys have ended."""

    list_display = ("at", "span", "subscription", "api", "kind", *OUTCOMES)
    list_select_related = ("subscription", "api")
    list_filter = ("span",)
    search_fields = ("subscription__name", "api__name")
    fields = (*list_display, "last_at")


@admin.register(TotalCount)
class TotalCountAdmin(ReadOnlyAdmin):
    """How all calls have ended."""

    list_display = ("at", "span", *OUTCOMES)
    list_filter = ("span",)
    fields = (*list_display, "latencies", "last_at")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What gateways and calls suffer from now."""

    list_display = ("key", "kind", "api", "gateway", "began_at", "seen_at")
    list_select_related = ("api", "gateway")
    fields = (*list_display, "figures")


@admin.register(TokenStanding)
class TokenStandingAdmin(ReadOnlyAdmin):
    """How gateways get on with tokens; not the tokens."""

    list_display = ("gateway", "api", "ends_at", "error", "failed", "failing_since", "fetched")
    list_select_related = ("gateway", "api")
    list_filter = ("gateway",)
    fields = list_display


@admin.register(CountedUpTo)
class CountedUpToAdmin(ReadOnlyAdmin):
    """Which of the gateways' totals the counts contain."""

    list_display = ("gateway", "series", "envoy", "number")
    fields = (*list_display, "counters")


@admin.register(NodeAuthority)
class NodeAuthorityAdmin(ReadOnlyAdmin):
    """That there is an authority, and under which key of the ring its own is sealed; not the key."""

    list_display = ("created_at", "ring_key")
    fields = list_display
