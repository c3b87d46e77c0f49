"""The way of an API's calls as a picture: callers, key, gateways, certificate, back end; and where it breaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Max, Q, Sum

from apis.models import Api, Subscription, SubscriptionState
from certificates.models import EXPIRES_SOON, CertificateVersion
from gateway.counts import OUTCOMES, ApiCount, Span
from gateway.models import FailedCall, FailureKind
from gateway.seeing.failing import Failing, failing_now_of
from portal.live import LiveStatus, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the parts say; a state is ``good``, ``warn``, ``bad`` or empty where there is nothing to judge.

    :ivar callers: how many subscriptions reach it; ``None`` where none is needed
    :ivar calls: in 24 hours
    :ivar gateways: names with their states
    :ivar certificate: of it the state; ``expires`` is the end of the current version
    :ivar answered_at: when the back end last answered a call as asked, if ever
    :ivar failing: how many of the last hour's calls fail, while they do; *cause* says what the newest failure was
    :ivar breaks_at: what of the connection it was about: ``presented``, the back end's ``chain`` or its ``name``; empty: none of them
    """

    api: Api
    callers: int | None
    calls: int
    gateways: tuple[tuple[str, str], ...]
    live: int
    version: CertificateVersion | None
    certificate: str
    host: str
    answered_at: datetime | None
    failing: Failing | None
    cause: Any
    breaks_at: str

    @property
    def gateways_state(self) -> str:
        """The worst of them."""
        states = {state for _, state in self.gateways}
        return next((state for state in ("bad", "warn", "good") if state in states), "warn")

    @property
    def presented(self) -> str:
        """Whether what the gateway presents is taken."""
        return "bad" if self.breaks_at == "presented" else self.certificate

    @property
    def chain(self) -> str:
        """Whether the chain of the back end's certificate is checked, and found good."""
        return self._checked("chain", asked=self.api.validate_certificate_chain)

    @property
    def name(self) -> str:
        """Whether the name in the back end's certificate is checked, and found good."""
        return self._checked("name", asked=self.api.validate_certificate_chain and self.api.validate_certificate_name)

    def _checked(self, part: str, *, asked: bool) -> str:
        if not asked:
            return "warn"
        return "bad" if self.breaks_at == part else "good"

    @property
    def back_end(self) -> str:
        """Whether it answers."""
        return "bad" if self.failing else "good" if self.answered_at else ""


_STATES = {State.LIVE: "good", State.WAITING: "warn", State.REFUSED: "bad", State.NOWHERE: "warn"}
_BREAKS_AT = {
    FailureKind.CLIENT_CERTIFICATE_REFUSED: "presented",
    FailureKind.CLIENT_CERTIFICATE_DEMANDED: "presented",
    FailureKind.MAYBE_REFUSED: "presented",
    FailureKind.NO_CREDENTIALS: "presented",
    FailureKind.EXPIRED: "chain",
    FailureKind.NOT_YET_VALID: "chain",
    FailureKind.WRONG_PURPOSE: "chain",
    FailureKind.UNVERIFIED: "chain",
    FailureKind.NAME_MISMATCH: "name",
}


def picture_of(api: Api, status: LiveStatus, *, now: datetime) -> Picture:
    """Return the picture of *api*, whose newest change is as live as *status* says. Six queries at most."""
    version = api.presented
    failing = failing_now_of(api, now=now)
    last = FailedCall.objects.filter(api=api).first() if failing else None
    calls, answered_at = _calls(api, now)
    return Picture(
        api=api,
        callers=_callers(api) if api.subscription_required else None,
        calls=calls,
        gateways=tuple(_gateways(status)),
        live=len(status.live),
        version=version,
        certificate=_state_of(version, now),
        host=urlsplit(api.service_url).netloc,
        answered_at=answered_at,
        failing=failing,
        cause=FailureKind(last.kind).label if last else "",
        breaks_at=_BREAKS_AT.get(FailureKind(last.kind), "") if last else "",
    )


def _callers(api: Api) -> int:
    return Subscription.objects.filter(Q(api=api) | Q(api=None), state=SubscriptionState.ACTIVE).count()


def _gateways(status: LiveStatus) -> Iterable[tuple[str, str]]:
    yield from ((standing.gateway, _STATES[standing.state]) for standing in status.standings)
    yield from ((name, "warn") for name in status.away)


def _calls(api: Api, now: datetime) -> tuple[int, datetime | None]:
    """Return how many calls there were in 24 hours, and when the last one was answered as asked, as far back as days are kept."""
    of_it = ApiCount.objects.filter(api=api).order_by()
    day = of_it.filter(span=Span.HOUR, at__gt=now - timedelta(hours=24)).aggregate(**{name: Sum(name, default=0) for name in OUTCOMES})
    answered = of_it.filter(span=Span.DAY, ok__gt=0).aggregate(last=Max("last_at"))
    return max(0, sum(day.values())), answered["last"]


def _state_of(version: CertificateVersion | None, now: datetime) -> str:
    if version is None:
        return ""
    if not version.not_before <= now < version.not_after:
        return "bad"
    return "warn" if version.not_after < now + EXPIRES_SOON else "good"
