"""The secrets that the gateway sends to back ends, sealed. Each belongs to an API, or to a back end, whose APIs hold copies of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apis.policy.oauth import LONGEST_ENDPOINT, LONGEST_TEXT, AuthenticationOAuth2, ClientAuthentication
from apis.policy.proofs import AuthenticationSharedSecret, Proof, SecretPlace
from apis.policy.statements.headers import LONGEST_NAME
from certificates.authorities.models import Authority
from certificates.models import SealedSecret

if TYPE_CHECKING:
    from certificates.sealing import Secret


class PlaceChoice(models.TextChoices):
    """Where a shared secret is sent."""

    HEADER = SecretPlace.HEADER.value, _("Header")
    QUERY = SecretPlace.QUERY.value, _("Query parameter")


class AuthenticationChoice(models.TextChoices):
    """How a client proves itself at the token endpoint."""

    BASIC = ClientAuthentication.BASIC.value, _("its secret, in the Authorization header")
    BODY = ClientAuthentication.BODY.value, _("its secret, in the body")
    CERTIFICATE = ClientAuthentication.CERTIFICATE.value, _("the client certificate below")


class ProofSecret(SealedSecret):
    """What is sent to a back end to prove who calls; another secret is another row."""

    api = models.OneToOneField("apis.Api", models.CASCADE, null=True, blank=True, related_name="%(class)s", verbose_name=_("API"))
    back_end = models.OneToOneField(
        "backends.BackEnd", models.CASCADE, null=True, blank=True, related_name="%(class)s", verbose_name=_("back end")
    )

    VALUES: ClassVar[tuple[str, ...]]  # the columns that people see, called as the fields of forms

    class Meta:
        """It belongs to one of the two."""

        abstract = True
        constraints: ClassVar = [
            models.CheckConstraint(
                name="%(class)s_belongs_to_an_api_or_a_back_end",
                condition=Q(api__isnull=False, back_end__isnull=True) | Q(api__isnull=True, back_end__isnull=False),
            )
        ]

    @property
    def sealed_name(self) -> str:
        """API or back end are how pages find it."""
        holder = self.api or self.back_end
        return f"{self._meta.verbose_name}, {holder._meta.verbose_name} {holder.name}" if holder else str(self._meta.verbose_name)

    @property
    def needs_no_secret(self) -> bool:
        """Whether something else stands for the secret, which is empty then."""
        return False

    def inherit(self, before: ProofSecret) -> None:
        """Take over from the row *before* what a policy's document does not say."""

    def values(self) -> dict[str, str]:
        """Return what people see of it, by the names of the forms' fields."""
        return {name: getattr(self, name) for name in self.VALUES}

    if TYPE_CHECKING:  # each kind has its own

        def proof(self, secret: Secret | None) -> Proof:
            """Return what is sent, as a value, with this *secret*."""


class SharedSecret(ProofSecret):
    """A secret that both sides know, in a header or a query parameter."""

    secret_place = models.CharField(_("Sent in"), max_length=10, choices=PlaceChoice, default=PlaceChoice.HEADER)
    secret_name = models.CharField(_("Name of header or parameter"), max_length=LONGEST_NAME)

    VALUES = ("secret_place", "secret_name")

    class Meta(ProofSecret.Meta):
        """Named as people say it."""

        verbose_name = _("shared secret")
        verbose_name_plural = _("shared secrets")

    def __str__(self) -> str:
        """Return where it is sent."""
        return self.secret_name

    def proof(self, secret: Secret | None) -> AuthenticationSharedSecret:
        """Return the secret with where it is sent."""
        return AuthenticationSharedSecret(place=SecretPlace(self.secret_place), name=self.secret_name, secret=secret)


class OAuthClient(ProofSecret):
    """A client of a token endpoint. The sealed secret is the client's; empty where it proves itself by the holder's certificate."""

    token_endpoint = models.CharField(_("Token endpoint"), max_length=LONGEST_ENDPOINT)
    client_id = models.CharField(_("Client ID"), max_length=LONGEST_TEXT)
    scope = models.CharField(_("Scope"), max_length=LONGEST_TEXT, blank=True, default="")
    audience = models.CharField(_("Audience"), max_length=LONGEST_TEXT, blank=True, default="")
    client_authentication = models.CharField(
        _("The client proves itself by"), max_length=15, choices=AuthenticationChoice, default=AuthenticationChoice.BASIC
    )
    token_authority = models.ForeignKey(
        Authority, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("Authority of the token endpoint")
    )

    VALUES = ("token_endpoint", "client_id", "scope", "audience", "client_authentication", "token_authority")

    class Meta(ProofSecret.Meta):
        """Named as people say it."""

        verbose_name = _("OAuth client")
        verbose_name_plural = _("OAuth clients")

    def __str__(self) -> str:
        """Return who asks."""
        return self.client_id

    @property
    def needs_no_secret(self) -> bool:
        """Whether it proves itself by the holder's certificate."""
        return self.client_authentication == AuthenticationChoice.CERTIFICATE

    def inherit(self, before: ProofSecret) -> None:
        """Go on trusting the same authority: documents do not tell of it."""
        if isinstance(before, OAuthClient):
            self.token_authority = before.token_authority

    def values(self) -> dict[str, str]:
        """Return what people see of it; the authority by its name."""
        return super().values() | {"token_authority": self.token_authority.name if self.token_authority else ""}

    def proof(self, secret: Secret | None) -> AuthenticationOAuth2:
        """Return where a token comes from, and for whom."""
        authority = self.token_authority
        return AuthenticationOAuth2(
            token_endpoint=self.token_endpoint,
            client_id=self.client_id,
            scope=self.scope,
            audience=self.audience,
            authenticates_by=ClientAuthentication(self.client_authentication),
            secret=None if self.needs_no_secret else secret,
            authority=authority.name if authority else "",
            trusted_ca=authority.current.pem if authority and authority.current else "",
            allowed=tuple(map(str, settings.ALLOWED_BACKEND_NETWORKS)),
        )


def proof_of(columns: Mapping[str, Any]) -> Proof:
    """Return what *columns* say, whatever the secret is."""
    if columns.get("token_endpoint"):
        found = {name: columns.get(name) or "" for name in OAuthClient.VALUES if name != "token_authority"}
        return OAuthClient(**found).proof(None)
    return SharedSecret(secret_place=columns["secret_place"], secret_name=columns["secret_name"]).proof(None)


def columns_of(proof: Proof) -> dict[str, Any]:
    """Return *proof*, without its secret, as the columns of its kind; an authority that is not said stays."""
    if isinstance(proof, AuthenticationOAuth2):
        authority = Authority.objects.filter(name=proof.authority).first() if proof.authority else None
        return {
            **{name: getattr(proof, name) for name in ("token_endpoint", "client_id", "scope", "audience")},
            "client_authentication": proof.authenticates_by.value,
            **({} if proof.authority is None else {"token_authority": authority}),
        }
    return {"secret_place": proof.place.value, "secret_name": proof.name}
