"""The activity log, which is also the feed that the xDS process follows, and what each person prefers."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.people.models import Invitation

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = ["Activity", "Event", "FailedGuess", "GuessKind", "Invitation", "Preferences", "Theme"]


class Event(models.TextChoices):
    """What can happen; the word before the dot is the kind of thing it happened to."""

    CERTIFICATE_UPLOADED = "certificate.uploaded", _("Certificate uploaded")
    CERTIFICATE_REPLACED = "certificate.replaced", _("Certificate replaced")
    CERTIFICATE_ROLLED_BACK = "certificate.rolled-back", _("Certificate rolled back")
    CERTIFICATE_DELETED = "certificate.deleted", _("Certificate deleted")
    CERTIFICATE_PROPOSED = "certificate.proposed", _("Version proposed")
    CERTIFICATE_PLANNED = "certificate.planned", _("Switch planned")
    CERTIFICATE_DISCARDED = "certificate.discarded", _("Proposed version discarded")
    CERTIFICATE_RULES_CHANGED = "certificate.rules-changed", _("Rules of switches changed")
    CERTIFICATE_KEY_DESTROYED = "certificate.key-destroyed", _("Private key destroyed")
    CERTIFICATE_CANARY_BEGAN = "certificate.canary-began", _("New version given to a canary")
    CERTIFICATE_PUT_BACK = "certificate.put-back", _("Version before put back")
    CERTIFICATE_MOVE_PLANNED = "certificate.move-planned", _("Move of APIs planned")
    CERTIFICATE_MOVE_DISCARDED = "certificate.move-discarded", _("Planned move of APIs discarded")
    CERTIFICATE_APIS_MOVED = "certificate.apis-moved", _("APIs moved to a certificate")
    CERTIFICATE_APIS_STAY = "certificate.apis-stay", _("APIs stay with an earlier version")
    SERVER_CERTIFICATE_UPLOADED = "server-certificate.uploaded", _("Server certificate uploaded")
    SERVER_CERTIFICATE_REPLACED = "server-certificate.replaced", _("Server certificate replaced")
    SERVER_CERTIFICATE_ROLLED_BACK = "server-certificate.rolled-back", _("Server certificate rolled back")
    SERVER_CERTIFICATE_DELETED = "server-certificate.deleted", _("Server certificate deleted")
    SIGNING_REQUEST_MADE = "signing-request.made", _("Signing request made")
    SIGNING_REQUEST_DISCARDED = "signing-request.discarded", _("Signing request discarded")
    CERTIFICATE_SOURCE_SET = "certificate.source-set", _("Source of a certificate set")
    CERTIFICATE_SOURCE_REMOVED = "certificate.source-removed", _("Source of a certificate removed")
    SERVER_CERTIFICATE_SOURCE_SET = "server-certificate.source-set", _("Source of a server certificate set")
    SERVER_CERTIFICATE_SOURCE_REMOVED = "server-certificate.source-removed", _("Source of a server certificate removed")
    SERVER_CERTIFICATE_PROPOSED = "server-certificate.proposed", _("Version proposed")
    SERVER_CERTIFICATE_PLANNED = "server-certificate.planned", _("Switch planned")
    SERVER_CERTIFICATE_DISCARDED = "server-certificate.discarded", _("Proposed version discarded")
    SERVER_CERTIFICATE_RULES_CHANGED = "server-certificate.rules-changed", _("Rules of switches changed")
    SERVER_CERTIFICATE_KEY_DESTROYED = "server-certificate.key-destroyed", _("Private key destroyed")
    AUTHORITY_ADDED = "authority.added", _("Trusted authority added")
    AUTHORITY_REPLACED = "authority.replaced", _("Trusted authority replaced")
    AUTHORITY_ROLLED_BACK = "authority.rolled-back", _("Trusted authority rolled back")
    AUTHORITY_DELETED = "authority.deleted", _("Trusted authority deleted")
    AUTHORITY_PROPOSED = "authority.proposed", _("Version proposed")
    AUTHORITY_PLANNED = "authority.planned", _("Switch planned")
    AUTHORITY_DISCARDED = "authority.discarded", _("Proposed version discarded")
    API_CREATED = "api.created", _("API created")
    API_CHANGED = "api.changed", _("API settings changed")
    API_SECURED = "api.secured", _("API security changed")
    API_CALLS_CHANGED = "api.calls-changed", _("API calls changed")
    API_CALLERS_CHANGED = "api.callers-changed", _("API callers changed")
    API_POLICY_CHANGED = "api.policy-changed", _("API policy changed")
    API_DELETED = "api.deleted", _("API deleted")
    OPERATION_ADDED = "api.operation-added", _("Operation added")
    OPERATION_CHANGED = "api.operation-changed", _("Operation changed")
    OPERATION_DELETED = "api.operation-deleted", _("Operation deleted")
    API_IMPORTED = "api.imported", _("Operations imported")
    SUBSCRIPTION_CREATED = "subscription.created", _("Subscription created")
    SUBSCRIPTION_CHANGED = "subscription.changed", _("Subscription changed")
    SUBSCRIPTION_SUSPENDED = "subscription.suspended", _("Subscription suspended")
    SUBSCRIPTION_ACTIVATED = "subscription.activated", _("Subscription activated")
    SUBSCRIPTION_KEY_SHOWN = "subscription.keys-shown", _("Subscription keys shown")
    SUBSCRIPTION_KEY_REGENERATED = "subscription.key-regenerated", _("Subscription key regenerated")
    SUBSCRIPTION_DELETED = "subscription.deleted", _("Subscription deleted")
    GATEWAY_ADDED = "gateway.added", _("Gateway added")
    GATEWAY_REMOVED = "gateway.removed", _("Gateway removed")
    GATEWAY_RENEWED = "gateway.renewed", _("Gateway certificate renewed")
    GATEWAY_CERTIFICATE_USED = "gateway.certificate-used", _("New gateway certificate in use")
    TOKEN_CREATED = "token.created", _("Access token created")
    TOKEN_REVOKED = "token.revoked", _("Access token revoked")
    TOKEN_KEYS_SHOWN = "token.keys-shown", _("Shared access keys shown")
    TOKEN_KEY_REGENERATED = "token.key-regenerated", _("Shared access key regenerated")
    POLICY_CHANGED = "policy.changed", _("Policy of all APIs changed")
    NAMED_VALUE_CREATED = "named-value.created", _("Named value created")
    NAMED_VALUE_CHANGED = "named-value.changed", _("Named value changed")
    NAMED_VALUE_DELETED = "named-value.deleted", _("Named value deleted")
    NAMED_VALUE_SHOWN = "named-value.shown", _("Secret named value shown")
    BACKEND_CREATED = "backend.created", _("Back end created")
    BACKEND_CHANGED = "backend.changed", _("Back end changed")
    BACKEND_DELETED = "backend.deleted", _("Back end deleted")
    SIGN_IN_LOCK_LIFTED = "sign-in.lock-lifted", _("Closed sign-in opened")
    SECOND_FACTOR_ADDED = "sign-in.factor-added", _("Second factor added")
    SECOND_FACTOR_REMOVED = "sign-in.factor-removed", _("Second factor removed")
    SECOND_FACTOR_RESET = "sign-in.factors-reset", _("Second factors taken away")
    SECOND_FACTOR_DEMANDED = "sign-in.factor-demanded", _("Demand for second factors changed")
    RECOVERY_CODES_MADE = "sign-in.recovery-codes", _("Recovery codes made")
    PERSON_INVITED = "people.invited", _("Person invited")
    INVITATION_WITHDRAWN = "people.invitation-withdrawn", _("Invitation withdrawn")
    PERSON_JOINED = "people.joined", _("Invitation accepted")
    PERSON_ADDED = "people.added", _("Person added")
    PERSON_CHANGED = "people.changed", _("Name or e-mail address changed")
    PERSON_ROLE_CHANGED = "people.role-changed", _("Role changed")
    PERSON_SUPERUSER_GIVEN = "people.superuser-given", _("Superuser status given")
    PERSON_SUPERUSER_TAKEN = "people.superuser-taken", _("Superuser status taken")
    PERSON_DEACTIVATED = "people.deactivated", _("Person deactivated")
    PERSON_ACTIVATED = "people.activated", _("Person activated")
    PASSWORD_LINK_MADE = "people.password-link-made", _("Link for a new password made")
    PERSON_PASSWORD_SET = "people.password-set", _("Password set")
    SESSIONS_ENDED = "people.sessions-ended", _("Signed out everywhere")
    PERSON_DELETED = "people.deleted", _("Person deleted")
    COMPANY_ACCOUNT_MADE = "sign-in.company-account", _("Company account added")
    COMPANY_ROLE_TAKEN = "sign-in.company-role", _("Role of a company account changed")
    SIGN_IN_SUCCEEDED = "sign-in.succeeded", _("Signed in")
    SIGN_IN_ENDED = "sign-in.ended", _("Signed out")
    SIGN_IN_FAILED = "sign-in.failed", _("Sign-in failed")
    SIGN_IN_CLOSED = "sign-in.closed", _("Sign-in closed")
    TOKEN_USED = "token.used", _("Access token used")
    TOKEN_FAILED = "token.failed", _("Wrong access token")
    ACCESS_REFUSED = "access.refused", _("Refused")
    CONFIGURATION_EXPORTED = "export.configuration", _("Configuration exported")
    LOG_EXPORTED = "export.activity", _("Activity exported")
    LOG_TRIMMED = "log.trimmed", _("Old activity removed")
    LOG_SUMMED = "log.summed", _("Activity summed up")
    ENCRYPTION_REWRAPPED = "encryption.rewrapped", _("Encryption keys rotated")
    DATABASE_BACKED_UP = "database.backed-up", _("Backup made")
    DATABASE_RESTORED = "database.restored", _("Backup restored")
    DATABASE_BEGUN = "database.begun", _("Begun anew without data")
    CHANNEL_ADDED = "notice.channel-added", _("Channel for notices added")
    CHANNEL_CHANGED = "notice.channel-changed", _("Channel for notices changed")
    CHANNEL_DELETED = "notice.channel-deleted", _("Channel for notices deleted")
    NOTICES_SCHEDULED = "notice.scheduled", _("Schedule of notices changed")
    CONTACT_ADDED = "telling.contact-added", _("Contact of a certificate added")
    CONTACT_REMOVED = "telling.contact-removed", _("Contact of a certificate removed")
    NOTICE_ACKNOWLEDGED = "telling.acknowledged", _("Notice acknowledged")
    NOTICE_RESUMED = "telling.resumed", _("Acknowledgement taken back")


def events() -> list[tuple[str, _StrPromise]]:
    """Return what can happen, as choices. A function, so that a new event needs no migration: the database does not know them."""
    return Event.choices


class Unchangeable(Exception):
    """A line of the activity log was to be changed or deleted."""


class ActivityQuerySet(models.QuerySet["Activity"]):
    """Lines, which are read and written but not changed."""

    def update(self, **_values: Any) -> int:
        """Refuse."""
        raise Unchangeable("Lines of the activity log do not change.")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refuse; :mod:`portal.activity.trimming` takes old lines away."""
        raise Unchangeable("Lines of the activity log are not deleted. `manage.py activity trim` takes old ones away.")


class Activity(models.Model):
    """One line of the log, written in the same transaction as the change it tells of (:mod:`portal.activity`)."""

    id = models.BigAutoField(primary_key=True)  # the order of commits
    at = models.DateTimeField(pgettext_lazy("moment", "when"), db_index=True)
    # No constraint: who is deleted stays named, and no line changes.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("who"), db_constraint=False
    )
    actor_name = models.CharField(_("name"), max_length=150, blank=True)
    through = models.JSONField(_("by token"), default=dict, blank=True)  # as portal.activity.acting.Through; empty: in person
    kind = models.CharField(max_length=20, editable=False)  # what stands before the dot of the event
    event = models.CharField(_("what"), max_length=40, choices=events)
    subject_id = models.CharField(max_length=40)
    subject_name = models.CharField(_("subject"), max_length=300)
    details = models.JSONField(_("details"), default=dict, blank=True)
    changes = models.JSONField(_("changes"), default=dict, blank=True)  # by field: [old, new]
    seal = models.CharField(max_length=64, editable=False)
    link = models.CharField(max_length=64, editable=False)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        """The newest line first is how people read it. Each filter of the page has an index that is in this order."""

        ordering: ClassVar = ["-id"]
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        indexes: ClassVar = [
            models.Index(fields=["subject_id", "event", "-id"], name="activity_of_a_subject"),
            models.Index(fields=["kind", "id"], name="activity_of_a_kind"),
            models.Index(fields=["event", "id"], name="activity_of_an_event"),
            models.Index(fields=["actor_name", "id"], name="activity_of_a_person"),
            models.Index(fields=["actor_name", "kind", "id"], name="activity_of_person_and_kind"),
            models.Index(fields=["actor_name", "event", "id"], name="activity_of_person_and_event"),
            models.Index(fields=["subject_name", "kind", "id"], name="activity_of_a_subjects_name"),
            models.Index(fields=["subject_id", "kind", "id"], name="activity_about_one_thing"),
        ]

    def __str__(self) -> str:
        """Return what happened to what."""
        return f"{self.get_event_display()}: {self.subject_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new line.

        :raises Unchangeable: if it is written already
        """
        if not self._state.adding:
            raise Unchangeable("Lines of the activity log do not change.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse."""
        raise Unchangeable("Lines of the activity log are not deleted.")


class ActivityName(models.Model):
    """What lines are about, each once: there are few beside lines, so that a search for a part of a name looks at these."""

    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=300)

    class Meta:
        """Nobody's business but the log's."""

        default_permissions = ()
        verbose_name = _("name in the activity log")
        verbose_name_plural = _("names in the activity log")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "name"], name="a_name_in_the_log_stands_once_for_each_kind")]

    def __str__(self) -> str:
        """Return it."""
        return self.name


class ActivityHead(models.Model):
    """Which line is the newest, sealed, so that lines cut off at the end are missed. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    line = models.PositiveBigIntegerField()
    link = models.CharField(max_length=64)
    seal = models.CharField(max_length=64)

    class Meta:
        """Nobody's business but the log's."""

        default_permissions = ()
        verbose_name = _("head of the activity log")
        verbose_name_plural = _("heads of the activity log")

    def __str__(self) -> str:
        """Return the number."""
        return str(self.line)


class ActivityForwarding(models.Model):
    """How far lines were forwarded, and which process forwards them. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    line = models.PositiveBigIntegerField(default=0)  # the last that has arrived
    holder = models.CharField(max_length=40, blank=True)
    held_until = models.DateTimeField(null=True)

    class Meta:
        """Nobody's business but the log's."""

        default_permissions = ()
        verbose_name = _("forwarding of the activity log")
        verbose_name_plural = _("forwardings of the activity log")

    def __str__(self) -> str:
        """Return the number of the last line that has arrived."""
        return str(self.line)


class Flood(models.Model):
    """How often an event that anybody can cause was told within an hour, and how often not (:mod:`portal.activity.floods`)."""

    event = models.CharField(max_length=40)
    source = models.CharField(max_length=200, blank=True)  # empty: all of them together
    since = models.DateTimeField()
    told = models.PositiveIntegerField(default=0)
    untold = models.PositiveIntegerField(default=0)

    class Meta:
        """One row for each source within the hour."""

        default_permissions = ()
        verbose_name = _("flood")
        verbose_name_plural = _("floods")
        constraints: ClassVar = [models.UniqueConstraint(fields=["event", "source"], name="a_flood_has_one_row_for_each_source")]

    def __str__(self) -> str:
        """Return what and from where."""
        return f"{self.event} {self.source}".strip()


class GuessKind(models.TextChoices):
    """At what somebody may guess."""

    SIGN_IN = "sign-in", _("Signing in")
    TOKEN = "token", _("Access tokens")
    CODE = "code", _("Second factors")
    RESET = "reset", _("New passwords by mail")


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
    hidden_columns = models.JSONField(_("hidden columns"), null=True, blank=True, editable=False)  # by list: the keys of its columns

    class Meta:
        """One row per person."""

        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        """Return whose they are."""
        return str(self.user)


class Installation(models.Model):
    """What this database is, and what all portals on it must share."""

    only = models.BooleanField(default=True, unique=True, editable=False)  # there is one
    identity = models.UUIDField(default=uuid.uuid4, editable=False)  # for good
    epoch = models.UUIDField(default=uuid.uuid4, editable=False)  # another one after each restore: the change feed may have gone back
    secret_key = models.CharField(max_length=64, blank=True, editable=False)  # a digest that is slow to make
    ring_key = models.CharField(max_length=12, blank=True, editable=False)  # the name of the key that was newest

    class Meta:
        """Nothing that people change, and of interest to Administrators alone."""

        default_permissions = ("change",)
        verbose_name = _("installation")
        verbose_name_plural = _("installations")

    def __str__(self) -> str:
        """Return its identity."""
        return str(self.identity)
