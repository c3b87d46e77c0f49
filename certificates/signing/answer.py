"""What an authority answers a signing request with: a certificate, with or without its chain. Runs in the child only. [pure]

PEM, DER, or a PKCS#7 bundle (RFC 5652, 5.1), which some write between BEGIN CERTIFICATE and END CERTIFICATE, and others as bare base64.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptography.hazmat.primitives.serialization import load_der_public_key

from certificates import ber
from certificates.ber import Element, Malformed
from certificates.facts import Facts
from certificates.pfx import formats, pem
from certificates.pfx.chain import path_of
from certificates.pfx.model import Pfx, Problem, UnreadablePfx
from certificates.sealing import Secret
from certificates.x509 import Certificate

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_CERTIFICATES = 0  # the context tag of a SignedData's certificates
_BASIC_CONSTRAINTS = "2.5.29.19"
_SEQUENCE = 0x30
_REQUEST_PARTS = 4  # version, subject, key, attributes: RFC 2986, 4.1; a certificate has more


def read(data: bytes, public_key: bytes, *, now: datetime) -> Pfx:
    """Return the certificate of *public_key* in *data* and the path above it, with an empty private key: that lies elsewhere.

    :param public_key: SubjectPublicKeyInfo, DER
    :param now: of several certificates those valid then are taken; one that has expired is refused
    :raises UnreadablePfx: if there is none that could be presented
    """
    ders = certificates_in(data)
    try:
        path = path_of(load_der_public_key(public_key), ders, now=now)
    except UnreadablePfx as refusal:
        if refusal.problem is Problem.NO_CERTIFICATE:
            raise _of_other_keys(ders) from None
        raise
    if (ended := Facts.of(path.leaf).not_after) < now:
        raise UnreadablePfx(Problem.ANSWER_EXPIRED, ended.date().isoformat())
    return Pfx(certificate=path.leaf, chain=path.above, private_key=Secret(b""), aside=path.aside)


def certificates_in(data: bytes) -> list[bytes]:
    """Return the certificates in *data*, DER.

    :raises UnreadablePfx: if there is none, saying what is there in their place
    """
    data = formats.unwrapped(data)
    blocks = pem.blocks(data) if formats.PEM_BEGIN in data else []
    pieces = [block.der for block in blocks if not block.is_key] if blocks else [data]
    if found := [der for piece in pieces for der in _certificates(piece)]:
        return found
    if any(_is_request(piece) for piece in pieces):
        raise UnreadablePfx(Problem.REQUEST)
    if any(block.is_key for block in blocks) or any(formats.is_pkcs12(piece) for piece in pieces):
        raise UnreadablePfx(Problem.KEY_AS_ANSWER)
    if not blocks:
        _refuse_what_formats_name(data)
    raise UnreadablePfx(Problem.NO_ANSWER)


def _certificates(piece: bytes) -> Iterator[bytes]:
    """Yield the certificate that a piece is, those of the bundle that it is, or nothing."""
    with contextlib.suppress(Malformed):
        outermost = ber.sole(piece)
        first = ber.first(ber.children(outermost))
        if first.is_a(ber.OID) and ber.oid(first) == _SIGNED_DATA:
            yield from _in_bundle(outermost)
        elif _is_certificate(outermost.octets):
            yield outermost.octets


def _in_bundle(outermost: Element) -> Iterator[bytes]:
    """Yield the certificates of a ContentInfo that holds a SignedData."""
    _, content = ber.leading(outermost, 2)
    for part in ber.children(ber.sole(content.content)):
        if part.is_tagged(_CERTIFICATES):
            yield from (one.octets for one in ber.children(part) if _is_certificate(one.octets))


def _is_certificate(der: bytes) -> bool:
    try:
        Certificate.of(der)
    except ValueError:
        return False
    return True


def _is_request(piece: bytes) -> bool:
    try:
        inside = ber.children(ber.first(ber.children(ber.sole(piece))))
    except Malformed:
        return False
    kinds = [one.tag for one in inside]
    return len(inside) in {_REQUEST_PARTS - 1, _REQUEST_PARTS} and kinds[:3] == [ber.INTEGER, ber.SEQUENCE, ber.SEQUENCE]


def _refuse_what_formats_name(data: bytes) -> None:
    """Refuse what is none of the formats by its name: empty, a ZIP archive, a Java keystore, cut off."""
    try:
        formats.pkcs12_in(data)
    except UnreadablePfx as refusal:
        if refusal.problem is Problem.DER and refusal.detail == "key":
            raise UnreadablePfx(Problem.KEY_AS_ANSWER) from None
        if refusal.problem in {Problem.EMPTY, Problem.ZIP, Problem.TRUNCATED}:
            raise
        raise UnreadablePfx(Problem.TRUNCATED if _is_cut_off(data) else Problem.NO_ANSWER) from None


def _is_cut_off(data: bytes) -> bool:
    """Tell whether *data* begins as DER does and ends before it has to."""
    try:
        return not ber.sole(data)
    except Malformed:
        return data[0] == _SEQUENCE


def _of_other_keys(ders: Sequence[bytes]) -> UnreadablePfx:
    """Return the refusal of certificates of which none belongs to the key: only the chain, or somebody else's."""
    others = [der for der in ders if not _is_authority(der)]
    if not others:
        return UnreadablePfx(Problem.ONLY_CHAIN)
    return UnreadablePfx(Problem.OTHER_KEY, next(filter(None, map(_name_of, others)), ""))


def _is_authority(der: bytes) -> bool:
    """Tell whether a certificate says that it is an authority's (RFC 5280, 4.2.1.9)."""
    constraints = Certificate.of(der).extension(_BASIC_CONSTRAINTS)
    with contextlib.suppress(Malformed):
        return constraints is not None and any(one.is_a(ber.BOOLEAN) and any(one.content) for one in ber.children(constraints))
    return False


def _name_of(der: bytes) -> str:
    with contextlib.suppress(ValueError):
        return Facts.of(der).shown_name
    return ""
