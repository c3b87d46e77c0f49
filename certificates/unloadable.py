"""Why the gateway's TLS library does not load a certificate, in sentences: from its words, and where they give no cause, from the bytes.

The library is BoringSSL. Of a certificate that it cannot parse it says no more than "Failed to load certificate chain", so its rules that
files are known to break are looked up here, and only once it has refused: this list never refuses anything itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from asn1crypto import core, x509
from django.utils.translation import gettext as _

_MOST_EXPONENT_BITS = 33  # BoringSSL, crypto/fipsmodule/rsa/rsa_impl.cc: kMaxExponentBits
_MOST_MODULUS_BITS = 16 * 1024  # BoringSSL, OPENSSL_RSA_MAX_MODULUS_BITS
_DATES = {core.UTCTime: re.compile(r"\d{12}(?:Z|[+-]\d{4})"), core.GeneralizedTime: re.compile(r"\d{14}Z")}  # those that BoringSSL reads
_USABLE_KEYS = {"rsa", "ec", "ed25519"}
_USABLE_CURVES = {"secp256r1", "secp384r1", "secp521r1"}


def reason_of(words: str, certificates: Sequence[bytes]) -> str:
    """Return why the gateway refused, in the active language: its own words, where no cause is known. Arguments as below."""
    return explanation_of(words, certificates) or _("The gateway's TLS library does not load it: %(words)s") % {"words": words}


def explanation_of(words: str, certificates: Sequence[bytes]) -> str:
    """Return the known cause for which the gateway refused, in the active language; empty if none is known.

    :param words: what the gateway said
    :param certificates: DER, the leaf first, then its chain; empty: only the words are known
    """
    if reason := _reason_in(words):
        return reason
    if "Failed to load certificate chain" in words:
        for position, der in enumerate(certificates):
            if reason := next(_broken_rules(der, leaf=position == 0), ""):
                return _in_the_chain(reason, position) if position else reason
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
    return _("Certificate %(number)d of the chain above it cannot be used: %(reason)s") % {"number": position, "reason": reason}


def _broken_rules(der: bytes, *, leaf: bool) -> Iterator[str]:
    """Yield which of the library's rules a certificate breaks; of the chain's it does not look at the keys."""
    try:
        certificate = x509.Certificate.load(der, strict=True)["tbs_certificate"]
        yield from _broken_form(certificate)
        if leaf:
            yield from _broken_key(certificate["subject_public_key_info"])
    except (ValueError, TypeError, KeyError):  # asn1crypto's, of what it cannot parse either
        yield _("The certificate is not well-formed DER.")


def _broken_form(certificate: x509.TbsCertificate) -> Iterator[str]:
    version = {"v1": 1, "v2": 2, "v3": 3}.get(certificate["version"].native)
    if version is None:
        yield _("The certificate has a version that does not exist; the gateway's TLS library takes versions 1 to 3.")
    elif version != 3 and certificate["extensions"]:  # noqa: PLR2004 - X.509's
        yield _("It is an X.509 version %(version)d certificate with extensions, which only version 3 may have. Have it issued again.") % {
            "version": version
        }
    if version == 1 and (certificate["issuer_unique_id"] or certificate["subject_unique_id"]):
        yield _("It is an X.509 version 1 certificate with a unique identifier, which only later versions may have. Have it issued again.")
    for end in ("not_before", "not_after"):
        yield from _broken_date(certificate["validity"][end].chosen)


def _broken_date(moment: core.AbstractTime) -> Iterator[str]:
    date = moment.contents.decode("latin-1")
    if "." in date or "," in date:
        yield _("One of its dates has a fraction of a second, which X.509 does not allow (RFC 5280, 4.1.2.5). Have it issued again.")
    elif not _DATES[type(moment)].fullmatch(date) or not _is_in_the_calendar(moment):
        yield _("One of its dates, %(date)s, is not written as X.509 demands (RFC 5280, 4.1.2.5). Have it issued again.") % {"date": date}


def _is_in_the_calendar(moment: core.AbstractTime) -> bool:
    try:
        return moment.native is not None
    except ValueError:
        return False


def _broken_key(key: x509.PublicKeyInfo) -> Iterator[str]:
    algorithm = key["algorithm"]["algorithm"]
    if algorithm.native not in _USABLE_KEYS:
        yield _("The gateway cannot use a key of the kind %(kind)s.") % {"kind": algorithm.native}
    elif algorithm.native == "ec":
        curve = key["algorithm"]["parameters"]
        if curve.name != "named":
            yield _("The certificate writes the curve of its key out as numbers; the gateway needs it by its name. Have it issued again.")
        elif curve.chosen.native not in _USABLE_CURVES:
            yield _("The gateway cannot use this curve; it can use P-256, P-384 and P-521.")
    elif algorithm.native == "rsa":
        if not isinstance(key["algorithm"]["parameters"], core.Null):
            yield _("The certificate lacks the empty parameters (NULL) that belong to an RSA key (RFC 3279, 2.3.1). Have it issued again.")
        numbers = key["public_key"].parsed
        exponent, modulus = (numbers[one].native for one in ("public_exponent", "modulus"))
        if exponent < 3 or exponent % 2 == 0 or modulus < 0:  # noqa: PLR2004 - RFC 8017, 3.1
            yield _("The numbers of the RSA key in the certificate are not those of an RSA key. Have it issued again.")
        if (bits := exponent.bit_length()) > _MOST_EXPONENT_BITS:
            yield _("The public exponent of the RSA key has %(bits)d bits; the gateway takes %(most)d at most. Use 65537.") % {
                "bits": bits,
                "most": _MOST_EXPONENT_BITS,
            }
        if modulus.bit_length() > _MOST_MODULUS_BITS:
            yield _("The RSA key is too large for the gateway.")
