"""Candidates, and what trying them has shown."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from certificates.facts import Facts
from certificates.identity import Identity
from certificates.models import NAME_MAX_LENGTH, Certificate, CertificateVersion, SealedSecret
from certificates.pfx.model import Aside, Pfx
from certificates.rollout.proposals import FINE, Outcome, Proposal, TriedAt, When

__all__ = ["FINE", "Candidate", "Outcome", "Receipt", "ReceiptKey", "Rules", "Tried", "When", "rules_of"]

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

CANARY_MINUTES = 15
PROBATION_MINUTES = 30


class Candidate(Proposal, SealedSecret):
    """What shall become an entry's next version. The sealed secret is its private key, PKCS#8 DER."""

    certificate = models.OneToOneField(
        Certificate, models.CASCADE, related_name="candidate", verbose_name=_("certificate")
    )  # one at a time
    der = models.BinaryField()
    chain: models.JSONField[list[str], list[str]] = models.JSONField(default=list)  # base64 DER, the issuer of the leaf first
    aside: models.JSONField[list[dict[str, str]], list[dict[str, str]]] = models.JSONField(default=list)
    thumbprint = models.CharField(_("thumbprint"), max_length=40)
    thumbprint_sha256 = models.CharField(_("SHA-256 thumbprint"), max_length=64)
    source = models.CharField(_("source"), max_length=300, blank=True)  # empty: a person
    canary = models.CharField(_("canary"), max_length=NAME_MAX_LENGTH, blank=True, default="", db_default="")  # empty: all APIs at once
    canary_minutes = models.PositiveIntegerField(_("minutes alone"), null=True, blank=True)  # None: both are as the rules say

    if TYPE_CHECKING:
        tries: RelatedManager[Tried]

    class Meta:
        """What is to be switched at a moment has one."""

        verbose_name = _("candidate")
        verbose_name_plural = _("candidates")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_moment_exactly_if_switched_at_one",
                condition=Q(when=When.AT, at__isnull=False) | (~Q(when=When.AT) & Q(at__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        """Return how people tell certificates apart."""
        return f"{self.certificate} — {self.last_four}"

    @property
    def last_four(self) -> str:
        """The last four characters of the thumbprint."""
        return self.thumbprint[-4:]

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        """The certificates above it, DER, the issuer of the leaf first."""
        return tuple(base64.b64decode(one) for one in self.chain)

    @property
    def path(self) -> list[Facts]:
        """The facts of the certificate and of those above it, as they would be sent."""
        return [Facts.of(der) for der in (bytes(self.der), *self.chain_der)]

    @property
    def earlier(self) -> CertificateVersion | None:
        """The earlier version of the entry that it is, if it is one: then it is a roll back."""
        return self.certificate.versions.filter(thumbprint_sha256=self.thumbprint_sha256).first()

    def new_try(self, **place: str) -> Tried:
        """Return the row, not yet stored, of a try that has not come out yet."""
        return Tried(candidate=self, **place)

    def identity(self) -> Identity:
        """Return what a back end would be shown: chain and unsealed private key.

        :raises certificates.sealing.SealingError: if the ring lacks the row's key, or the row was tampered with
        """
        return Identity.of(bytes(self.der), self.chain_der, self.unseal())

    def pfx(self) -> Pfx:
        """Return what the file held.

        :raises certificates.sealing.SealingError: if the ring lacks the row's key, or the row was tampered with
        """
        aside = tuple(Aside.from_json(one) for one in self.aside)
        return Pfx(certificate=bytes(self.der), chain=self.chain_der, private_key=self.unseal(), aside=aside)

    def hold(self, pfx: Pfx) -> None:
        """Take in what *pfx* holds; the caller saves."""
        facts = Facts.of(pfx.certificate)
        self.der = pfx.certificate
        self.chain = [base64.b64encode(one).decode() for one in pfx.chain]
        self.aside = [one.as_json() for one in pfx.aside]
        self.thumbprint, self.thumbprint_sha256 = facts.thumbprint, facts.thumbprint_sha256
        self.seal(pfx.private_key)


class Tried(TriedAt):
    """What one API's back end made of a candidate."""

    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="tries", verbose_name=_("candidate"))

    class Meta(TriedAt.Meta):
        """Each place tries once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["candidate", "api", "gateway"], name="an_api_is_tried_once_from_each_place")
        ]


class Rules(models.Model):
    """How an entry's versions are switched to. Without a row: at once if the try succeeds, by whoever may."""

    class Sources(models.TextChoices):
        """When what a source brings is switched to."""

        TRIED = "tried", _("At once, if every back end accepts it")
        WINDOW = "window", _("Within the times below, if every back end accepts it")
        PERSON = "person", _("After a person has confirmed")

    certificate = models.OneToOneField(Certificate, models.CASCADE, primary_key=True, related_name="rules", verbose_name=_("certificate"))
    sources = models.CharField(_("What a source brings is switched to"), max_length=10, choices=Sources, default=Sources.TRIED)
    window_days: models.JSONField[list[int], list[int]] = models.JSONField(_("Days"), default=list, blank=True)  # 0: Monday
    window_from = models.TimeField(_("From"), null=True, blank=True)
    window_to = models.TimeField(_("To"), null=True, blank=True)
    window_zone = models.CharField(_("Time zone"), max_length=60, default="UTC")
    another_person = models.BooleanField(_("Another person confirms"), default=False)
    destroy_after_days = models.PositiveIntegerField(_("Destroy keys of old versions after"), null=True, blank=True)
    paths: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(_("Paths"), default=dict, blank=True)  # by API's name
    canary = models.CharField(_("First one API alone"), max_length=NAME_MAX_LENGTH, blank=True, default="", db_default="")  # its name
    canary_minutes = models.PositiveIntegerField(_("Minutes alone"), default=CANARY_MINUTES, db_default=CANARY_MINUTES)
    probation_minutes = models.PositiveIntegerField(
        _("Take back if refusals rise within"), null=True, blank=True, default=PROBATION_MINUTES, db_default=PROBATION_MINUTES
    )

    class Meta:
        """Within times there are times."""

        verbose_name = _("rules")
        verbose_name_plural = _("rules")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_window_has_its_times",
                condition=~Q(sources="window") | Q(window_from__isnull=False, window_to__isnull=False),
            )
        ]

    def __str__(self) -> str:
        """Return whose they are."""
        return str(self.certificate)

    @property
    def wait_for_a_person(self) -> bool:
        """Whether nothing that a source brings is switched to by itself. Where another person confirms, none does that is no person."""
        return self.another_person or self.sources == self.Sources.PERSON


def rules_of(certificate: Certificate) -> Rules:
    """Return the rules of an entry, those that hold for all where it has none of its own."""
    return Rules.objects.filter(certificate=certificate.pk).first() or Rules(certificate_id=certificate.pk)


class Probation(models.Model):
    """The time after a version was given to its canary, or to all: if refusals rise in it, the version before is put back."""

    class Outcome(models.TextChoices):
        """How it has ended."""

        OPEN = "", _("not ended")
        PASSED = "passed", _("Passed")
        PUT_BACK = "put-back", _("Taken back")
        SUPERSEDED = "superseded", _("Superseded")  # by another switch

    certificate = models.ForeignKey(Certificate, models.CASCADE, related_name="probations", verbose_name=_("certificate"))
    version = models.ForeignKey(CertificateVersion, models.CASCADE, related_name="probations", verbose_name=_("version"))
    before = models.ForeignKey(CertificateVersion, models.CASCADE, related_name="+", verbose_name=_("version before"))
    canary = models.CharField(_("canary"), max_length=NAME_MAX_LENGTH, blank=True)  # the API that presents it alone; empty: all do
    change = models.PositiveBigIntegerField(_("change"))  # the line of the activity log that tells of its beginning
    source = models.CharField(_("source"), max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    through = models.JSONField(_("by token"), default=dict, blank=True)  # as portal.activity.acting.Through
    expected: models.JSONField[list[str], list[str]] = models.JSONField(default=list)  # APIs whose refusal was known when it was confirmed
    began_at = models.DateTimeField(_("began"))
    ends_at = models.DateTimeField(_("ends"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("ended by"))
    seen: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)  # .refusals.Seen, by API

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-change"]
        verbose_name = _("probation")
        verbose_name_plural = _("probations")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["certificate"], condition=Q(ended_at=None), name="an_entry_has_one_version_on_probation")
        ]

    def __str__(self) -> str:
        """Return which version."""
        return f"{self.certificate}: {self.version.number}"

    @property
    def was_put_back(self) -> bool:
        """Whether the version before was put back, by itself or by a person."""
        return self.outcome == self.Outcome.PUT_BACK


class Proof(models.Model):
    """What receipts have in common (:mod:`.receipts`): what became current by whom, what tries had shown, what gateways acknowledged."""

    change = models.PositiveBigIntegerField(_("change"), unique=True)  # the line of the activity log that tells of the switch
    at = models.DateTimeField(_("when"))
    content: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("content"), default=dict)
    gateways: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("gateways"), default=dict)  # by name

    class Meta:
        """The newest first."""

        abstract = True
        ordering: ClassVar = ["-change"]
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")


class Receipt(Proof):
    """Proof of one switch of a certificate entry."""

    certificate = models.ForeignKey(Certificate, models.CASCADE, related_name="receipts", verbose_name=_("certificate"))
    calls: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(  # :mod:`.presented`
        _("first and last call"), default=dict, db_default=Value({}, models.JSONField())
    )

    class Meta(Proof.Meta):
        """As of all."""

    def __str__(self) -> str:
        """Return of which change it is."""
        return f"{self.certificate}: {self.change}"


class ReceiptKey(SealedSecret):
    """What receipts of this installation are signed with. The sealed secret is an Ed25519 key, raw."""

    public_key = models.BinaryField()  # raw
    made_at = models.DateTimeField(_("made"), auto_now_add=True)
    only = models.BooleanField(default=True, unique=True, editable=False)  # there is one

    class Meta:
        """Nobody's business but the receipts'."""

        default_permissions = ()
        verbose_name = _("key of receipts")
        verbose_name_plural = _("keys of receipts")

    def __str__(self) -> str:
        """Return when it was made."""
        return f"{self.made_at:%Y-%m-%d}"
