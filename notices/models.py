"""Channels, whom entries belong to, what was acknowledged, and what was told to whom."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from certificates.models import NAME_MAX_LENGTH, Certificate, SealedSecret, valid_name
from certificates.sealing import Secret
from notices.thresholds import THRESHOLDS
from portal.troubles import Topic

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CLAIMED_FOR = timedelta(minutes=5)  # longer than sending one message can take; then whoever has claimed it has died
MONDAY = 0
not_reserved = RegexValidator(r"^new\Z", _("This name is an address of the portal itself."), inverse_match=True)


class Weekday(models.IntegerChoices):
    """The days of the week, as Python counts them."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


def usual_thresholds() -> list[int]:
    """Return the days before an end at which is told."""
    return list(THRESHOLDS)


class Schedule(models.Model):
    """When is told. One row; none: the usual."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    thresholds: models.JSONField[list[int], list[int]] = models.JSONField(_("days before the end"), default=usual_thresholds)
    weekly = models.PositiveSmallIntegerField(_("weekly summary"), choices=Weekday, null=True, blank=True, default=MONDAY)  # None: never

    calls = models.BooleanField(_("Calls that fail more than before"), default=True, db_default=True)
    gateways = models.BooleanField(_("Gateways that are behind or away"), default=True, db_default=True)
    sources = models.BooleanField(_("Sources of certificates that fail"), default=True, db_default=True)

    class Meta:
        """Changed on the page of notices."""

        default_permissions = ("change",)
        verbose_name = _("schedule of notices")
        verbose_name_plural = _("schedules of notices")

    def __str__(self) -> str:
        """Return the days."""
        return ", ".join(map(str, self.thresholds))

    @property
    def name(self) -> str:
        """What lines of the activity log call it."""
        return str(self._meta.verbose_name)

    def tells_of(self, topic: Topic) -> bool:
        """Return whether failures of this topic are told of."""
        return topic is Topic.OTHER or bool(getattr(self, topic))

    @classmethod
    def current(cls) -> Schedule:
        """Return the one that applies."""
        return cls.objects.first() or cls()


class ChannelKind(models.TextChoices):
    """The services that notices go to."""

    MAIL = "mail", _("Mail address")
    WEBHOOK = "webhook", _("Signed webhook")
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    FEISHU = "feishu", _("Feishu (Lark)")
    DINGTALK = "dingtalk", _("DingTalk")
    WECOM = "wecom", _("WeCom")


class Channel(models.Model):
    """A place where everything is told: a mailbox of a team, a webhook, a chat group."""

    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH, unique=True, validators=[valid_name, not_reserved])
    kind = models.CharField(_("kind"), max_length=10, choices=ChannelKind)
    place = models.CharField(_("goes to"), max_length=320)  # a mail address, or the host of a URL whose rest is secret
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        """Listed by name."""

        ordering: ClassVar = ["name"]
        verbose_name = _("channel")
        verbose_name_plural = _("channels")

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @property
    def key(self) -> str:
        """What it is called among recipients."""
        return f"channel:{self.pk}"


class ChannelSecret(SealedSecret):
    """Where a channel's messages are posted, and what they are signed with; another one is a new row. The sealed secret is JSON."""

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="secret", verbose_name=_("channel"))

    class Meta:
        """Nobody reads it but the sender."""

        verbose_name = _("channel secret")
        verbose_name_plural = _("channel secrets")

    def __str__(self) -> str:
        """Return whose it is."""
        return str(self.channel)

    def hold(self, *, url: str, secret: str) -> None:
        """Seal both; the caller saves."""
        self.seal(Secret(json.dumps({"url": url, "secret": secret}).encode()))

    def told(self) -> tuple[str, Secret]:
        """Return the URL, which is as secret, and what to sign with.

        :raises certificates.sealing.SealingError: if it was damaged, or the ring lacks its key
        """
        held = json.loads(self.unseal().value)
        return held["url"], Secret(held["secret"].encode())


class Contact(models.Model):
    """Who is told of one entry: an owner, who has an account, or a contact by a mail address."""

    certificate = models.ForeignKey(Certificate, models.CASCADE, related_name="contacts", verbose_name=_("certificate"))
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("owner"))
    address = models.EmailField(_("contact"), blank=True)
    language = models.CharField(
        _("language"), max_length=10, choices=settings.LANGUAGES, blank=True
    )  # of an address; a person's own counts

    class Meta:
        """Either, once for each entry; changed with the entry."""

        default_permissions = ()
        ordering: ClassVar = ["pk"]
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_contact_is_a_person_or_an_address",
                condition=Q(person__isnull=False, address="") | (Q(person__isnull=True) & ~Q(address="")),
            ),
            models.UniqueConstraint(fields=["certificate", "person"], name="a_person_owns_an_entry_once"),
            models.UniqueConstraint(
                fields=["certificate", "address"], condition=~Q(address=""), name="an_address_is_a_contact_of_an_entry_once"
            ),
        ]

    def __str__(self) -> str:
        """Return who."""
        return str(self.person or self.address)


class AcknowledgementQuerySet(models.QuerySet["Acknowledgement"]):
    """Which of them count."""

    def in_force(self) -> Self:
        """Return those of people who are still here: what somebody has taken care of who is deactivated or deleted, nobody does."""
        return self.filter(by__in=get_user_model().objects.filter(is_active=True).values("username"))


class Acknowledgement(models.Model):
    """Somebody knows of it: of this version of a subject nothing more is told."""

    subject = models.CharField(_("subject"), max_length=200)
    version = models.CharField(_("version"), max_length=100)
    by = models.CharField(_("who"), max_length=150)
    at = models.DateTimeField(_("when"))

    objects = AcknowledgementQuerySet.as_manager()

    class Meta:
        """One for each version; made by those who may change the subject."""

        default_permissions = ()
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject", "version"], name="a_version_is_acknowledged_once")]

    def __str__(self) -> str:
        """Return what and by whom."""
        return f"{self.subject}: {self.by}"


class Outcome(models.TextChoices):
    """What became of the last message to a recipient."""

    DELIVERED = "delivered", _("Delivered.")
    REFUSED = "refused", _("It was refused: %(detail)s.")
    UNREACHABLE = "unreachable", _("The server could not be reached.")
    UNKNOWN_NAME = "unknown-name", _("The host name is not known.")
    NOT_ALLOWED = "not-allowed", _("The host name leads to an address that notices are not sent to.")
    NO_TLS = "no-tls", _("The TLS handshake failed, or its certificate is not trusted.")
    TOO_SLOW = "too-slow", _("It did not answer in time.")
    NO_ANSWER = "no-answer", _("What came back is no answer by HTTP.")
    SEALED = "sealed", _("Its address cannot be opened: the ring of encryption keys lacks a key. Enter the address again.")
    NO_MAIL = "no-mail", _("There is no mail server to send by: set PORTAL_MAIL_HOST.")
    BAD_ADDRESS = "bad-address", _("The mail server does not take this address.")
    MAIL_FAILED = "mail-failed", _("The mail server refused the mail: %(detail)s.")


class Recipient(models.Model):
    """How the last message to somebody or to a channel went, and when the next may be tried."""

    key = models.CharField(_("recipient"), max_length=330, unique=True)
    tried_at = models.DateTimeField(_("last tried"))
    outcome = models.CharField(_("result"), max_length=20, choices=Outcome)
    detail = models.CharField(max_length=200, blank=True)  # a status, never what a stranger has said
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    retry_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Written by the sender."""

        default_permissions = ("view",)
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")

    def __str__(self) -> str:
        """Return who."""
        return self.key

    @property
    def delivered(self) -> bool:
        """Whether it arrived."""
        return self.outcome == Outcome.DELIVERED

    @property
    def sentence(self) -> str:
        """What became of it, in words."""
        return str(Outcome(self.outcome).label) % {"detail": self.detail}


class Told(models.Model):
    """One recipient was told of one version of a subject at one threshold, or somebody is just about to."""

    subject = models.CharField(_("subject"), max_length=200)
    version = models.CharField(_("version"), max_length=100)
    mark = models.CharField(_("threshold"), max_length=10)  # the days left; 0: it has ended; or what is told without an end
    recipient = models.CharField(_("recipient"), max_length=330, db_index=True)
    delivery = models.UUIDField(db_index=True)  # the message that tells of it
    claimed_at = models.DateTimeField(db_default=Now())  # by the database's clock, which all processes share
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        """Nobody is told twice: the row is written before the message is sent, and only one process can write it."""

        default_permissions = ("view",)
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject", "version", "mark", "recipient"], name="a_notice_is_told_once")]

    def __str__(self) -> str:
        """Return what was told to whom."""
        return f"{self.subject}, {self.mark}: {self.recipient}"


class Episode(models.Model):
    """Something that fails or has failed, so that those who were told are told that it is over."""

    subject = models.CharField(_("subject"), max_length=200)
    version = models.CharField(_("version"), max_length=100)
    name = models.CharField(_("name"), max_length=300)
    path = models.CharField(max_length=500)
    told_to = models.CharField(max_length=100)
    entry = models.PositiveBigIntegerField(null=True, blank=True)
    over_at = models.DateTimeField(_("over"), null=True, blank=True)

    class Meta:
        """Written by the sender."""

        default_permissions = ("view",)
        verbose_name = _("episode")
        verbose_name_plural = _("episodes")
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject", "version"], name="an_episode_is_noted_once")]

    def __str__(self) -> str:
        """Return what fails."""
        return self.name


class BackendCertificate(models.Model):
    """What a back end has presented when it was last looked at."""

    host = models.CharField(_("host"), max_length=255)
    port = models.PositiveIntegerField(_("port"))
    looked_at = models.DateTimeField(_("looked at"))
    thumbprint = models.CharField(_("thumbprint"), max_length=40, blank=True)  # empty: nothing was seen
    fingerprint = models.CharField(max_length=64, blank=True)
    subject = models.CharField(_("subject"), max_length=2000, blank=True)
    not_after = models.DateTimeField(_("expires"), null=True, blank=True, db_index=True)

    class Meta:
        """One for each address."""

        default_permissions = ("view",)
        verbose_name = _("certificate of a back end")
        verbose_name_plural = _("certificates of back ends")
        constraints: ClassVar = [models.UniqueConstraint(fields=["host", "port"], name="a_back_end_has_one_certificate")]

    def __str__(self) -> str:
        """Return the address."""
        return f"{self.host}:{self.port}"


def language_of(person: User) -> str:
    """Return the language that *person* reads in."""
    preferences = getattr(person, "preferences", None)
    return (preferences and preferences.language) or settings.LANGUAGE_CODE
