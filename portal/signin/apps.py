"""The room as a Django app, with tables of its own."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SignInConfig(AppConfig):
    """Signing in."""

    name = "portal.signin"
    label = "signin"
    verbose_name = _("Sign-in")

    def ready(self) -> None:
        """Listen to what ends sessions, and to second factors that go."""
        from portal.signin import ending, second_factors, sessions

        ending.listen()
        sessions.listen()
        second_factors.listen()
