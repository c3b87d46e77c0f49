"""The room as a Django app, with a table of its own."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DoctorConfig(AppConfig):
    """The doctor."""

    name = "certificates.doctor"
    label = "doctor"
    verbose_name = _("Certificate doctor")

    def ready(self) -> None:
        """Have what nobody has judged yet judged by the xDS process."""
        from certificates.doctor.diagnosing import Diagnosing
        from portal import keepers

        keepers.keep("diagnosing", lambda: Diagnosing().run)
