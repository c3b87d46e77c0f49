"""The activity log, which is also the feed that the xDS process follows, and what each person prefers."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Event(models.TextChoices):
    """What can happen; the word before the dot is the kind of thing it happened to."""

    CERTIFICATE_UPLOADED = "certificate.uploaded", _("Certificate uploaded")
    CERTIFICATE_REPLACED = "certificate.replaced", _("Certificate replaced")
    CERTIFICATE_ROLLED_BACK = "certificate.rolled-back", _("Certificate rolled back")
    CERTIFICATE_DELETED = "certificate.deleted", _("Certificate deleted")
    SERVER_CERTIFICATE_UPLOADED = "server-certificate.uploaded", _("Server certificate uploaded")
    SERVER_CERTIFICATE_REPLACED = "server-certificate.replaced", _("Server certificate replaced")
    SERVER_CERTIFICATE_ROLLED_BACK = "server-certificate.rolled-back", _("Server certificate rolled back")
    SERVER_CERTIFICATE_DELETED = "server-certificate.deleted", _("Server certificate deleted")
    API_CREATED = "api.created", _("API created")
    API_CHANGED = "api.changed", _("API settings changed")
    API_SECURED = "api.secured", _("API security changed")
    API_CALLS_CHANGED = "api.calls-changed", _("API calls changed")
    API_CALLERS_CHANGED = "api.callers-changed", _("API callers changed")
    API_DELETED = "api.deleted", _("API deleted")
    OPERATION_ADDED = "api.operation-added", _("Operation added")
    OPERATION_CHANGED = "api.operation-changed", _("Operation changed")
    OPERATION_DELETED = "api.operation-deleted", _("Operation deleted")
    SUBSCRIPTION_CREATED = "subscription.created", _("Subscription created")
    SUBSCRIPTION_CHANGED = "subscription.changed", _("Subscription changed")
    SUBSCRIPTION_SUSPENDED = "subscription.suspended", _("Subscription suspended")
    SUBSCRIPTION_ACTIVATED = "subscription.activated", _("Subscription activated")
    SUBSCRIPTION_KEY_SHOWN = "subscription.keys-shown", _("Subscription keys shown")
    SUBSCRIPTION_KEY_REGENERATED = "subscription.key-regenerated", _("Subscription key regenerated")
    SUBSCRIPTION_DELETED = "subscription.deleted", _("Subscription deleted")
    GATEWAY_ADDED = "gateway.added", _("Gateway added")
    GATEWAY_REMOVED = "gateway.removed", _("Gateway removed")
    TOKEN_CREATED = "token.created", _("Access token created")
    TOKEN_REVOKED = "token.revoked", _("Access token revoked")
    TOKEN_KEYS_SHOWN = "token.keys-shown", _("Shared access keys shown")
    TOKEN_KEY_REGENERATED = "token.key-regenerated", _("Shared access key regenerated")
    BACKEND_CREATED = "backend.created", _("Back end created")
    BACKEND_CHANGED = "backend.changed", _("Back end changed")
    BACKEND_DELETED = "backend.deleted", _("Back end deleted")
    SIGN_IN_LOCK_LIFTED = "sign-in.lock-lifted", _("Closed sign-in opened")
    ENCRYPTION_REWRAPPED = "encryption.rewrapped", _("Encryption keys rotated")


class Activity(models.Model):
    """One line of the log, written in the same transaction as the change it tells of."""

    at = models.DateTimeField(pgettext_lazy("moment", "when"), db_index=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who"))
    actor_name = models.CharField(_("name"), max_length=150, blank=True)
    event = models.CharField(_("what"), max_length=40, choices=Event)
    subject_id = models.CharField(max_length=40)
    subject_name = models.CharField(_("subject"), max_length=300)
    details = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        """The newest line first is how people read it; ids are the order of commits."""

        ordering: ClassVar = ["-id"]
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        indexes: ClassVar = [models.Index(fields=["subject_id", "event", "-id"], name="activity_of_a_subject")]

    def __str__(self) -> str:
        """Return what happened to what."""
        return f"{self.get_event_display()}: {self.subject_name}"

    @property
    def kind(self) -> str:
        """The kind of thing it happened to: ``certificate``, ``api``, ``subscription``…"""
        return self.event.partition(".")[0]


class GuessKind(models.TextChoices):
    """At what somebody may guess."""

    SIGN_IN = "sign-in", _("Signing in")
    TOKEN = "token", _("Access tokens")


class FailedGuess(models.Model):
    """A guess at a password or a token that failed, or is being checked; forgotten after a while (:mod:`portal.guesses`)."""

    kind = models.CharField(_("for"), max_length=10, choices=GuessKind)
    account = models.CharField(max_length=64)  # a digest: people type their password into the wrong field
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("who"))
    address = models.CharField(_("address"), max_length=43)
    at = models.DateTimeField(pgettext_lazy("moment", "when"), db_index=True)

    class Meta:
        """Of interest to Administrators alone."""

        default_permissions = ("change", "delete")
        verbose_name = _("failed sign-in")
        verbose_name_plural = _("failed sign-ins")
        indexes: ClassVar = [
            models.Index(fields=["address", "at"], name="failures_of_an_address"),
            models.Index(fields=["account", "at"], name="failures_of_an_account"),
        ]

    def __str__(self) -> str:
        """Return where it came from."""
        return self.address


class Theme(models.TextChoices):
    """Light or dark, or as the person's system says."""

    AUTO = "auto", _("As the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Preferences(models.Model):
    """What one person prefers, on every browser they sign in with."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preferences", verbose_name=_("user")
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, blank=True)  # empty: the browser's
    theme = models.CharField(_("theme"), max_length=5, choices=Theme, default=Theme.AUTO)

    class Meta:
        """One row per person."""

        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        """Return whose they are."""
        return str(self.user)
