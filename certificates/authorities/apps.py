"""The room as a Django app, with tables of its own."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuthoritiesConfig(AppConfig):
    """Trusted authorities."""

    name = "certificates.authorities"
    label = "authorities"
    verbose_name = _("Trusted authorities")

    def ready(self) -> None:
        """Have candidates tried and switched to, what fails told, and entries found; say where the activity log finds them."""
        from certificates.authorities import failing, history  # models are there only now
        from certificates.authorities.keeper import AuthorityKeeper
        from certificates.authorities.models import AuthorityReceipt
        from certificates.authorities.searching import look
        from certificates.rollout.receipts import keep
        from portal import keepers, search, troubles
        from portal.subjects import describe, register

        keepers.keep("authority_keeper", lambda: AuthorityKeeper().run)
        keep(AuthorityReceipt)
        search.register("authorities", look)
        troubles.register("authorities", failing.troubles)
        register("authority", model="authorities.Authority", url_name="authorities:detail")
        describe("authority", "authorities.AuthorityVersion")
        history.enter()
