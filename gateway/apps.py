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
        from certificates.loading import load_with
        from certificates.rollout.destroying import stand_ins_by
        from certificates.rollout.receipts import deliveries_by
        from certificates.rollout.trying import try_with
        from gateway import checks  # noqa: F401
        from gateway.metrics import measure
        from gateway.seeing.finding import failed_call_of
        from gateway.status import deliveries_of, stand_ins, status_of  # models can be imported only now
        from gateway.trying import HandshakeTrier
        from portal.finding import find_with
        from portal.live import answer_with
        from portal.metrics.measured import measure_with

        answer_with(status_of)
        load_with(_refusal_of)
        try_with(HandshakeTrier())
        stand_ins_by(stand_ins)
        deliveries_by(deliveries_of)
        find_with(failed_call_of)
        measure_with(measure)


def _refusal_of(identity: Identity) -> str:
    """Ask Envoy; what that takes is imported by the first that asks."""
    from gateway.agent.loader import refusal_of

    return refusal_of(identity)
