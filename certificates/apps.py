"""The certificates app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CertificatesConfig(AppConfig):
    """The certificates app."""

    name = "certificates"
    verbose_name = _("Client certificates")

    def ready(self) -> None:
        """Register the checks that refuse a start without the right encryption keys."""
        from certificates import checks  # noqa: F401 - models are there only now
