"""Reads certificates of authorities as people bring them: pasted PEM, or a file in PEM, DER or PKCS#7. Pure but for the words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from certificates import problems
from certificates.pfx import Problem, UnreadablePfx, formats, list_certificates
from portal.private_keys import holds_private_key

MAX_PEM = 65_536
MAX_AUTHORITIES = 50
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_HOLDS_KEY = _("This holds a private key. Only certificates belong here; it was not stored. Consider that key exposed.")
_NO_AUTHORITIES = _("This holds no certificate. Bring those of the authority: PEM, DER (.cer, .crt) or PKCS#7 (.p7b).")
_OF_FILES = {
    Problem.KEY_AS_ANSWER: _HOLDS_KEY,
    Problem.REQUEST: _("This is a signing request, not a certificate. Bring the certificates of the authority that signs it."),
    Problem.NO_ANSWER: _NO_AUTHORITIES,
    Problem.EMPTY: _("The file is empty. Save the certificates of the authority again."),
}


class BadAuthorities(ValueError):
    """A text or file that holds no certificates of authorities.

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
        raise BadAuthorities(_HOLDS_KEY)
    found = _BLOCK.findall(text)
    if not found or len(found) != text.count("-----BEGIN "):
        raise BadAuthorities(_("Give certificates in PEM form, each from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----."))
    return _normal([block.encode() for block in found], x509.load_pem_x509_certificate, now=now)


def read_file(data: bytes, *, now: datetime) -> str:
    """Do what :func:`read_authorities` does for a file: PEM, DER (``.cer``, ``.crt``) or PKCS#7 (``.p7b``).

    :raises BadAuthorities: likewise
    """
    text = formats.unwrapped(data)
    if formats.PEM_BEGIN in text and holds_private_key(text.decode("latin-1")):
        raise BadAuthorities(_HOLDS_KEY)
    try:
        ders = list_certificates(data)
    except UnreadablePfx as refusal:
        raise BadAuthorities(_OF_FILES.get(refusal.problem) or problems.sentence(refusal)) from refusal
    return _normal(ders, x509.load_der_x509_certificate, now=now)


def _normal(found: Sequence[bytes], load: Callable[[bytes], x509.Certificate], *, now: datetime) -> str:
    """Return what was found as PEM, each once."""
    if len(found) > MAX_AUTHORITIES:
        raise BadAuthorities(_("Give at most 50 certificates."))
    return "".join(dict.fromkeys(_pems(found, load, now)))


def _pems(found: Iterable[bytes], load: Callable[[bytes], x509.Certificate], now: datetime) -> Iterable[str]:
    for number, one in enumerate(found, start=1):
        try:
            certificate = load(one)
            authority = _is_authority(certificate)
        except ValueError as error:
            raise BadAuthorities(_("Certificate %(number)d is damaged.") % {"number": number}) from error
        if not authority:
            raise BadAuthorities(
                _("Certificate %(number)d is not an authority's: it may not sign other certificates.") % {"number": number}
            )
        if certificate.not_valid_after_utc < now:
            raise BadAuthorities(_("Certificate %(number)d has expired.") % {"number": number})
        yield certificate.public_bytes(Encoding.PEM).decode()


def _is_authority(certificate: x509.Certificate) -> bool:
    if certificate.subject == certificate.issuer:
        return True
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
