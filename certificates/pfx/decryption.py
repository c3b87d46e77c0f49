"""Octets that a password protects: PBES1 as PKCS#12 has it (RFC 7292, appendix C), PBES1 and PBES2 of PKCS#5 (RFC 8018). [pure]"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from certificates import ber
from certificates.ber import Element, Malformed
from certificates.pfx import derivation, rc2
from certificates.pfx.derivation import Spellings, UnknownProtection, named
from certificates.pfx.structure import Encrypted
from certificates.sealing import Secret

_PBES2 = "1.2.840.113549.1.5.13"
_RC2_VERSIONS = {160: 40, 120: 64, 58: 128}  # how PBES2 writes the effective bits: RFC 8018, appendix B.2.3
_SECRET_OCTETS_OF_2_KEYS = 16


class _Kind(NamedTuple):
    """A cipher with what it takes."""

    name: str
    key_length: int
    block: int


_PBES1 = {
    "1.2.840.113549.1.12.1.1": _Kind("rc4", 16, 0),
    "1.2.840.113549.1.12.1.2": _Kind("rc4", 5, 0),
    "1.2.840.113549.1.12.1.3": _Kind("3des", 24, 8),
    "1.2.840.113549.1.12.1.4": _Kind("3des", 16, 8),
    "1.2.840.113549.1.12.1.5": _Kind("rc2", 16, 8),
    "1.2.840.113549.1.12.1.6": _Kind("rc2", 5, 8),
}
_DES, _RC2_64 = _Kind("3des", 8, 8), _Kind("rc2", 8, 8)  # DES: TripleDES with one key
_PKCS5_V1 = {  # what OpenSSL's pkcs8 command wrote before 1.1
    "1.2.840.113549.1.5.3": ("md5", _DES),
    "1.2.840.113549.1.5.6": ("md5", _RC2_64),
    "1.2.840.113549.1.5.10": ("sha1", _DES),
    "1.2.840.113549.1.5.11": ("sha1", _RC2_64),
}
_SCHEMES = {
    "1.2.840.113549.3.7": _Kind("3des", 24, 8),
    "1.3.14.3.2.7": _DES,
    "1.2.840.113549.3.2": _Kind("rc2", 16, 8),
    "2.16.840.1.101.3.4.1.2": _Kind("aes", 16, 16),
    "2.16.840.1.101.3.4.1.22": _Kind("aes", 24, 16),
    "2.16.840.1.101.3.4.1.42": _Kind("aes", 32, 16),
}


@dataclass(frozen=True, slots=True)
class _Key:
    """A cipher ready to decrypt."""

    kind: _Kind
    key: Secret
    vector: bytes
    effective_bits: int


def decrypt(encrypted: Encrypted, spellings: Spellings) -> Secret | None:
    """Return the one SEQUENCE that *encrypted* protects, ``None`` if the password does not open it.

    :raises UnknownProtection: if it is protected in a way that is not known here
    :raises Malformed: if what says how it is protected is broken
    """
    opened = (_plain(key, encrypted.ciphertext) for key in _keys(encrypted.algorithm, spellings))
    return next((Secret(plain) for plain in opened if plain is not None), None)


def _keys(algorithm: Element, spellings: Spellings) -> Iterator[_Key]:
    kind, parameters = named(algorithm)
    if parameters is None:
        raise Malformed
    if kind == _PBES2:
        scheme, cipher = ber.leading(parameters, 2)
        yield from (_by_pbes2(scheme, cipher, password) for password in spellings.narrow)
    elif kind in _PBES1:
        salt, count = ber.leading(parameters, 2)
        yield from (_by_pbes1(_PBES1[kind], ber.octets(salt), ber.integer(count), password) for password in spellings.wide)
    elif kind in _PKCS5_V1:
        salt, count = ber.leading(parameters, 2)
        yield from (_by_pbkdf1(*_PKCS5_V1[kind], ber.octets(salt), ber.integer(count), password) for password in spellings.narrow)
    else:
        raise UnknownProtection(kind)


def _by_pbes1(kind: _Kind, salt: bytes, iterations: int, password: Secret) -> _Key:
    key = derivation.pkcs12("sha1", password, salt, iterations, purpose=derivation.KEY, length=kind.key_length)
    vector = derivation.pkcs12("sha1", password, salt, iterations, purpose=derivation.VECTOR, length=kind.block) if kind.block else b""
    return _Key(kind, Secret(key), vector, 8 * kind.key_length)


def _by_pbkdf1(hash_name: str, kind: _Kind, salt: bytes, iterations: int, password: Secret) -> _Key:
    key = derivation.pbkdf1(hash_name, password, salt, iterations)
    return _Key(kind, Secret(key[:8]), key[8:16], 64)


def _by_pbes2(scheme: Element, cipher: Element, password: Secret) -> _Key:
    name, parameters = named(cipher)
    if name not in _SCHEMES:
        raise UnknownProtection(name)
    if parameters is None:
        raise Malformed
    kind = _SCHEMES[name]
    vector, effective_bits = _vector_of(parameters)
    if len(vector) != kind.block:
        raise Malformed
    length = derivation.key_length_of(scheme) or effective_bits // 8 if kind.name == "rc2" else kind.key_length
    return _Key(kind, Secret(derivation.pkcs5(scheme, password, length)), vector, effective_bits)


def _vector_of(parameters: Element) -> tuple[bytes, int]:
    """Return the initialisation vector, and the effective bits of RC2, which wraps both in a SEQUENCE."""
    if not parameters.is_a(ber.SEQUENCE):
        return ber.octets(parameters), 0
    *version, vector = ber.children(parameters) or [parameters]
    return ber.octets(vector), _RC2_VERSIONS.get(ber.integer(version[0]), 32) if version else 32


def _plain(key: _Key, ciphertext: bytes) -> bytes | None:
    """Return the plain octets, ``None`` if they are not one whole SEQUENCE with its padding."""
    block = key.kind.block
    if not ciphertext or (block and len(ciphertext) % block):
        return None
    plain = _decrypted(key, ciphertext)
    if block:
        pad = plain[-1]
        if not 0 < pad <= block or plain[-pad:] != bytes([pad]) * pad:
            return None
        plain = plain[:-pad]
    try:
        element = ber.sole(plain)
        return plain if element.is_a(ber.SEQUENCE) and element.octets == plain and (ber.children(element) or True) else None
    except Malformed:
        return None


def _decrypted(key: _Key, ciphertext: bytes) -> bytes:
    secret = key.key.value
    match key.kind.name:
        case "rc2":
            return rc2.decrypt_cbc(secret, key.vector, ciphertext, effective_bits=key.effective_bits)
        case "rc4":
            cipher: Cipher[modes.CBC | None] = Cipher(ARC4(secret), None)
        case "3des":
            whole = secret + secret[:8] if len(secret) == _SECRET_OCTETS_OF_2_KEYS else secret
            cipher = Cipher(TripleDES(whole), modes.CBC(key.vector))
        case _:
            cipher = Cipher(algorithms.AES(secret), modes.CBC(key.vector))
    decryptor = cipher.decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()
