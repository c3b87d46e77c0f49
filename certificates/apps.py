"""The certificates app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CertificatesConfig(AppConfig):
    """The certificates app."""

    name = "certificates"
    verbose_name = _("Client certificates")
