"""The room as a Django app, with tables of its own."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RolloutConfig(AppConfig):
    """Compare, try, confirm."""

    name = "certificates.rollout"
    label = "rollout"
    verbose_name = _("Compare, try, confirm")

    def ready(self) -> None:
        """Have what fails told to those who can mend it, and rules put back."""
        from certificates.rollout import failing, history
        from portal import troubles

        troubles.register("rollout", failing.troubles)
        history.enter()
