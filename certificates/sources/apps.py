"""The room as a Django app, with tables of its own."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SourcesConfig(AppConfig):
    """Sources of versions."""

    name = "certificates.sources"
    label = "sources"
    verbose_name = _("Sources of certificates")

    def ready(self) -> None:
        """Have what fails told to those who can mend it, and say how the log calls what is set, and who puts it back."""
        from certificates.sources import failing, history
        from portal import troubles
        from portal.subjects import describe

        troubles.register("sources", failing.troubles)
        for events in ("certificate.source", "server-certificate.source"):
            describe(events, labels=history.labels)
        history.enter()
