"""The parts of a certificate, without judgement of how they are written. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from certificates import ber
from certificates.ber import Element, Malformed

_VERSION, _ISSUER_ID, _SUBJECT_ID, _EXTENSIONS = 0, 1, 2, 3  # context tags: RFC 5280, section 4.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate taken apart: RFC 5280, section 4.1."""

    der: bytes
    signed: bytes  # what the signature covers
    version: int  # 1, 2 or 3
    serial: bytes
    signature_algorithm: Element
    signature: bytes
    issuer: Element
    not_before: Element
    not_after: Element
    subject: Element
    public_key: Element  # SubjectPublicKeyInfo
    has_unique_ids: bool
    extensions: tuple[tuple[str, bytes], ...]  # OID and value, in order
    critical: tuple[str, ...]  # the OIDs of those that must be understood

    @classmethod
    def of(cls, der: bytes) -> Self:
        """Take a DER certificate apart.

        :raises ValueError: if it is not one
        """
        try:
            return cls._of(der)
        except Malformed:
            raise ValueError("This is no certificate.") from None

    @classmethod
    def _of(cls, der: bytes) -> Self:
        outermost = ber.sole(der)
        signed, algorithm, signature = ber.leading(outermost, 3)
        if outermost.octets != der or not signature.is_a(ber.BITS) or not signature.content:
            raise Malformed
        inside = ber.children(signed)
        version = ber.integer(ber.sole(inside.pop(0).content)) + 1 if inside and inside[0].is_tagged(_VERSION) else 1
        if len(inside) < 6:  # noqa: PLR2004 - the fields that are always there
            raise Malformed
        serial, _, issuer, validity, subject, public_key, *optional = inside
        not_before, not_after = ber.leading(validity, 2)
        if not all(element.is_a(ber.SEQUENCE) for element in (issuer, validity, subject, public_key)):
            raise Malformed
        ber.integer(serial)
        wrapped = next((one for one in optional if one.is_tagged(_EXTENSIONS)), None)
        extensions = [] if wrapped is None else [ber.children(one) for one in ber.children(ber.sole(wrapped.content))]
        return cls(
            der=der,
            signed=signed.octets,
            version=version,
            serial=serial.content,
            signature_algorithm=algorithm,
            signature=signature.content[1:],
            issuer=issuer,
            not_before=not_before,
            not_after=not_after,
            subject=subject,
            public_key=public_key,
            has_unique_ids=any(one.is_tagged(_ISSUER_ID) or one.is_tagged(_SUBJECT_ID) for one in optional),
            extensions=tuple((ber.oid(ber.first(inside)), ber.octets(inside[-1])) for inside in extensions),
            critical=tuple(ber.oid(inside[0]) for inside in extensions if any(_is_true(one) for one in inside[1:-1])),
        )

    def extension(self, oid: str) -> Element | None:
        """Return the value of an extension, ``None`` if it has none or it is malformed, which other extensions do not suffer from."""
        try:
            return next((ber.sole(value) for kind, value in self.extensions if kind == oid), None)
        except Malformed:
            return None


def _is_true(element: Element) -> bool:
    return element.is_a(ber.BOOLEAN) and any(element.content)
