"""Locked sign-ins, preferences and the activity log in Django admin, to look at; people are in :mod:`portal.people.admin`."""

from __future__ import annotations

import allauth.account.admin
import allauth.mfa.admin
import allauth.socialaccount.admin
from django.contrib import admin

from portal.models import Activity, FailedGuess, Installation, Preferences
from portal.people import admin as _people  # noqa: F401 - Django looks into this module; people have a room of their own
from portal.read_only_admin import ReadOnlyAdmin

for model in list(admin.site._registry):  # noqa: SLF001 - allauth registers its tables, which hold what nobody is to read or change there
    if model.__module__.startswith(allauth.__name__):
        admin.site.unregister(model)


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    """The log is written by the actions alone."""

    list_display = ("at", "actor_name", "event", "subject_name")
    list_filter = ("event",)
    search_fields = ("subject_name", "actor_name")
    fields = ("at", "actor_name", "event", "subject_name", "details")
    show_full_result_count = False


@admin.register(Preferences)
class PreferencesAdmin(ReadOnlyAdmin):
    """Everybody chooses on their own page."""

    list_display = ("user", "language", "theme")


@admin.register(FailedGuess)
class FailedGuessAdmin(ReadOnlyAdmin):
    """Failures that count; they are forgiven on the portal's own page."""

    list_display = ("person", "address", "kind", "at")
    fields = ("person", "address", "kind", "at")


@admin.register(Installation)
class InstallationAdmin(ReadOnlyAdmin):
    """What the database says of itself."""

    list_display = ("identity", "epoch")
