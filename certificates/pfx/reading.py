"""Reading a file that somebody sent. Runs in the child only: it may cost seconds and meet hostile input. [pure]

A PKCS#12 file's MAC is verified first: then "wrong password" and "damaged" are certain, and what is inside is intact, however written.
"""

from __future__ import annotations

import warnings
from datetime import datetime

from cryptography.utils import CryptographyDeprecationWarning

from certificates.ber import Malformed
from certificates.pfx import bags, formats, keys, mac, pem
from certificates.pfx.bags import Found
from certificates.pfx.chain import path_of
from certificates.pfx.derivation import Spellings, UnknownProtection
from certificates.pfx.model import MOST_ITERATIONS, Pfx, Problem, UnreadablePfx
from certificates.pfx.structure import Structure, look
from certificates.sealing import Secret


def read(data: bytes, password: Secret, *, now: datetime) -> Pfx:
    """Return what a file gives: PKCS#12, its base64 text, or PEM.

    :param now: which of several certificates is presented depends on it
    :raises UnreadablePfx: if it gives no key pair that the gateway can use
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)  # what old files use is let in on purpose
        return _pfx(_open(formats.unwrapped(data), password), password, now)


def _pfx(found: Found, password: Secret, now: datetime) -> Pfx:
    if not found.keys:
        raise UnreadablePfx(Problem.NO_KEY)
    if len({keys.fingerprint(key) for key in found.keys}) > 1:  # nobody could tell which one is meant
        raise UnreadablePfx(Problem.SEVERAL_KEYS)
    key = keys.load(found.keys[0])
    path = path_of(key.public_key(), found.certificates, now=now)
    return Pfx(certificate=path.leaf, chain=path.above, private_key=keys.pkcs8_of(key), aside=path.aside, unprotected=not password.value)


def _open(data: bytes, password: Secret) -> Found:
    if formats.PEM_BEGIN not in data:
        return _open_pkcs12(data, password)
    found = pem.blocks(data)
    others = (block.der for block in found if not block.is_key)
    wrapped = next((der for der in others if formats.is_pkcs12(der)), None)  # certutil -encode writes any file as a certificate
    if wrapped is not None:
        return _open_pkcs12(wrapped, password)
    opened = pem.open_blocks(found, _checked(password))
    return _refuse_needless(password, opened)


def _open_pkcs12(data: bytes, password: Secret) -> Found:
    """Open a PKCS#12 file.

    :raises UnreadablePfx: telling a wrong password from damage
    """
    structure = look(formats.pkcs12_in(data))
    if structure.iterations > MOST_ITERATIONS:
        raise UnreadablePfx(Problem.TOO_MUCH_WORK)
    try:
        spellings = Spellings.of(_checked(password))
        return _with_mac(structure, spellings) if structure.mac else _without_mac(structure, spellings, password)
    except UnreadablePfx as refusal:
        if refusal.problem is Problem.WRONG_PASSWORD and bags.is_for_windows_accounts(structure):
            raise UnreadablePfx(Problem.WINDOWS_ACCOUNTS) from None
        raise


def _with_mac(structure: Structure, spellings: Spellings) -> Found:
    assert structure.mac is not None  # noqa: S101 - the caller has looked
    unknown = ""
    try:
        right = mac.fits(structure.mac, structure.covered, spellings)
    except UnknownProtection as protection:
        right, unknown = False, protection.name
    except Malformed:
        right = False
    found = bags.open_all(structure, spellings)
    if not right:
        if unknown:
            raise UnreadablePfx(Problem.UNKNOWN_PROTECTION, unknown)
        raise UnreadablePfx(Problem.DAMAGED if found.opened or (found.malformed and not found.encrypted) else Problem.WRONG_PASSWORD)
    if found.unknown:
        raise UnreadablePfx(Problem.UNKNOWN_PROTECTION, found.unknown)
    if found.malformed:
        raise UnreadablePfx(Problem.DAMAGED)
    if found.closed_keys or found.closed_collections:  # intact, and the password is that of the MAC
        raise UnreadablePfx(Problem.OTHER_KEY_PASSWORD)
    return found


def _without_mac(structure: Structure, spellings: Spellings, password: Secret) -> Found:
    """Open a file whose MAC was left out: only what opens can tell that the password is right."""
    found = bags.open_all(structure, spellings)
    if found.unknown:
        raise UnreadablePfx(Problem.UNKNOWN_PROTECTION, found.unknown)
    if found.malformed:
        raise UnreadablePfx(Problem.DAMAGED)
    if found.closed_keys or found.closed_collections:
        raise UnreadablePfx(Problem.DAMAGED if found.opened else Problem.WRONG_PASSWORD)
    return _refuse_needless(password, found)


def _refuse_needless(password: Secret, found: Found) -> Found:
    """Refuse a password where nothing is protected by one: whoever typed it meant another file, or believes this one safe."""
    if password.value and found.keys and not found.encrypted:  # without a key, that is what is wrong
        raise UnreadablePfx(Problem.NO_PASSWORD_NEEDED)
    return found


def _checked(password: Secret) -> Secret:
    """Return a password that a file can have.

    :raises UnreadablePfx: ``WRONG_PASSWORD``
    """
    try:
        password.value.decode()
    except UnicodeDecodeError:
        raise UnreadablePfx(Problem.WRONG_PASSWORD) from None
    if b"\0" in password.value:
        raise UnreadablePfx(Problem.WRONG_PASSWORD)
    return password
