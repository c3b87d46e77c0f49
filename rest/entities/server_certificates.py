"""Server certificates: an address of our own, beside the published ones; in all as the client certificates are."""

from __future__ import annotations

from certificates.models import ServerCertificate
from portal.live import Kind
from rest.entities.certificates import Certificates


class ServerCertificates(Certificates):
    """What the gateway shows to callers."""

    segment = "serverCertificates"
    id_name = "serverCertificateId"
    permission = "certificates.{}_servercertificate"
    live_kind = Kind.SERVER_CERTIFICATE
    model = ServerCertificate
