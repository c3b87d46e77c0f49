"""What the gateway's TLS library (BoringSSL) does not load of a certificate, and why: measured with Envoy 1.40. [pure]"""

from __future__ import annotations

import enum

from certificates import ber
from certificates.ber import Element, Malformed
from certificates.x509 import names, times
from certificates.x509.certificate import Certificate

_NEWEST = 3
KEY_USAGE = "2.5.29.15"
_RSA = "1.2.840.113549.1.1.1"
_NULL = b"\x05\0"
_MOST_EXPONENT_BITS = 33  # BoringSSL, crypto/fipsmodule/rsa/rsa_impl.cc: kMaxExponentBits


class Hindrance(enum.StrEnum):
    """Why a certificate is not loaded."""

    VERSION = "version"
    EXTENSIONS_BEFORE_VERSION_3 = "extensions-before-version-3"
    UNIQUE_IDS_IN_VERSION_1 = "unique-ids-in-version-1"
    FRACTION = "fraction"
    DATE = "date"
    NAME = "name"
    SERIAL = "serial"
    KEY_USAGE = "key-usage"
    KEY = "key"


def hindrance_as_leaf(certificate: Certificate) -> Hindrance | None:
    """Return why the library does not present *certificate* as one's own, ``None`` if nothing is known against it."""
    usage = next((value for oid, value in certificate.extensions if oid == KEY_USAGE), None)
    if found := hindrance(certificate):
        return found
    if usage is not None and not _is_bit_string(usage):
        return Hindrance.KEY_USAGE
    return None if _is_loaded_key(certificate.public_key) else Hindrance.KEY


def hindrance(certificate: Certificate) -> Hindrance | None:
    """Return why the library does not load *certificate*, ``None`` if nothing is known against it."""
    dates = (certificate.not_before, certificate.not_after)
    wrong = {
        Hindrance.VERSION: not 1 <= certificate.version <= _NEWEST,
        Hindrance.EXTENSIONS_BEFORE_VERSION_3: bool(certificate.extensions) and certificate.version < _NEWEST,
        Hindrance.UNIQUE_IDS_IN_VERSION_1: certificate.has_unique_ids and certificate.version == 1,
        Hindrance.FRACTION: any(times.has_fraction(date) for date in dates),
        Hindrance.DATE: not all(times.is_loaded(date) for date in dates),
        Hindrance.SERIAL: not ber.is_minimal(certificate.serial),
        Hindrance.NAME: not _has_readable_names(certificate),
    }
    return next((hindrance for hindrance, applies in wrong.items() if applies), None)


def _has_readable_names(certificate: Certificate) -> bool:
    try:
        return all(ber.is_strict_text(value) for name in (certificate.issuer, certificate.subject) for value in names.values_of(name))
    except Malformed:
        return False


def _is_loaded_key(key: Element) -> bool:
    """Tell whether a public key of RSA is written as the library reads it: with NULL, and numbers that can be one's."""
    try:
        algorithm, value = ber.leading(key, 2)
        kind, *parameters = ber.children(algorithm)
        if ber.oid(kind) != _RSA:
            return True  # whether its kind can be used is judged with the private key
        modulus, exponent = (ber.integer(number) for number in ber.leading(ber.sole(value.content[1:]), 2))
        usable = exponent > 1 and exponent % 2 == 1 and exponent.bit_length() <= _MOST_EXPONENT_BITS and modulus > 0
        return usable and [one.octets for one in parameters] == [_NULL]
    except Malformed:
        return False


def _is_bit_string(value: bytes) -> bool:
    try:
        ber.bits(ber.sole(value))
    except Malformed:
        return False
    return True
