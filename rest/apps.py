"""The rest app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RestConfig(AppConfig):
    """The rest app."""

    name = "rest"
    verbose_name = _("Management REST API")

    def ready(self) -> None:
        """Keep what documents say of operations."""
        from apis.exchange import documenting
        from rest.entities.documentation import Remembered  # models are there only now

        documenting.register(Remembered())
