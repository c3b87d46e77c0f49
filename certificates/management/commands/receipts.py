"""``manage.py receipts verify FILE`` tells whether a receipt is what was signed; ``key`` tells by which key."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from certificates.rollout import receipts
from certificates.rollout.signing import BadReceipt, fingerprint, verified
from portal.characters import shown

_KEY_BYTES = 32


class Command(BaseCommand):
    help = "Verify the signed receipt of a switch, without a network; tell the key that receipts of this installation are signed with."
    requires_system_checks = ()  # a receipt is verified wherever it is

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="verify|key")
        verify = verbs.add_parser("verify", help="tell whether FILE is what this installation, or the owner of --key, has signed")
        verify.add_argument("file", type=Path, metavar="FILE")
        verify.add_argument("--key", default="", help="the public key in base64, where the installation's database is not at hand")
        key = verbs.add_parser("key", help="tell the public key in base64")
        for verb in (verify, key):
            verb.add_argument("--json", action="store_true", help="answer in JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, options["verb"])(options)

    def key(self, options: dict[str, Any]) -> None:
        """Tell the public key."""
        key = _own_key()
        told = {"public_key": base64.b64encode(key).decode(), "fingerprint": fingerprint(key)}
        self.stdout.write(json.dumps(told) if options["json"] else f"{told['public_key']}\n{told['fingerprint']} is its fingerprint.")

    def verify(self, options: dict[str, Any]) -> None:
        """Tell whether a file is what was signed; exit status 1 if it is not."""
        key = _named_key(options["key"]) if options["key"] else _own_key()
        try:
            receipt = verified(options["file"].read_text(encoding="utf-8-sig"), key=key)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.") from error
        except BadReceipt as refusal:
            if options["json"]:
                self.stdout.write(json.dumps({"verified": False, "reason": str(refusal)}))
            raise CommandError(str(refusal)) from refusal
        if options["json"]:
            self.stdout.write(json.dumps({"verified": True, "key": fingerprint(key), "receipt": receipt}, ensure_ascii=False))
            return
        version = receipt.get("version") or {}
        entry, number, at = receipt.get("entry"), version.get("number"), receipt.get("at")
        self.stdout.write(shown(f"Genuine: {entry} was switched to version {number} at {at}. Signed by {fingerprint(key)}."))


def _named_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise CommandError("--key is not base64. `manage.py receipts key` tells it where the receipt comes from.") from error
    if len(key) != _KEY_BYTES:
        raise CommandError(f"--key has {len(key)} bytes; a public key of Ed25519 has {_KEY_BYTES}.")
    return key


def _own_key() -> bytes:
    try:
        return receipts.public_key()
    except DatabaseError as error:
        raise CommandError("The database is not here to say who must have signed. Name the public key with --key.") from error
