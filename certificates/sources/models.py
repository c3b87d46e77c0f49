"""Signing requests that wait for their certificate, and the sources that entries renew themselves from."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, ClassVar

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import CertificateSigningRequest, load_der_x509_csr
from django.conf import settings
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from certificates.models import NAME_MAX_LENGTH, Certificate, FoldedName, Kind, SealedSecret
from certificates.sources.trouble import Trouble

_LINE = 64  # characters; RFC 7468


class SigningRequest(SealedSecret):
    """A key pair that was made here and waits for its certificate. The sealed secret is the private key, PKCS#8 DER.

    It is for the entry of its name: the next version of it, or its first where there is none yet.
    """

    kind = models.CharField(max_length=10, choices=Kind, editable=False)
    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH)
    folded_name = FoldedName(max_length=3 * NAME_MAX_LENGTH, editable=False)
    der = models.BinaryField()
    subject = models.CharField(_("subject"), max_length=2000, blank=True)
    names: models.JSONField[list[str], list[str]] = models.JSONField(_("alternative names"), default=list)
    key_type = models.CharField(_("key type"), max_length=40)
    created_at = models.DateTimeField(_("made"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("made by"))

    class Meta:
        """One at a time for each entry."""

        ordering: ClassVar = ["name"]
        default_permissions = ()  # who may change entries of its kind may do this, too
        verbose_name = _("signing request")
        verbose_name_plural = _("signing requests")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "folded_name"], name="an_entry_has_one_signing_request")]

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @property
    def pem(self) -> str:
        """The request as authorities take it (RFC 7468, section 7)."""
        text = base64.b64encode(bytes(self.der)).decode()
        lines = (text[start : start + _LINE] for start in range(0, len(text), _LINE))
        return "\n".join(["-----BEGIN CERTIFICATE REQUEST-----", *lines, "-----END CERTIFICATE REQUEST-----", ""])

    @property
    def public_key(self) -> bytes:
        """Its public key, SubjectPublicKeyInfo DER."""
        return self._request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def label(self) -> str:
        """The subject; where it is empty, the first alternative name."""
        return self.subject or next(iter(self.names), "")

    @cached_property
    def _request(self) -> CertificateSigningRequest:
        return load_der_x509_csr(bytes(self.der))


class SourceKind(models.TextChoices):
    """What an entry renews itself from."""

    WATCHED = "watched", _("watched place")
    ACME = "acme", _("ACME")


class Source(models.Model):
    """What an entry renews itself from, and how that goes.

    What was brought last is known by its digest, so that it is delivered once, whichever process looks, and a person's roll back stays.
    """

    certificate = models.OneToOneField(Certificate, models.CASCADE, related_name="source", verbose_name=_("certificate"))
    kind = models.CharField(_("kind"), max_length=10, choices=SourceKind)
    settings: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(_("settings"), default=dict)
    delivered = models.CharField(max_length=64, blank=True)  # the digest of what was brought last
    looked_at = models.DateTimeField(_("last look"), null=True)
    delivered_at = models.DateTimeField(_("last version brought"), null=True)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    failure: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)  # as Trouble.as_json
    holder = models.CharField(max_length=40, blank=True)  # the process that sees it, so that one that does not is not believed
    held_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(_("next renewal"), null=True)  # of those that are ordered, not found
    ask_at = models.DateTimeField(null=True)  # when the authority is asked next when it wants a renewal

    if TYPE_CHECKING:
        account: AcmeAccount

    class Meta:
        """An entry has one at most."""

        default_permissions = ()  # who may change entries of its kind may do this, too
        verbose_name = _("source of a certificate")
        verbose_name_plural = _("sources of certificates")

    def __str__(self) -> str:
        """Return which entry it renews."""
        return f"{self.get_kind_display()}: {self.certificate}"

    @property
    def trouble(self) -> str:
        """Why it brings nothing, in the active language; empty if it is well."""
        return str(Trouble.from_json(self.failure)) if self.failure else ""


class AcmeAccount(SealedSecret):
    """The account that an entry orders under. The sealed secret is its key, PKCS#8 DER."""

    source = models.OneToOneField(Source, models.CASCADE, related_name="account")
    url = models.CharField(max_length=2000)  # what it is known by at the authority; empty: it is registered with the first order

    class Meta:
        """Nobody sees it."""

        default_permissions = ()
        verbose_name = _("ACME account")
        verbose_name_plural = _("ACME accounts")

    def __str__(self) -> str:
        """Return which entry orders under it."""
        return str(self.source.certificate)


class AcmeBinding(SealedSecret):
    """What ties an account to one that its authority knows (:mod:`.acme.binding`), until it is registered. The sealed secret is JSON."""

    account = models.OneToOneField(AcmeAccount, models.CASCADE, related_name="binding")

    class Meta:
        """Nobody sees it."""

        default_permissions = ()
        verbose_name = _("ACME account binding")
        verbose_name_plural = _("ACME account bindings")

    def __str__(self) -> str:
        """Return whose it is."""
        return str(self.account)


class AcmeProof(models.Model):
    """What an authority is to see at ``/.well-known/acme-challenge/``; no secret."""

    token = models.CharField(max_length=200, primary_key=True)
    validation = models.CharField(max_length=300)
    made_at = models.DateTimeField()

    class Meta:
        """Nobody's business but the authority's."""

        default_permissions = ()
        verbose_name = _("ACME proof")
        verbose_name_plural = _("ACME proofs")

    def __str__(self) -> str:
        """Return the token."""
        return self.token
