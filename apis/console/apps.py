"""The room as a Django app, with a table of its own."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    """The Test tab."""

    name = "apis.console"
    label = "console"
    verbose_name = _("Test tab")
