"""Why the gateway's TLS library does not load a certificate, in sentences: from its words, and where they give no cause, from the bytes.

The library is BoringSSL. Of a certificate that it cannot parse it says no more than "Failed to load certificate chain", so its rules that
files are known to break (:mod:`certificates.x509.loading`) are looked up once it has refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from certificates.problems import sentence_of
from certificates.x509.certificate import Certificate
from certificates.x509.loading import hindrance, hindrance_as_leaf


def reason_of(words: str, certificates: Sequence[bytes]) -> str:
    """Return why the gateway refused, in the active language: its own words, where no cause is known. Arguments as below."""
    return explanation_of(words, certificates) or _("The gateway's TLS library does not load it: %(words)s") % {"words": words}


def explanation_of(words: str, certificates: Sequence[bytes]) -> str:
    """Return the known cause for which the gateway refused, in the active language; empty if none is known.

    :param words: what the gateway said
    :param certificates: DER, the leaf first, then its chain, or authorities; empty: only the words are known
    """
    if reason := _reason_in(words):
        return reason
    if "Failed to load certificate chain" in words:
        for position, der in enumerate(certificates):
            if reason := _broken_rule(der, leaf=position == 0):
                return _in_the_chain(reason, position) if position else reason
    if "Failed to load trusted CA certificates" in words:
        for number, der in enumerate(certificates, start=1):
            if reason := _broken_rule(der, leaf=False):
                return _("Certificate %(number)d: %(reason)s") % {"number": number, "reason": reason}
    return ""


def _reason_in(words: str) -> str:
    """Return the sentence for a cause that the library itself names; empty if it names none that is known."""
    sentences = {
        "KEY_VALUES_MISMATCH": _("The private key does not belong to the certificate."),
        "KEY_TYPE_MISMATCH": _("The private key does not belong to the certificate."),
        "only RSA certificates with 2048-bit or larger keys": _("The RSA key is too small: the gateway needs 2048 bits or more."),
        "only P-256, P-384 or P-521 ECDSA certificates": _("The gateway cannot use this curve; it can use P-256, P-384 and P-521."),
        "routines:OPENSSL_internal:BAD_VERSION": _("The RSA key has more than two primes; the gateway needs one with two."),
        "N_NOT_EQUAL_P_Q": _(
            "The RSA key does not hold its two primes, or they do not belong to its modulus. Export the key with all its values."
        ),
        "D_E_NOT_CONGRUENT_TO_1": _("The numbers of the RSA key contradict each other: it is damaged. Export it again."),
        "CRT_VALUES_INCORRECT": _("The numbers of the RSA key contradict each other: it is damaged. Export it again."),
        "BAD_E_VALUE": _("The RSA key has a public exponent that the gateway's TLS library does not take; use 65537."),
        "MODULUS_TOO_LARGE": _("The RSA key is too large for the gateway."),
    }
    return next((sentence for sign, sentence in sentences.items() if sign in words), "")


def _in_the_chain(reason: str, position: int) -> str:
    return _("Certificate %(number)d of the chain above it: %(reason)s") % {"number": position, "reason": reason}


def _broken_rule(der: bytes, *, leaf: bool) -> str:
    """Return which of the library's rules a certificate breaks; empty if none is known. It looks at the key of the leaf alone."""
    try:
        certificate = Certificate.of(der)
    except ValueError:
        return _("The certificate is not well-formed DER.")
    found = hindrance_as_leaf(certificate) if leaf else hindrance(certificate)
    return sentence_of(found, certificate.version) if found else ""
