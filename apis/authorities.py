"""Reads the authorities that an API's back end is trusted by: certificates in PEM. Pure but for the words."""

from __future__ import annotations

import re
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.private_keys import holds_private_key

MAX_PEM = 65_536
MAX_AUTHORITIES = 50
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


class BadAuthorities(ValueError):
    """A text that holds no certificates of authorities.

    :ivar fault: a sentence
    """

    def __init__(self, fault: Promise | str) -> None:
        """Hold the fault."""
        super().__init__(str(fault))
        self.fault = fault


def read_authorities(text: str, *, now: datetime) -> str:
    """Return the certificates in *text* as PEM: each once, in their order, without what stands between them.

    An authority is a certificate that says so (``CA:TRUE``), or a self-signed one, which vouches for itself.

    :raises BadAuthorities: if it holds anything else (a private key above all), or one that is no authority or has expired
    """
    if holds_private_key(text):
        raise BadAuthorities(_("This holds a private key. Only certificates belong here; it was not stored. Consider that key exposed."))
    found = _BLOCK.findall(text)
    if not found or len(found) != text.count("-----BEGIN "):
        raise BadAuthorities(_("Give certificates in PEM form, each from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----."))
    if len(found) > MAX_AUTHORITIES:
        raise BadAuthorities(_("Give at most 50 certificates."))
    return "".join(dict.fromkeys(_normal(block, number, now) for number, block in enumerate(found, start=1)))


def _normal(block: str, number: int, now: datetime) -> str:
    try:
        certificate = x509.load_pem_x509_certificate(block.encode())
        authority = _is_authority(certificate)
    except ValueError as error:
        raise BadAuthorities(_("Certificate %(number)d is damaged.") % {"number": number}) from error
    if not authority:
        raise BadAuthorities(_("Certificate %(number)d is not an authority's: it may not sign other certificates.") % {"number": number})
    if certificate.not_valid_after_utc < now:
        raise BadAuthorities(_("Certificate %(number)d has expired.") % {"number": number})
    return certificate.public_bytes(Encoding.PEM).decode()


def _is_authority(certificate: x509.Certificate) -> bool:
    if certificate.subject == certificate.issuer:
        return True
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
