"""Trusted authorities in Django admin: to be looked at."""

from __future__ import annotations

from django.contrib import admin

from certificates.authorities.models import Authority, AuthorityCandidate, AuthorityReceipt, AuthorityTry, AuthorityVersion
from portal.read_only_admin import ReadOnlyAdmin


@admin.register(Authority)
class AuthorityAdmin(ReadOnlyAdmin):
    """The entries."""

    fields = ("name", "current", "created_at")
    list_display = ("name", "current")
    list_select_related = ("current",)
    search_fields = ("name", "current__words")


@admin.register(AuthorityVersion)
class AuthorityVersionAdmin(ReadOnlyAdmin):
    """Their versions."""

    fields = ("authority", "number", "label", "not_after", "created_at", "created_by", "pem")
    list_display = ("authority", "number", "label", "not_after")
    list_select_related = ("authority",)


@admin.register(AuthorityCandidate)
class AuthorityCandidateAdmin(ReadOnlyAdmin):
    """What shall become versions."""

    fields = ("authority", "label", "proposed_at", "proposed_by", "when", "at", "confirmed_at", "confirmed_by", "pem")
    list_display = ("authority", "label", "proposed_at", "when", "at")
    list_select_related = ("authority",)


@admin.register(AuthorityTry)
class AuthorityTryAdmin(ReadOnlyAdmin):
    """What tries have shown."""

    list_display = ("candidate", "api", "gateway", "outcome")
    list_select_related = ("candidate__authority",)


@admin.register(AuthorityReceipt)
class AuthorityReceiptAdmin(ReadOnlyAdmin):
    """What switches have left behind."""

    fields = ("authority", "change", "at", "content", "gateways")
    list_display = ("authority", "change", "at")
    list_select_related = ("authority",)
