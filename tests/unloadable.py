"""Certificates that open everywhere and that the gateway's TLS library does not load."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from asn1crypto import core, keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from certificates.pfx import Pfx
from kit.issuing import Issued, issue, rsa_key


def with_large_exponent(common_name: str = "large-exponent", *, by: Issued | None = None) -> Issued:
    """Return a certificate of an RSA key whose public exponent has 41 bits."""
    return issue(common_name, by=by, key=_rsa_key(exponent=2**40 + 15))


def of_version_1() -> Issued:
    """Return a certificate of version 1 that has the extensions of a version 3 one."""
    issued = issue("odd")
    changed = _changed(issued, lambda tbs: tbs.__setitem__("version", "v1"))
    return dataclasses.replace(issued, certificate=x509.load_der_x509_certificate(changed))


def that_ends(date: bytes) -> Pfx:
    """Return a certificate whose end is written so."""
    end = asn1.Time("general_time", core.GeneralizedTime(contents=date))
    return _as_pfx(issue("odd"), lambda tbs: tbs["validity"].__setitem__("not_after", end))


def without_null() -> Pfx:
    """Return a certificate whose RSA key lacks its empty parameters."""
    algorithm = keys.PublicKeyAlgorithm({"algorithm": "rsa", "parameters": None})
    return _as_pfx(_rsa(), lambda tbs: tbs["subject_public_key_info"].__setitem__("algorithm", algorithm))


def with_even_exponent() -> Pfx:
    """Return a certificate of an RSA key that cannot be one."""
    issued = _rsa()
    number = keys.RSAPublicKey({"modulus": issued.certificate.public_key().public_numbers().n, "public_exponent": 65536})  # type: ignore[union-attr]  # RSA
    return _as_pfx(issued, lambda tbs: tbs["subject_public_key_info"].__setitem__("public_key", number))


def with_something_behind() -> Pfx:
    """Return a certificate with bytes behind its end."""
    pfx = issue("odd").as_pfx()
    return dataclasses.replace(pfx, certificate=pfx.certificate + b"\0\0")


def _rsa() -> Issued:
    return issue("odd", key=rsa_key())


def _as_pfx(issued: Issued, change: Callable[[asn1.TbsCertificate], object]) -> Pfx:
    return dataclasses.replace(issued.as_pfx(), certificate=_changed(issued, change))


def _rsa_key(*, exponent: int) -> rsa.RSAPrivateKey:
    while True:
        numbers = rsa.generate_private_key(65537, 2048).private_numbers()
        p, q = numbers.p, numbers.q
        if math.gcd(exponent, (p - 1) * (q - 1)) == 1:
            break
    d = pow(exponent, -1, math.lcm(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(exponent, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), rsa.rsa_crt_iqmp(p, q), public).private_key()


def _changed(issued: Issued, change: Callable[[asn1.TbsCertificate], object]) -> bytes:
    """Return a certificate that was changed after it was signed; nobody checks that signature when it is loaded."""
    certificate = asn1.Certificate.load(issued.der)
    change(certificate["tbs_certificate"])
    return bytes(certificate.dump())
