"""The secrets that the gateway sends to back ends, sealed. Each belongs to an API, or to a back end, whose APIs hold copies of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apis.policy.proofs import AuthenticationSharedSecret, Proof, SecretPlace
from apis.policy.statements.headers import LONGEST_NAME
from certificates.models import SealedSecret

if TYPE_CHECKING:
    from certificates.sealing import Secret


class PlaceChoice(models.TextChoices):
    """Where a shared secret is sent."""

    HEADER = SecretPlace.HEADER.value, _("Header")
    QUERY = SecretPlace.QUERY.value, _("Query parameter")


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

    def values(self) -> dict[str, str]:
        """Return what people see of it, by the names of the forms' fields."""
        return {name: getattr(self, name) for name in self.VALUES}

    def proof(self, secret: Secret | None) -> Proof:
        """Return what is sent, as a value, with this *secret*."""
        raise NotImplementedError


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


def proof_of(columns: Mapping[str, Any]) -> Proof:
    """Return what *columns* say, whatever the secret is."""
    return SharedSecret(secret_place=columns["secret_place"], secret_name=columns["secret_name"]).proof(None)


def columns_of(proof: Proof) -> dict[str, Any]:
    """Return *proof*, without its secret, as the columns of its kind."""
    return {"secret_place": proof.place.value, "secret_name": proof.name}
