"""The apis app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApisConfig(AppConfig):
    """The apis app."""

    name = "apis"
    verbose_name = _("APIs")
