"""The rest app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RestConfig(AppConfig):
    """The rest app."""

    name = "rest"
    verbose_name = _("Management REST API")
