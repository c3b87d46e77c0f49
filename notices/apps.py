"""The notices app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NoticesConfig(AppConfig):
    """The notices app."""

    name = "notices"
    verbose_name = _("Notices")

    def ready(self) -> None:
        """Have the xDS process send what is due, and say where lines of the activity log lead to."""
        from notices import history  # models are there only now
        from notices.keeper import NoticeKeeper
        from portal import keepers
        from portal.subjects import describe, register
        from rest import joined

        joined.join_later(_speak_by_rest)
        keepers.keep("notices", lambda: NoticeKeeper().run)
        register("notice", model="notices.Channel", url_name="notices:channel")
        describe("notice", "notices.Channel", "notices.Schedule")
        register("telling", model="certificates.ClientCertificate", url_name="certificates:detail")
        register("telling", model="certificates.ServerCertificate", url_name="server_certificates:detail")
        describe("telling", "notices.Contact")
        history.enter()


def _speak_by_rest() -> None:
    """Add notices to the REST API and to configuration files."""
    from notices.declared.channels import CHANNELS
    from notices.declared.contacts import CONTACTS
    from notices.declared.schedule import SCHEDULE
    from notices.rest import ADDRESSES
    from rest import life
    from rest.configuration.sections import registry
    from rest.configuration.sections.parts import register as register_part

    life.register(ADDRESSES)
    register_part("contacts", CONTACTS)
    registry.register(CHANNELS)
    registry.register_setting(SCHEDULE)
