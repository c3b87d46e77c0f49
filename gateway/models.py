"""The gateways: which there are, what each has applied or refused, and the calls that failed on their way to a back end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import ExpressionWrapper, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apis.hints import Hint, hints_for
from apis.models import Api
from apis.policy.failure import Failure
from certificates.models import NAME_MAX_LENGTH, CertificateVersion, SealedSecret, valid_name
from certificates.rollout.models import Candidate
from gateway.alert import Alert  # noqa: F401 - another one
from gateway.counts import ApiCount, CountedUpTo, KeyCount, TotalCount, VersionCount  # noqa: F401 - tables of this app
from gateway.tokens import TokenStanding  # noqa: F401 - another one
from gateway.turned_away import TurnedAway  # noqa: F401 - another one

# The xDS process notes every SEEN_EVERY that a gateway is still connected; a gateway that was not seen for twice that long is
# not counted, so that a killed process leaves no gateway "connected" for ever.
SEEN_EVERY = timedelta(seconds=10)
ENROLMENT_WARNED = timedelta(days=60)  # gateways renew theirs long before
CALLS_KEPT = 100_000  # failed calls, the newest
PROBE_KEPT = timedelta(seconds=30)  # nobody waits longer for an answer


class GatewayQuerySet(models.QuerySet["Gateway"]):
    """Questions that pages ask."""

    def with_presence(self) -> GatewayQuerySet:
        """Return them with ``is_connected``: whether each holds a stream to a control plane.

        By the database's clock, which has also set ``seen_at``: the control plane and the portal may be on machines whose clocks differ.
        """
        lately = Q(connected_at__isnull=False, disconnected_at__isnull=True, seen_at__gt=Now() - 2 * SEEN_EVERY)
        return self.annotate(seen_lately=ExpressionWrapper(lately, output_field=models.BooleanField()))


class Gateway(models.Model):
    """A node that runs Envoy: known by the local socket it comes through, or by the certificate it was enrolled with."""

    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH, unique=True, validators=[valid_name])
    fingerprint = models.CharField(_("certificate"), max_length=64, blank=True, editable=False)  # SHA-256; empty: local socket only
    enrolled_until = models.DateTimeField(_("enrolled until"), null=True, blank=True)
    next_fingerprint = models.CharField(max_length=64, blank=True, editable=False)  # of a renewed certificate that has not come yet
    next_enrolled_until = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.CharField(_("version"), max_length=100, blank=True)
    connected_at = models.DateTimeField(_("connected since"), null=True, blank=True)
    seen_at = models.DateTimeField(_("last seen"), null=True, blank=True)
    disconnected_at = models.DateTimeField(_("disconnected"), null=True, blank=True)
    fed_by = models.CharField(_("control plane"), max_length=255, blank=True, default="", db_default="")  # its machine; the last it came to
    applied_change = models.PositiveBigIntegerField(_("last change applied"), default=0)  # it and all before it; an activity's id
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)

    objects = GatewayQuerySet.as_manager()

    class Meta:
        """Listed by name."""

        ordering: ClassVar = ["name"]
        verbose_name = _("gateway")
        verbose_name_plural = _("gateways")

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    def ends_soon(self, *, now: datetime) -> bool:
        """Return whether its certificate ends within :data:`ENROLMENT_WARNED`, and none has been issued to follow."""
        until = self.next_enrolled_until or self.enrolled_until
        return until is not None and until < now + ENROLMENT_WARNED

    @property
    def is_connected(self) -> bool:
        """Whether it holds a stream to a control plane; known of those that :meth:`GatewayQuerySet.with_presence` returns."""
        return bool(self.__dict__["seen_lately"])


class Delivery(models.Model):
    """What became of one change on one gateway."""

    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="deliveries", verbose_name=_("gateway"))
    change = models.PositiveBigIntegerField(_("change"))  # the id of the activity line
    sent_at = models.DateTimeField(_("sent"))
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)
    reason = models.TextField(_("refused because"), blank=True)  # Envoy's words

    class Meta:
        """A change is delivered to a gateway once."""

        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints: ClassVar = [models.UniqueConstraint(fields=["gateway", "change"], name="one_delivery_per_gateway_and_change")]
        indexes: ClassVar = [models.Index(fields=["change"], name="deliveries_of_a_change")]

    def __str__(self) -> str:
        """Return which change and where."""
        return f"{self.change} → {self.gateway_id}"


class Refusal(models.Model):
    """An API's current configuration that is not live, and why: a gateway refused it, or it could not even be prepared.

    It is deleted as soon as a later version is applied.
    """

    gateway = models.ForeignKey(
        Gateway,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="refusals",
        verbose_name=_("gateway"),
        help_text=_("Empty: all gateways."),
    )
    api = models.ForeignKey(Api, models.CASCADE, null=True, blank=True, related_name="refusals", verbose_name=_("API"))
    resource = models.CharField(_("resource"), max_length=200, blank=True)  # "type/name"; empty: it could not be prepared
    reason = models.TextField(_("reason"))
    presents = models.ForeignKey(
        CertificateVersion,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("presented instead"),
        help_text=_("The version of the certificate that is presented meanwhile. Empty: calls are refused."),
    )
    since = models.DateTimeField(_("since"))

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-since", "-id"]
        verbose_name = _("refusal")
        verbose_name_plural = _("refusals")
        indexes: ClassVar = [models.Index(fields=["gateway", "resource"], name="refusals_of_a_gateway")]

    def __str__(self) -> str:
        """Return the reason."""
        return self.reason


class FailureKind(models.TextChoices):
    """What failed, in words for publishers (:class:`apis.policy.failure.Failure`)."""

    NAME_MISMATCH = Failure.NAME_MISMATCH.value, _("The back end's certificate was not issued for its host name.")
    EXPIRED = Failure.EXPIRED.value, _("The back end's certificate has expired.")
    NOT_YET_VALID = Failure.NOT_YET_VALID.value, _("The back end's certificate is not valid yet.")
    WRONG_PURPOSE = Failure.WRONG_PURPOSE.value, _("The back end's certificate was issued for another purpose.")
    UNVERIFIED = Failure.UNVERIFIED.value, _("The back end's certificate could not be verified.")
    NO_COMMON_TLS = Failure.NO_COMMON_TLS.value, _("The back end and the gateway have no TLS parameters in common.")
    UNKNOWN_NAME = Failure.UNKNOWN_NAME.value, _("The back end does not know its host name.")
    CLIENT_CERTIFICATE_DEMANDED = (
        Failure.CLIENT_CERTIFICATE_DEMANDED.value,
        _("The back end demands a client certificate, and none was presented."),
    )
    CLIENT_CERTIFICATE_REFUSED = Failure.CLIENT_CERTIFICATE_REFUSED.value, _("The back end refused the client certificate.")
    HANDSHAKE = Failure.HANDSHAKE.value, _("The TLS handshake with the back end failed.")
    HANDSHAKE_BROKEN_OFF = Failure.HANDSHAKE_BROKEN_OFF.value, _("The back end broke the TLS handshake off without a reason.")
    UNREACHABLE = Failure.UNREACHABLE.value, _("The back end could not be reached.")
    MAYBE_REFUSED = (
        Failure.MAYBE_REFUSED.value,
        _("The back end refused the client certificate or broke the connection off before it answered."),
    )
    DROPPED = Failure.DROPPED.value, _("The back end broke the connection off before it answered.")
    RESET = Failure.RESET.value, _("The back end broke the call off before it answered.")
    OVERLOADED = Failure.OVERLOADED.value, _("The back end takes no more calls at once.")
    NOT_HTTP = Failure.NOT_HTTP.value, _("The back end's answer is not valid HTTP, or has too many headers.")
    NOT_CONFIGURED = Failure.NOT_CONFIGURED.value, _("The gateway could not use the settings of this API's back end.")
    NO_CREDENTIALS = Failure.NO_CREDENTIALS.value, _("The gateway had no credentials to send to the back end.")
    TIMEOUT = Failure.TIMEOUT.value, _("The back end did not answer in time.")
    OTHER = Failure.OTHER.value, _("The call to the back end failed.")


class FailedCallQuerySet(models.QuerySet["FailedCall"]):
    """Questions that pages ask."""

    def matching(self, words: str) -> FailedCallQuerySet:
        """Return those whose activity id begins with *words*, whose path holds them, or whose API is called so; all without words."""
        if not words:
            return self
        called_so = Api.objects.filter(name=words).values("pk")  # asked once, where a join would be made for each call
        return self.filter(Q(activity_id__istartswith=words) | Q(path__icontains=words) | Q(api__in=called_so))


class FailedCall(models.Model):
    """One call that did not get an answer from the back end. Callers quote its activity id."""

    activity_id = models.CharField(_("activity id"), max_length=64, unique=True)
    at = models.DateTimeField(_("when"), db_index=True)
    gateway = models.CharField(_("gateway"), max_length=NAME_MAX_LENGTH)
    api = models.ForeignKey(Api, models.SET_NULL, null=True, blank=True, related_name="failed_calls", verbose_name=_("API"))
    method = models.CharField(_("HTTP verb"), max_length=20)
    path = models.CharField(_("path"), max_length=300)  # as the caller wrote it, without the query
    status = models.PositiveSmallIntegerField(_("status"))
    kind = models.CharField(_("what failed"), max_length=40, choices=FailureKind)
    flags = models.CharField(_("response flags"), max_length=100, blank=True)
    details = models.CharField(_("details"), max_length=500, blank=True)  # Envoy's response code details
    transport_failure = models.CharField(_("transport failure"), max_length=1000, blank=True)  # Envoy's words
    back_end = models.CharField(_("back end"), max_length=300, blank=True)  # the address that was tried
    milliseconds = models.PositiveIntegerField(_("duration"), default=0)
    presented = models.ForeignKey(
        CertificateVersion, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("client certificate")
    )  # when it was noted

    objects = FailedCallQuerySet.as_manager()
    presents = ""  # the thumbprint of the certificate that the gateway has named; not stored

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-at", "-id"]
        verbose_name = _("failed call")
        verbose_name_plural = _("failed calls")
        indexes: ClassVar = [
            models.Index(fields=["api", "-at"], name="failed_calls_of_an_api"),
            models.Index(fields=["kind", "api", "presented", "at"], name="failed_calls_alike"),
        ]

    def __str__(self) -> str:
        """Return the activity id."""
        return self.activity_id

    def hints(self) -> list[Hint]:
        """Return what may help its API's publisher."""
        return hints_for(self.api, self.kind, presented=self.presented, at=self.at) if self.api else []


class Probe(models.Model):
    """A handshake that a gateway is asked to make (:mod:`gateway.probes`), and what it has seen. Rows last as long as somebody waits."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="probes", verbose_name=_("gateway"))
    target = models.JSONField(_("back end"))  # an apis.handshake.question.Target
    version = models.ForeignKey(CertificateVersion, models.CASCADE, null=True, related_name="+", verbose_name=_("client certificate"))
    candidate = models.ForeignKey(
        Candidate, models.CASCADE, null=True, related_name="+", verbose_name=_("candidate")
    )  # neither: nothing is presented
    manner: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)  # further fields of a question
    closely = models.JSONField(null=True)  # a Closely of a question
    asked_at = models.DateTimeField(_("when"), db_index=True)
    seen = models.JSONField(_("what was seen"), null=True)  # an apis.handshake.seen.Seen

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-asked_at"]
        verbose_name = _("probe")
        verbose_name_plural = _("probes")

    def __str__(self) -> str:
        """Return where and with whom."""
        return f"{self.gateway_id}: {self.target}"


class NodeAuthority(SealedSecret):
    """The authority that issues the certificates of gateways and of the xDS server. The sealed secret is its key, PKCS#8 DER."""

    certificate = models.BinaryField()  # DER
    created_at = models.DateTimeField(_("created"))
    only = models.BooleanField(default=True, unique=True, editable=False)  # there is one

    class Meta:
        """Named as people say it."""

        verbose_name = _("gateway authority")
        verbose_name_plural = _("gateway authorities")

    def __str__(self) -> str:
        """Return when it was made."""
        return f"{self.created_at:%Y-%m-%d}"
