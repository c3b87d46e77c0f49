"""Secrets encrypted as age has it (https://age-encryption.org/v1), to public keys or by a passphrase, in its armour of plain text.

All of a file's secrets are one encrypted text, so that a passphrase, which is slow on purpose, is tried once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyrage
from django.utils.translation import gettext as _

from certificates.sealing import Secret


class BadKey(Exception):
    """What was given is no key of age; the message is a sentence about it, and does not show it."""


class NotOpened(Exception):
    """The secrets do not open; the message is a sentence about it."""


@dataclass(frozen=True, slots=True)
class Lock:
    """What secrets are encrypted to: public keys of age (or SSH), or a passphrase."""

    recipients: tuple[str, ...] = ()
    passphrase: Secret | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens them: private keys of age, or a passphrase."""

    identities: tuple[Secret, ...] = ()
    passphrase: Secret | None = None


def seal(secrets: Mapping[str, Secret], lock: Lock) -> str:
    """Return *secrets*, by their names, as one encrypted text.

    :raises BadKey: if a recipient is none
    """
    plain = json.dumps({name: secret.value.decode() for name, secret in secrets.items()}).encode()
    if lock.passphrase:
        data: bytes = pyrage.passphrase.encrypt(plain, lock.passphrase.value.decode(), armored=True)
    else:
        data = pyrage.encrypt(plain, [_recipient(one) for one in lock.recipients], armored=True)
    return data.decode()


def opened(text: str, keys: Keys) -> dict[str, Secret]:
    """Return the secrets in an encrypted *text*, by their names.

    :raises NotOpened: if no key is given, or none of those given opens it
    :raises BadKey: if an identity is none
    """
    try:
        plain: bytes = _decrypted(text.encode(), keys)
    except pyrage.DecryptError as error:
        raise NotOpened(_("The encrypted secrets do not open with what was given, or were altered.")) from error
    try:
        found = json.loads(plain)
        return {str(name): Secret(value.encode()) for name, value in found.items()}
    except (ValueError, AttributeError) as error:
        raise NotOpened(_("What is encrypted is not the secrets of a configuration.")) from error


def _decrypted(data: bytes, keys: Keys) -> Any:
    if keys.passphrase:
        return pyrage.passphrase.decrypt(data, keys.passphrase.value.decode())
    if keys.identities:
        return pyrage.decrypt(data, [_identity(one) for one in keys.identities])
    raise NotOpened(_("The file holds encrypted secrets. Give the passphrase, or the age key, that opens them."))


def _recipient(text: str) -> Any:
    kind = pyrage.ssh.Recipient if text.startswith("ssh-") else pyrage.x25519.Recipient
    try:
        return kind.from_str(text)
    except pyrage.RecipientError as error:
        raise BadKey(_("“%(key)s” is no public key of age (age1…) or SSH.") % {"key": text}) from error


def _identity(secret: Secret) -> Any:
    try:
        if secret.value.startswith(b"-----BEGIN"):
            return pyrage.ssh.Identity.from_buffer(secret.value)
        return pyrage.x25519.Identity.from_str(secret.value.decode())
    except (pyrage.IdentityError, UnicodeDecodeError) as error:
        raise BadKey(_("What was given is no private key of age (AGE-SECRET-KEY-1…) or SSH.")) from error
