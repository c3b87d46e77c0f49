"""Opening a PFX file with ``cryptography``. Runs in the child only: it may cost seconds and meet hostile input. [pure]"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from certificates.facts import Facts, key_type
from certificates.pfx.chain import in_order, leaf_of
from certificates.pfx.model import Pfx, Problem, UnreadablePfx
from certificates.pfx.structure import Part, Structure, look
from certificates.sealing import Secret

MOST_ITERATIONS = 5_000_000  # of a whole file; what the JDK lets one derivation ask for
_FEWEST_RSA_BITS, _MOST_RSA_BITS = 2048, 8192
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


@dataclass(frozen=True, slots=True)
class _Opened:
    """What one file, or one part of it, gave."""

    key: PrivateKeyTypes | None
    certificates: tuple[bytes, ...]  # DER, in the order of the file


def read(data: bytes, password: Secret) -> Pfx:
    """Return what the PFX file *data* gives.

    :raises UnreadablePfx: if it gives no key pair that the gateway can use
    """
    structure = look(data)
    if structure.iterations > MOST_ITERATIONS:
        raise UnreadablePfx(Problem.TOO_MUCH_WORK)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BER and odd serial numbers are let in on purpose
        opened = _open(data, structure, password)
        if opened.key is None:
            raise UnreadablePfx(Problem.NO_KEY)
        _refuse_several_keys(structure, password)
        _refuse_unusable(opened.key)
        return _pfx(opened.key, tuple(dict.fromkeys(opened.certificates)))  # some exports list one identity twice


def _pfx(key: PrivateKeyTypes, certificates: tuple[bytes, ...]) -> Pfx:
    for der in certificates:
        _refuse_unreadable(der)
    leaf = leaf_of(key, certificates)
    _refuse_unusable_form(leaf)
    return Pfx(
        certificate=leaf,
        chain=in_order(leaf, certificates),
        private_key=Secret(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
    )


def _open(data: bytes, structure: Structure, password: Secret) -> _Opened:
    """Open the whole file.

    :raises UnreadablePfx: telling a wrong password from damage: with the right one, some part of a damaged file still opens
    """
    if b"\0" in password.value or not _is_utf8(password.value):
        raise UnreadablePfx(Problem.WRONG_PASSWORD)  # no file can have it, and the native library would crash
    if opened := _try(data, password):
        return opened
    opening = [_try(part.file, password) is not None for part in structure.parts]
    encrypted = [opens for part, opens in zip(structure.parts, opening, strict=True) if part.encrypted]
    right = any(encrypted) if encrypted else not all(opening)
    raise UnreadablePfx(Problem.DAMAGED if right else Problem.WRONG_PASSWORD)


def _try(data: bytes, password: Secret) -> _Opened | None:
    """Return what *data* gives, ``None`` if it does not open.

    :raises UnreadablePfx: ``UNUSABLE_KEY``, if its key is of a kind that ``cryptography`` does not know
    """
    # A file "without a password" may have the empty one or none at all, which derive different keys.
    for attempt in (password.value,) if password.value else (b"", None):
        try:
            opened = pkcs12.load_pkcs12(data, attempt)
        except (ValueError, x509.InvalidVersion):
            continue
        except (UnsupportedAlgorithm, TypeError):  # TypeError: X25519 and the like, which cannot belong to a certificate
            raise UnreadablePfx(Problem.UNUSABLE_KEY) from None
        certificates = ([opened.cert] if opened.cert else []) + opened.additional_certs
        return _Opened(opened.key, tuple(one.certificate.public_bytes(Encoding.DER) for one in certificates))
    return None


def _refuse_several_keys(structure: Structure, password: Secret) -> None:
    """Refuse two different keys: nobody could tell which one is meant, and ``cryptography`` takes the first silently."""
    bags = [part for part in structure.parts if part.is_key_bag]
    keys = _keys_of((part for part in structure.parts if part.is_collection), password)
    if keys or len(bags) > 1:  # a sole key is not opened again: for a large RSA key that costs seconds
        keys |= _keys_of(bags, password)
    if len(keys) > 1:
        raise UnreadablePfx(Problem.SEVERAL_KEYS)


def _keys_of(parts: Iterable[Part], password: Secret) -> set[bytes]:
    """Return the private keys in *parts*, PKCS#8."""
    keys = (opened.key for part in parts if (opened := _try(part.file, password)))
    return {key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) for key in keys if key}


def _refuse_unusable(key: PrivateKeyTypes) -> None:
    """Refuse a key that Envoy does not load or present (measured with 1.40)."""
    match key:
        case rsa.RSAPrivateKey() if _FEWEST_RSA_BITS <= key.key_size <= _MOST_RSA_BITS:
            return
        case ec.EllipticCurvePrivateKey() if key.curve.name in _CURVES:
            return
        case ed25519.Ed25519PrivateKey():
            return
        case _:
            raise UnreadablePfx(Problem.UNUSABLE_KEY, key_type(key.public_key()))


def _refuse_unusable_form(leaf: bytes) -> None:
    """Refuse a certificate that writes a usable key in a way Envoy does not load: for PSS only, or a curve by its parameters."""
    algorithm = asn1.Certificate.load(leaf)["tbs_certificate"]["subject_public_key_info"]["algorithm"]
    match algorithm["algorithm"].native:
        case "rsassa_pss":
            raise UnreadablePfx(Problem.UNUSABLE_KEY, "RSASSA-PSS")
        case "ec" if algorithm["parameters"].name != "named":
            raise UnreadablePfx(Problem.UNUSABLE_KEY, f"{Facts.of(leaf).key_type}, explicit parameters")


def _refuse_unreadable(der: bytes) -> None:
    try:
        Facts.of(der)
    except (ValueError, x509.InvalidVersion):
        raise UnreadablePfx(Problem.DAMAGED) from None


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
