"""Files after public reports of people who run such gateways, and what must come of each. They are valid until November 2027."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).parent / "cases"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
# What the sentence names, by the file that is refused.
REFUSED = {
    "rsa-exponent-41-bits.pfx": "public exponent of 41 bits",
    "version-1-with-extensions.pfx": "X.509 version 1, but has extensions",
    "version-2-with-extensions.pfx": "X.509 version 2, but has extensions",
    "rsa-three-primes.pfx": "3 primes",
    "ml-dsa-65.pfx": "ML-DSA-65",
    "dates-generalizedtime-fraction.pfx": "fraction of a second",
    "windows-group-protected.pfx": "Windows accounts",
    "nomac-plain.pfx": "has no password",
}
_CHAIN = ("CN=Case Issuing CA 1, O=Example\\, Inc.", "CN=Case Root CA")
# What is sent above the leaf, where it is not the usual issuing authority and root.
CHAINS = {
    "chain-issuer-printable-underscore.pfx": ("CN=ACME_Issuing CA*, O=ACME_Corp", "CN=Case Root CA"),
    "chain-missing-intermediate.pfx": (),
    "signed-with-sha1.pfx": ("CN=Weak CA sha1-signed.example",),
    "signed-with-md5.pfx": ("CN=Weak CA md5-signed.example",),
    "forge-umlaut.pfx": ("CN=Forge RSA Root",),
}
# What a page shows besides, as a person reads it.
SHOWN = {
    "subject-printable-underscore.pfx": "CN=orders_client@prod*",
    "subject-printable-latin1.pfx": "O=Müller",
    "san-x400.pfx": "visible.example",
    "san-beside-broken-policy.pfx": "visible.example",
    "san-upn.pfx": "svc-orders@corp.example (user principal name)",
    "empty-subject-spiffe-san.pfx": "spiffe://corp/ns/orders/sa/client",
    "two-leafs-newer-one-expired.pfx": "another certificate of the same key, which has expired",
    "two-leafs-next-not-yet-valid.pfx": "another certificate of the same key, which is not valid yet",
    "chain-expired-intermediate-before-renewed.pfx": "another certificate of an authority in the chain, which has expired",
    "chain-three-unrelated-authorities.pfx": "3 certificates of the file are not sent",
    "chain-with-system-bundle.pfx": "137 certificates of the file are not sent",
    "chain-missing-intermediate.pfx": "issuer of CN=missing-inter.example (CN=Case Issuing CA 1, O=Example\\, Inc.) is not in the file.",
    "eku-server-only.pfx": "serverAuth",
    "keyusage-no-signature.pfx": "keyEncipherment, dataEncipherment",
    "signed-with-sha1.pfx": "SHA-1 with RSA",
    "signed-with-md5.pfx": "MD5 with RSA",
}
# Of what pages, APIs and REST warn.
WARNED = {
    "eku-server-only.pfx": "not for client authentication",
    "keyusage-no-signature.pfx": "lacks digitalSignature",
    "dates-utctime-offset.pfx": "with a time zone, which X.509 forbids",
    "signed-with-sha1.pfx": "signed by SHA-1 with RSA",
    "signed-with-md5.pfx": "signed by MD5 with RSA",
}


@dataclass(frozen=True)
class Case:
    """One file."""

    name: str
    password: str

    @property
    def data(self) -> bytes:
        return (FOLDER / self.name).read_bytes()

    @property
    def entry(self) -> str:
        """The name to store it under."""
        return self.name.removesuffix(".pfx")

    @property
    def chain(self) -> tuple[str, ...]:
        """The subjects of the certificates that are sent above its own."""
        return CHAINS.get(self.name, _CHAIN)


CASES = [Case(one["file"], one["password"]) for one in json.loads((FOLDER / "cases.json").read_text())]
GOOD = [case for case in CASES if case.name not in REFUSED]
BAD = [case for case in CASES if case.name in REFUSED]
