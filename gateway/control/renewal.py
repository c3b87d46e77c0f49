"""New certificates for gateways that are known already: asked for over the channel that the old one opens, which stays valid meanwhile."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction

from gateway.control.enrolment import fingerprint_of, issue_for_request
from gateway.models import Gateway
from portal.activity import record
from portal.models import Event

_CURVES = (ec.SECP256R1, ec.SECP384R1)  # what TLS 1.3 signs with everywhere


class BadRequest(Exception):
    """A request for a certificate that cannot be answered."""


@transaction.atomic
def renew(name: str, request: bytes, *, now: datetime) -> bytes:
    """Issue a new certificate for the gateway *name*; the one it has stays valid until the new one is used.

    :param request: a signing request (PKCS #10, PEM) of a new key; what it asks for besides the key is ignored
    :return: the certificate and the authority, PEM
    :raises BadRequest: if it is none, or not signed by its own key, or the key is of another kind than EC P-256 or P-384
    """
    key = _key_of(request)
    gateway = Gateway.objects.select_for_update().get(name=name)
    certificate_pem, authority_pem, not_after = issue_for_request(name, key, now=now)
    gateway.next_fingerprint, gateway.next_enrolled_until = fingerprint_of(certificate_pem), not_after
    gateway.save(update_fields=["next_fingerprint", "next_enrolled_until"])
    # The line has every control plane learn that it may come with either.
    record(Event.GATEWAY_RENEWED, gateway, by=None, at=now, enrolled_until=not_after.date().isoformat())
    return certificate_pem + authority_pem


@transaction.atomic
def take_over(fingerprint: str, *, now: datetime) -> None:
    """Let a renewed certificate be the only one of its gateway: it was used, so the old one has had its time."""
    for gateway in Gateway.objects.select_for_update().filter(next_fingerprint=fingerprint):
        gateway.fingerprint, gateway.enrolled_until = fingerprint, gateway.next_enrolled_until
        gateway.next_fingerprint, gateway.next_enrolled_until = "", None
        gateway.save(update_fields=["fingerprint", "enrolled_until", "next_fingerprint", "next_enrolled_until"])
        record(Event.GATEWAY_CERTIFICATE_USED, gateway, by=None, at=now)


def _key_of(request: bytes) -> ec.EllipticCurvePublicKey:
    try:
        asked = x509.load_pem_x509_csr(request)
        key = asked.public_key()
        signed = asked.is_signature_valid
    except (ValueError, TypeError, InvalidSignature) as error:
        raise BadRequest("This is no signing request in PEM.") from error
    if not signed:
        raise BadRequest("The signing request is not signed by its own key.")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, _CURVES):
        raise BadRequest("The key of a gateway is EC P-256 or P-384.")
    return key
