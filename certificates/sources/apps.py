"""The room as a Django app, with tables of its own."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SourcesConfig(AppConfig):
    """Sources of versions."""

    name = "certificates.sources"
    label = "sources"
    verbose_name = _("Sources of certificates")

    def ready(self) -> None:
        """Have what fails told to those who can mend it."""
        from certificates.sources import failing
        from portal import troubles

        troubles.register("sources", failing.troubles)
