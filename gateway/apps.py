"""The gateway app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GatewayConfig(AppConfig):
    """The gateway app."""

    name = "gateway"
    verbose_name = _("Gateway")
