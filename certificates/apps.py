"""The certificates app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class CertificatesConfig(AppConfig):
    """The certificates app."""

    name = "certificates"
    verbose_name = _("Client certificates")

    def ready(self) -> None:
        """Register the checks that refuse a start without the right encryption keys, and tell the log and the dashboard what they ask."""
        from certificates import checks, history  # models are there only now
        from certificates.activity_keys import activity_keys
        from certificates.concerns import concerns
        from certificates.metrics import measure
        from certificates.searching import look
        from portal import attention, identity, parts, search
        from portal.activity.keys import keys_from
        from portal.metrics.measured import measure_with
        from portal.subjects import describe, register

        attention.register("certificates", concerns)
        search.register("certificates", look)
        parts.register(gettext_noop("ring"), checks.trouble_with_the_ring)
        identity.ring_keys(checks.ring_keys)
        keys_from(activity_keys)
        register("certificate", model="certificates.ClientCertificate", url_name="certificates:detail")
        register("server-certificate", model="certificates.ServerCertificate", url_name="server_certificates:detail")
        describe("certificate", "certificates.CertificateVersion")
        describe("server-certificate", "certificates.CertificateVersion")
        history.enter()
        measure_with(measure)
