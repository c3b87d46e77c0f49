"""The gateway app."""

from __future__ import annotations

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
        """Enter our answers to what is live, what loads and what back ends accept, and register the check that Envoy is there."""
        from apis.backends.standing import Answers
        from apis.backends.standing import answer_with as back_ends_stand
        from apis.microscope.sights import places_by
        from apis.standing import Standing
        from apis.standing import answer_with as apis_stand
        from certificates.authorities.trying import try_with as try_authorities_with
        from certificates.loading import load_with
        from certificates.rollout.destroying import stand_ins_by
        from certificates.rollout.receipts import deliveries_by
        from certificates.rollout.refusals import look_with
        from certificates.rollout.trying import try_with
        from certificates.uses import failing_with
        from gateway import checks  # noqa: F401
        from gateway.addresses import accepted_last, standings_of
        from gateway.concerns import concerns
        from gateway.metrics import measure
        from gateway.microscope import places
        from gateway.searching import look
        from gateway.seeing.finding import failed_call_of
        from gateway.seeing.refusals import seen_in
        from gateway.standing import apis_behind, failing_apis, failing_entries
        from gateway.status import deliveries_of, stand_ins, status_of  # models can be imported only now
        from gateway.trying import HandshakeTrier
        from gateway.trying_trust import TrustTrier
        from portal import attention, search
        from portal.finding import find_with
        from portal.live import answer_with
        from portal.metrics.measured import measure_with

        answer_with(status_of)
        back_ends_stand(Answers(standings=standings_of, accepted=accepted_last))
        apis_stand(Standing.FAILING, failing_apis)
        apis_stand(Standing.BEHIND, apis_behind)
        failing_with(failing_entries)
        attention.register("gateway", concerns)
        search.register("gateway", look)
        load_with(_refusal_of, _refusal_of_trust)
        try_with(HandshakeTrier())
        try_authorities_with(TrustTrier())
        places_by(places)
        stand_ins_by(stand_ins)
        deliveries_by(deliveries_of)
        find_with(failed_call_of)
        look_with(seen_in)
        measure_with(measure)


def _refusal_of(identity: Identity) -> str:
    """Ask Envoy; what that takes is imported by the first that asks."""
    from gateway.agent.loader import refusal_of

    return refusal_of(identity)


def _refusal_of_trust(pem: str) -> str:
    """Ask Envoy about authorities; likewise."""
    from gateway.agent.loader import refusal_of_trust

    return refusal_of_trust(pem)
