"""How gateways get on with the tokens that APIs' calls carry, as each tells it: a row for each API and gateway."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apis.models import Api, Credentials
from gateway.streams.token_states import TokenState


class TokenStanding(models.Model):
    """How one gateway gets on with one API's token. Never the token itself."""

    gateway = models.ForeignKey("gateway.Gateway", models.CASCADE, related_name="tokens", verbose_name=_("gateway"))
    api = models.ForeignKey(Api, models.CASCADE, related_name="tokens", verbose_name=_("API"))
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)  # empty: there is none, and calls are refused
    error = models.CharField(_("why none was got"), max_length=300, blank=True)  # empty: the last attempt went well
    failed = models.PositiveIntegerField(_("failed attempts in a row"), default=0)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    fetched = models.PositiveIntegerField(_("tokens got"), default=0)  # since the agent began

    class Meta:
        """One for each."""

        default_permissions = ("view",)
        ordering: ClassVar = ["gateway__name"]
        verbose_name = _("state of a token")
        verbose_name_plural = _("states of tokens")
        constraints: ClassVar = [models.UniqueConstraint(fields=["gateway", "api"], name="one_token_of_a_gateway_and_an_api")]

    def __str__(self) -> str:
        """Return of which gateway."""
        return f"{self.gateway_id}: {self.api_id}"

    def minutes_left(self, *, now: datetime) -> int:
        """Return for how many minutes there is a token yet, rounded up."""
        return max(0, -(-int((self.ends_at - now).total_seconds()) // 60)) if self.ends_at else 0


def write(gateway: int, states: Collection[TokenState], *, at: datetime) -> None:
    """Note what *gateway* tells: all there is. Within a transaction.

    :param at: when it told it
    """
    existing = set(Api.objects.filter(pk__in=[one.api_id for one in states]).values_list("pk", flat=True))
    before = dict(TokenStanding.objects.filter(gateway=gateway).values_list("api", "failing_since"))
    rows = [_row(gateway, one, before.get(one.api_id), at) for one in states if one.api_id in existing]
    TokenStanding.objects.filter(gateway=gateway).exclude(api__in=[row.api_id for row in rows]).delete()
    told = ["ends_at", "error", "failed", "failing_since", "fetched"]
    TokenStanding.objects.bulk_create(rows, update_conflicts=True, unique_fields=["gateway", "api"], update_fields=told)


def standings_of(api: Api) -> list[TokenStanding]:
    """Return how each gateway gets on with the token of *api*; nothing where it sends none."""
    if api.credentials != Credentials.OAUTH2:
        return []
    return list(TokenStanding.objects.filter(api=api).select_related("gateway"))


def failing() -> models.QuerySet[TokenStanding]:
    """Return where the last attempt to get a token failed."""
    return TokenStanding.objects.filter(~Q(error=""), api__credentials=Credentials.OAUTH2).select_related("api", "gateway")


def _row(gateway: int, state: TokenState, since: datetime | None, at: datetime) -> TokenStanding:
    return TokenStanding(
        gateway_id=gateway,
        api_id=state.api_id,
        ends_at=None if state.ends_in is None else at + timedelta(seconds=state.ends_in),
        error=state.error,
        failed=state.failed,
        failing_since=(since or at) if state.error else None,
        fetched=state.fetched,
    )
