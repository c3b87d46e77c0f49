"""Channels and what was told in Django's admin, to look at. They are changed on the portal's pages, through the actions."""

from __future__ import annotations

from django.contrib import admin

from notices.models import BackendCertificate, Channel, ChannelSecret, Episode, Recipient, Schedule, Told
from portal.read_only_admin import ReadOnlyAdmin


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    """When is told."""

    list_display = fields = ("thresholds", "weekly", "calls", "gateways", "sources")


@admin.register(Channel)
class ChannelAdmin(ReadOnlyAdmin):
    """Where notices go, as far as that is no secret."""

    list_display = fields = ("name", "kind", "place", "language", "created_at")


@admin.register(ChannelSecret)
class ChannelSecretAdmin(ReadOnlyAdmin):
    """Which secrets there are and what seals them."""

    list_display = fields = ("channel", "ring_key")
    list_select_related = ("channel",)


@admin.register(Recipient)
class RecipientAdmin(ReadOnlyAdmin):
    """How the last message to each went."""

    list_display = fields = ("key", "tried_at", "outcome", "detail", "failures")


@admin.register(Told)
class ToldAdmin(ReadOnlyAdmin):
    """Who was told what."""

    list_display = fields = ("subject", "mark", "recipient", "sent_at")
    search_fields = ("subject", "recipient")
    show_full_result_count = False


@admin.register(BackendCertificate)
class BackendCertificateAdmin(ReadOnlyAdmin):
    """What back ends have presented."""

    list_display = fields = ("host", "port", "subject", "thumbprint", "not_after", "looked_at")


@admin.register(Episode)
class EpisodeAdmin(ReadOnlyAdmin):
    """What fails or has failed lately."""

    list_display = fields = ("name", "subject", "path", "told_to", "over_at")
