"""The apis app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApisConfig(AppConfig):
    """The apis app."""

    name = "apis"
    verbose_name = _("APIs")

    def ready(self) -> None:
        """Say where the activity log finds APIs and subscriptions, and what it tells of them."""
        from portal.subjects import describe, register  # models are there only now

        register("api", model="apis.Api", url_name="apis:detail")
        register("subscription", model="apis.Subscription", url_name="subscriptions:detail")
        describe("api", "apis.Api", "apis.BasicCredentials", "apis.Operation")
        describe("subscription", "apis.Subscription")
