"""APIs, their operations and credentials, and the subscriptions of their callers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apis.callers import Callers
from apis.calls import Calls
from apis.credentials.models import OAuthClient, SharedSecret
from apis.named_values.models import NamedSecret, NamedValue
from apis.policies.models import ServicePolicy
from apis.policies.surroundings import Surroundings, surroundings, with_surroundings
from apis.policy.model import (
    DEFAULT_KEY_HEADER,
    DEFAULT_KEY_QUERY,
    AuthenticationBasic,
    AuthenticationCertificate,
    Backend,
    ForwardRequest,
    KeyCheck,
    OperationPattern,
    Policy,
    Protocol,
    Rule,
    SetBackendService,
    Trust,
)
from apis.policy.proofs import MASK
from apis.service_url import is_plain_http
from certificates.authorities.models import Authority
from certificates.models import NAME_MAX_LENGTH, CertificateVersion, ClientCertificate, SealedSecret, valid_name
from certificates.sealing import Secret

__all__ = ["NamedSecret", "NamedValue", "OAuthClient", "ServicePolicy", "SharedSecret"]  # models of rooms, which Django finds here

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

_MASKED = Secret(MASK.encode())
# A path segment as callers write it: unreserved characters of RFC 3986, so that normalising never changes it.
PATH_PATTERN = r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*"
valid_path = RegexValidator(
    rf"^(?!.*(^|/)\.\.?(/|$)){PATH_PATTERN}\Z",
    _("Use letters, digits and - . _ ~, with single slashes between segments, for instance orders or sales/orders."),
)


class Credentials(models.TextChoices):
    """How the gateway proves itself to the back end."""

    NONE = "none", _("None")
    BASIC = "basic", _("HTTP basic")
    CLIENT_CERTIFICATE = "client-certificate", _("Client certificates")
    SHARED_SECRET = "shared-secret", _("Shared secret")
    OAUTH2 = "oauth2", _("OAuth 2.0 client credentials")


# What a client certificate may be presented beside; beside the others none is.
BESIDE_CERTIFICATE = (Credentials.SHARED_SECRET, Credentials.OAUTH2)


def beside(credentials: str) -> Credentials:
    """Return the credentials of what had *credentials* and is given a certificate to present: what may stand beside it stays."""
    return Credentials(credentials) if credentials in BESIDE_CERTIFICATE else Credentials.CLIENT_CERTIFICATE


class Api(Calls, Callers):
    """An API: a path on the gateway, the back end behind it, and how the gateway proves itself there."""

    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH, unique=True, validators=[valid_name])
    display_name = models.CharField(_("Web API name"), max_length=300)
    description = models.TextField(_("description"), max_length=4000, blank=True)
    service_url = models.CharField(_("Web service URL"), max_length=2000)
    # Where its calls go is ``service_url``. Its own address is kept here while that is a back end's, or what its policy says.
    own_url = models.CharField(_("Web service URL of its own"), max_length=2000, null=True, blank=True)  # noqa: DJ001 - empty is an answer
    # What was written for its own address, where that names values; what they come to is the address.
    written_url = models.CharField(_("Web service URL as it is written"), max_length=2000, blank=True, default="", db_default="")
    back_end = models.ForeignKey("backends.BackEnd", models.PROTECT, null=True, blank=True, related_name="apis", verbose_name=_("back end"))
    path = models.CharField(
        _("Web API URL suffix"),
        max_length=400,
        unique=True,
        blank=True,  # an API at the root of the gateway
        validators=[valid_path],
        error_messages={"unique": _("Another API already has this URL suffix.")},
    )
    subscription_required = models.BooleanField(_("subscription required"), default=True)
    key_header = models.CharField(max_length=100, default=DEFAULT_KEY_HEADER)
    key_query = models.CharField(max_length=100, default=DEFAULT_KEY_QUERY)

    credentials = models.CharField(_("With credentials"), max_length=20, choices=Credentials, default=Credentials.NONE)
    certificate = models.ForeignKey(
        ClientCertificate, models.PROTECT, null=True, blank=True, related_name="apis", verbose_name=_("client certificate")
    )
    stays_with = (
        models.ForeignKey(  # while others present a newer version that its back end has not accepted (certificates.rollout.staying)
            CertificateVersion, models.SET_NULL, null=True, blank=True, editable=False, related_name="+", verbose_name=_("stays with")
        )
    )
    validate_certificate_chain = models.BooleanField(_("Certificate chain validation"), default=True)
    validate_certificate_name = models.BooleanField(_("Certificate name validation"), default=True)
    trusted_ca = models.TextField(_("trusted authority"), blank=True)  # PEM; empty: the system's bundle
    trusted_authority = models.ForeignKey(  # the entry that this text is the current version of; the text counts (apis.trust)
        Authority, models.PROTECT, null=True, blank=True, related_name="trusting", verbose_name=_("trusted authority")
    )
    caller_authority = models.ForeignKey(  # likewise of caller_authorities
        Authority, models.PROTECT, null=True, blank=True, related_name="admitting", verbose_name=_("authority of callers")
    )

    document = models.TextField(_("policy"), blank=True, default="", db_default="")  # as it was written; empty: nothing of its own

    revision = models.PositiveIntegerField(default=1, editable=False)  # what two editors at once are told apart by
    created_at = models.DateTimeField(_("created"))
    changed_at = models.DateTimeField(_("changed"))
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("changed by"))

    if TYPE_CHECKING:
        operations: RelatedManager[Operation]
        subscriptions: RelatedManager[Subscription]
        basic_credentials: BasicCredentials
        sharedsecret: SharedSecret
        oauthclient: OAuthClient

    class Meta:
        """An API presents a certificate if its credentials say so, or beside a secret; a name is not checked without the chain."""

        ordering: ClassVar = ["display_name", "name"]
        verbose_name = _("API")
        verbose_name_plural = _("APIs")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_certificate_is_presented_only_if_chosen",
                condition=Q(credentials=Credentials.CLIENT_CERTIFICATE, certificate__isnull=False)
                | Q(credentials__in=BESIDE_CERTIFICATE)
                | (~Q(credentials__in=(Credentials.CLIENT_CERTIFICATE, *BESIDE_CERTIFICATE)) & Q(certificate__isnull=True)),
            ),
            models.CheckConstraint(
                name="no_name_validation_without_the_chain",
                condition=Q(validate_certificate_chain=True) | Q(validate_certificate_name=False),
            ),
        ]

    def __str__(self) -> str:
        """Return the name people read."""
        return self.display_name

    @property
    def gateway_path(self) -> str:
        """What the paths of its calls begin with; empty for the API at the root of the gateway."""
        return f"/{self.path}" if self.path else ""

    @property
    def has_backend(self) -> bool:
        """Whether calls lead anywhere: an API may be made before its Web service URL is known."""
        return bool(self.service_url)

    @property
    def own_address(self) -> str:
        """Its own Web service URL, wherever its calls go; empty: it has none."""
        return self.service_url if self.own_url is None else self.own_url

    @property
    def written_address(self) -> str:
        """Its own Web service URL as it was written, with the names of values in it."""
        return self.written_url or self.own_address

    @property
    def base_url(self) -> str:
        """Where its policy leads calls in place of its own address; empty: nowhere else."""
        return self.service_url if self.own_url is not None and self.back_end_id is None else ""

    @property
    def is_plain_http(self) -> bool:
        """Whether calls to the back end are unencrypted."""
        return is_plain_http(self.service_url)

    @property
    def presented(self) -> CertificateVersion | None:
        """The version of its certificate that it presents; ``None``: it presents none."""
        if self.certificate is None:
            return None
        return self.stays_with or self.certificate.presented_by(self.name)

    def present(self, certificate: ClientCertificate | None) -> None:
        """Let it present *certificate*, or none; where that is another one, no version of the one before is kept. The caller saves."""
        if certificate is None or certificate.pk != self.certificate_id:
            self.stays_with = None
        self.certificate = certificate

    def policy(self, around: Surroundings | None = None) -> Policy:
        """Cross from rows to values. For many prefetch ``operations``, select what it presents and what is sealed.

        :param around: what stands around the API; for many read once
        :raises certificates.sealing.SealingError: if a password, a secret or a named value does not open
        :raises apis.policy.UnreadablePolicy: if a document no longer fits the named values
        """
        operations = list(self.operations.all())
        patterns = (OperationPattern(method=o.method, url_template=o.url_template, name=o.name) for o in operations)
        return Policy(
            api_id=self.pk,
            api=self.name,
            path=self.path,
            backend=self.backend(),
            key_check=KeyCheck(required=self.subscription_required, header=self.key_header, query=self.key_query),
            operations=tuple(sorted(patterns)),
            hosts=tuple(self.hosts),
            caller_authorities=self.caller_authorities,
            watched=self.watched(),
            **with_surroundings(self, operations, self._inbound(), around or surroundings()),
        )

    def own_rules(self, *, masked: bool = False) -> tuple[Rule, ...]:
        """Return what its own settings say in terms of policies, without what stands around it.

        :param masked: with the mask in place of its password or secret, which is left sealed
        :raises certificates.sealing.SealingError: if its password or secret does not open
        """
        waits = () if self.idle_seconds is None else (ForwardRequest(timeout_seconds=self.idle_seconds),)
        return (*self._inbound(masked=masked), *waits)

    def backend(self) -> Backend:
        """Return where calls go and how it is spoken to; without a Web service URL, a host that is nowhere (RFC 6761)."""
        url = urlsplit(self.service_url or "https://nowhere.invalid")
        return Backend(
            scheme=url.scheme,
            host=url.hostname or "",
            port=url.port or {"https": 443, "http": 80}[url.scheme],
            path=url.path.rstrip("/"),
            trust=Trust(
                validate_chain=self.validate_certificate_chain,
                validate_name=self.validate_certificate_name,
                trusted_ca=self.trusted_ca,
            ),
            protocol=Protocol(self.protocol) if self.has_backend else Protocol.HTTP1,  # nobody is to be asked for HTTP/2
            asks_later=self.asks_later,
            older_servers=self.older_servers,
            connect_seconds=self.connect_seconds,
            sharing=self.back_end.sharing() if self.back_end else None,
        )

    def _inbound(self, *, masked: bool = False) -> tuple[Rule, ...]:
        checks = (self.cors_rule(), self.caller_rule(), self._leads_elsewhere())
        return (*(rule for rule in checks if rule), *self._credentials(masked=masked))

    def _leads_elsewhere(self) -> SetBackendService | None:
        if self.back_end:
            return SetBackendService(backend_id=self.back_end.name)
        return SetBackendService(base_url=self.base_url) if self.base_url else None

    def _credentials(self, *, masked: bool) -> tuple[Rule, ...]:
        match Credentials(self.credentials):
            case Credentials.NONE:
                return ()
            case Credentials.BASIC:
                basic = self.basic_credentials
                return (AuthenticationBasic(username=basic.username, password=_MASKED if masked else basic.unseal()),)
            case Credentials.CLIENT_CERTIFICATE:
                return self._certificate()
            case Credentials.SHARED_SECRET:
                return (*self._certificate(), self.sharedsecret.proof(None if masked else self.sharedsecret.unseal()))
            case Credentials.OAUTH2:
                return (*self._certificate(), self.oauthclient.proof(None if masked else self.oauthclient.unseal()))

    def _certificate(self) -> tuple[Rule, ...]:
        if self.certificate is None:
            return ()
        presented = self.presented
        assert presented is not None  # noqa: S101 - an entry is made with its first version
        return (AuthenticationCertificate(certificate_id=self.certificate.name, thumbprint=presented.thumbprint),)


class UserAndPassword(SealedSecret):
    """A user name and a sealed password; and what was written for them, where that names values."""

    username = models.CharField(_("user name"), max_length=255)
    written_username = models.CharField(_("user name as it is written"), max_length=255, blank=True, default="", db_default="")
    written_password = models.CharField(max_length=300, blank=True, default="", db_default="", editable=False)  # {{name}} alone

    class Meta:
        """No table of its own."""

        abstract = True

    def __str__(self) -> str:
        """Return the user name."""
        return self.username

    @property
    def shown_username(self) -> str:
        """The user name as it was written, with the names of values in it."""
        return self.written_username or self.username

    @property
    def written(self) -> str:
        """What names values in it."""
        return f"{self.written_username}\n{self.written_password}"


class BasicCredentials(UserAndPassword):
    """User name and sealed password an API sends to its back end; a new password is a new row."""

    api = models.OneToOneField(Api, models.CASCADE, related_name="basic_credentials")

    class Meta:
        """Named as people say it."""

        verbose_name = _("basic credentials")
        verbose_name_plural = _("basic credentials")

    @property
    def sealed_name(self) -> str:
        """The API is how pages find it."""
        return f"{self._meta.verbose_name}, {Api._meta.verbose_name} {self.api.name}"


class Operation(models.Model):
    """One operation of an API: the calls that the gateway lets through."""

    api = models.ForeignKey(Api, models.CASCADE, related_name="operations", verbose_name=_("API"))
    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH, validators=[valid_name])
    display_name = models.CharField(_("display name"), max_length=300)
    method = models.CharField(_("HTTP verb"), max_length=20)
    url_template = models.CharField(_("URL template"), max_length=1000)
    description = models.TextField(_("description"), max_length=1000, blank=True)
    document = models.TextField(_("policy"), blank=True, default="", db_default="")
    revision = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        """Within an API a name is unique, and so is what is matched."""

        ordering: ClassVar = ["url_template", "method"]
        verbose_name = _("operation")
        verbose_name_plural = _("operations")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["api", "name"], name="an_operation_has_its_own_name"),
            models.UniqueConstraint(fields=["api", "method", "url_template"], name="an_operation_has_its_own_signature"),
        ]

    def __str__(self) -> str:
        """Return the signature."""
        return f"{self.method} {self.url_template}"


class SubscriptionState(models.TextChoices):
    """Only the keys of active subscriptions open anything."""

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")


class Subscription(models.Model):
    """A right to call one API, or all of them, with either of two keys."""

    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH, unique=True, validators=[valid_name])
    display_name = models.CharField(_("display name"), max_length=100)
    api = models.ForeignKey(
        Api, models.CASCADE, null=True, blank=True, related_name="subscriptions", verbose_name=_("API"), help_text=_("Empty: all APIs.")
    )
    state = models.CharField(_("state"), max_length=10, choices=SubscriptionState, default=SubscriptionState.ACTIVE)
    created_at = models.DateTimeField(_("created"))
    revision = models.PositiveIntegerField(default=1, editable=False)

    if TYPE_CHECKING:
        keys: RelatedManager[SubscriptionKey]

    class Meta:
        """Listed by what people read."""

        ordering: ClassVar = ["display_name", "name"]
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")

    def __str__(self) -> str:
        """Return the name people read."""
        return self.display_name


class KeyKind(models.TextChoices):
    """A subscription has two keys, so that one can be changed while the other is in use."""

    PRIMARY = "primary", _("Primary key")
    SECONDARY = "secondary", _("Secondary key")


class SubscriptionKey(SealedSecret):
    """One key of a subscription. The sealed secret is the key, ASCII; a new key is a new row."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="keys", verbose_name=_("subscription"))
    kind = models.CharField(_("key"), max_length=10, choices=KeyKind)
    digest = models.CharField(max_length=64, unique=True, editable=False)  # two callers never share a key

    class Meta:
        """One key of each kind."""

        verbose_name = _("subscription key")
        verbose_name_plural = _("subscription keys")
        constraints: ClassVar = [models.UniqueConstraint(fields=["subscription", "kind"], name="one_key_of_each_kind")]

    def __str__(self) -> str:
        """Return which key it is, not the key."""
        return f"{self.subscription}: {self.get_kind_display()}"

    @staticmethod
    def digest_of(key: str) -> str:
        """Return the digest a key is recognised by; keys are long and random, so it tells nothing about them."""
        return hashlib.sha256(key.encode()).hexdigest()
