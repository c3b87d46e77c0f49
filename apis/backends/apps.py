"""The room as a Django app, with tables of its own."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BackEndsConfig(AppConfig):
    """Back ends as entries."""

    name = "apis.backends"
    label = "backends"
    verbose_name = _("Back ends")

    def ready(self) -> None:
        """Say where the activity log and the search find back ends, and which certificates they hold."""
        from apis.backends import history, words
        from apis.backends.searching import look
        from apis.backends.uses import hold
        from portal import search
        from portal.subjects import describe, register

        register("backend", model="backends.BackEnd", url_name="backends:detail")
        secrets = ("backends.BackEndPassword", "apis.SharedSecret", "apis.OAuthClient")
        describe("backend", "backends.BackEnd", *secrets, labels=words.of_fields)
        search.register("backends", look)
        hold()
        history.enter()
