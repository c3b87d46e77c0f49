"""The gateway app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GatewayConfig(AppConfig):
    """The gateway app."""

    name = "gateway"
    verbose_name = _("Gateway")

    def ready(self) -> None:
        """Enter our answer to whether a change is live."""
        from gateway.status import status_of  # models can be imported only now
        from portal.live import answer_with

        answer_with(status_of)
