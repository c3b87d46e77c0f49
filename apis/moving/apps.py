"""The room as a Django app, with tables of its own."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MovingConfig(AppConfig):
    """Moving APIs to another certificate."""

    name = "apis.moving"
    label = "moving"
    verbose_name = _("Moving APIs")

    def ready(self) -> None:
        """Have moves tried and carried out by the xDS process, and what fails told to those who can mend it."""
        from apis.moving import failing, keeper
        from apis.moving.models import Move
        from certificates.rollout.keeper import Tries
        from portal import keepers, troubles

        keepers.keep("move_tries", lambda: Tries(Move).run)
        keepers.keep("moves", lambda: keeper.Moves().run)
        troubles.register("moving", failing.troubles)
