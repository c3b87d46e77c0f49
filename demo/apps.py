"""The demonstration stands above everything and nothing knows it: delete the folder and the portal goes on."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    """The demonstration; it has no tables."""

    name = "demo"
    verbose_name = _("Demonstration")
