"""The gateway app."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from certificates.identity import Identity


class GatewayConfig(AppConfig):
    """The gateway app."""

    name = "gateway"
    verbose_name = _("Gateway")

    def ready(self) -> None:
        """Enter our answers to what other rooms ask, and register the check that Envoy is there."""
        from gateway import checks  # noqa: F401

        _tell_what_is_seen()
        _carry_out_switches()


# Models can be imported only once the apps are there.
def _tell_what_is_seen() -> None:
    """Enter what is live, what fails and what is counted, where pages, notices and metrics ask for it."""
    from apis.backends.standing import Answers
    from apis.backends.standing import answer_with as back_ends_stand
    from apis.standing import Standing
    from apis.standing import answer_with as apis_stand
    from apis.traffic import answer_with as calls_with
    from certificates.models import Kind
    from certificates.uses import failing_with
    from gateway.addresses import accepted_last, standings_of
    from gateway.alerting import troubles as alerts
    from gateway.concerns import concerns
    from gateway.keeping import KEPT
    from gateway.lacking import chips_of_apis, chips_of_entries
    from gateway.metrics import measure
    from gateway.searching import look
    from gateway.seeing.finding import failed_call_of
    from gateway.seeing.lately import calls_of_the_last_hour
    from gateway.standing import apis_behind, failing_apis, failing_entries
    from gateway.status import status_of
    from gateway.tokens_failing import troubles as tokens_failing
    from portal import attention, entered_chips, search, troubles
    from portal.finding import find_with
    from portal.house import retention
    from portal.live import answer_with
    from portal.metrics.measured import measure_with

    retention.enter(*KEPT)
    answer_with(status_of)
    back_ends_stand(Answers(standings=standings_of, accepted=accepted_last))
    apis_stand(Standing.FAILING, failing_apis)
    apis_stand(Standing.BEHIND, apis_behind)
    failing_with(failing_entries)
    entered_chips.enter("apis", chips_of_apis)
    entered_chips.enter(Kind.CLIENT, partial(chips_of_entries, "certificate"))
    entered_chips.enter(Kind.SERVER, partial(chips_of_entries, "server-certificate"))
    calls_with(calls_of_the_last_hour)
    attention.register("gateway", concerns)
    search.register("gateway", look)
    find_with(failed_call_of)
    troubles.register("gateway", alerts)
    troubles.register("tokens", tokens_failing)
    measure_with(measure)


def _carry_out_switches() -> None:
    """Enter what Envoy and back ends accept, and what has become of versions, where switches ask for it."""
    from apis.microscope.sights import places_by
    from certificates.authorities.trying import try_with as try_authorities_with
    from certificates.loading import load_with
    from certificates.rollout.destroying import stand_ins_by
    from certificates.rollout.presented import calls_by
    from certificates.rollout.receipts import deliveries_by
    from certificates.rollout.refusals import look_with
    from certificates.rollout.trying import try_with
    from gateway.microscope import places
    from gateway.seeing.presented import calls_of
    from gateway.seeing.refusals import seen_in
    from gateway.status import deliveries_of, stand_ins
    from gateway.trying import HandshakeTrier
    from gateway.trying_trust import TrustTrier

    load_with(_refusal_of, _refusal_of_trust)
    try_with(HandshakeTrier())
    try_authorities_with(TrustTrier())
    places_by(places)
    stand_ins_by(stand_ins)
    deliveries_by(deliveries_of)
    calls_by(calls_of)
    look_with(seen_in)


def _refusal_of(identity: Identity) -> str:
    """Ask Envoy; what that takes is imported by the first that asks."""
    from gateway.agent.loader import refusal_of

    return refusal_of(identity)


def _refusal_of_trust(pem: str) -> str:
    """Ask Envoy about authorities; likewise."""
    from gateway.agent.loader import refusal_of_trust

    return refusal_of_trust(pem)
