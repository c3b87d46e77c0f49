"""Receipts: written in the transaction of a switch, kept up with what gateways acknowledge, handed out signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, transaction

from certificates.models import CertificateVersion
from certificates.rollout.models import Proof, Receipt, ReceiptKey
from certificates.rollout.presented import calls_of
from certificates.rollout.signing import signed
from certificates.sealing import Secret

if TYPE_CHECKING:
    from certificates.models import Certificate
    from certificates.rollout.models import Candidate
    from portal.models import Activity

_KEPT_UP = timedelta(days=1)  # how long gateways that come late are waited for
_TRIED = ("api", "display_name", "back_end", "gateway", "outcome", "reason", "said", "issuers", "status", "milliseconds")

Deliveries = Callable[[int], dict[str, dict[str, Any]]]
_deliveries: list[Deliveries] = []
_kinds: list[type[Proof]] = [Receipt]


def deliveries_by(deliveries: Deliveries) -> None:
    """Let *deliveries* tell what gateways have acknowledged of a change, by name. Called once, by the app that knows."""
    _deliveries[:] = [deliveries]


def keep(kind: type[Proof]) -> None:
    """Keep receipts of another *kind* up, too. Called once for each, by the app whose entries they are of."""
    if kind not in _kinds:
        _kinds.append(kind)


def write(line: Activity, certificate: Certificate, before: CertificateVersion | None, after: CertificateVersion) -> None:
    """Write the receipt of a switch that *line* tells of, also of one to the canary alone, inside the caller's transaction."""
    content = {
        "entry": certificate.name,
        "kind": certificate.kind,
        "what": line.event.partition(".")[2],
        "by": line.actor_name,
        "through": line.through,
        "source": line.details.get("source", ""),
        "version": _told(after),
        "before": _told(before) if before else None,
        "canary": line.details.get("api", ""),
    }
    Receipt.objects.create(certificate_id=certificate.pk, change=line.id, at=line.at, content=content)


def complete(certificate: Certificate, candidate: Candidate, *, at: datetime, stay: Sequence[str] = ()) -> None:
    """Add to the receipt of a switch of this moment how it came to it: who proposed and confirmed, and what the try had shown.

    :param stay: the APIs that stay with the version before, by name
    """
    receipt = Receipt.objects.filter(certificate=certificate.pk, at=at).first()
    if receipt is None:  # it was current already
        return
    receipt.content |= decided(candidate, tries=_TRIED) | ({"staying": list(stay)} if stay else {})
    receipt.save(update_fields=["content"])


def decided(candidate: Any, *, tries: tuple[str, ...]) -> dict[str, Any]:
    """Return how it came to a switch to a candidate of whatever kind, as receipts tell it.

    :param tries: what they tell of each try
    """
    return {
        "proposed": {"by": _name(candidate.proposed_by), "at": _moment(candidate.proposed_at)},
        "confirmed": {"by": _name(candidate.confirmed_by), "at": _moment(candidate.confirmed_at), "when": candidate.when or "now"},
        "tried_at": _moment(candidate.tried_at),
        "tries": [{name: getattr(one, name) for name in tries} for one in candidate.tries.all()],
    }


def keep_up(*, now: datetime) -> None:
    """Note what gateways have acknowledged since the last look, and which calls came; afterwards the receipt stands by itself."""
    for kind in _kinds:
        for receipt in kind._default_manager.filter(at__gt=now - _KEPT_UP):
            seen = {"gateways": acknowledged(receipt)} | ({"calls": calls_of(receipt)} if isinstance(receipt, Receipt) else {})
            if any(getattr(receipt, name) != value for name, value in seen.items()):
                kind._default_manager.filter(pk=receipt.pk).update(**seen)


def acknowledged(receipt: Proof) -> dict[str, Any]:
    """Return what gateways have acknowledged, by name, as is known now."""
    (deliveries,) = _deliveries
    return receipt.gateways | deliveries(receipt.change)


def acknowledged_moments(receipt: Proof) -> list[tuple[str, dict[str, Any]]]:
    """Return the same as pages show it: by name, with moments."""
    return [(gateway, told | _moments_of(told)) for gateway, told in sorted(acknowledged(receipt).items())]


def document_of(receipt: Proof) -> str:
    """Return a receipt as a signed file.

    :raises certificates.sealing.SealingError: if the key of receipts does not open
    """
    content = {"change": receipt.change, "at": _moment(receipt.at), **receipt.content, "gateways": acknowledged(receipt)}
    if isinstance(receipt, Receipt) and (calls := calls_of(receipt)):
        content["calls"] = calls
    return signed(content, Ed25519PrivateKey.from_private_bytes(_key().unseal().value))


def public_key() -> bytes:
    """Return the key, raw, that receipts of this installation are verified by."""
    return bytes(_key().public_key)


def _key() -> ReceiptKey:
    """Return the key; the first that asks makes it."""
    if row := ReceiptKey.objects.first():
        return row
    key = Ed25519PrivateKey.generate()
    row = ReceiptKey(public_key=key.public_key().public_bytes_raw())
    row.seal(Secret(key.private_bytes_raw()))
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # somebody else was faster
        return ReceiptKey.objects.get()
    return row


def _told(version: CertificateVersion) -> dict[str, Any]:
    names = ("number", "thumbprint", "thumbprint_sha256", "subject", "issuer", "serial")
    return {name: getattr(version, name) for name in names} | {
        "not_before": _moment(version.not_before),
        "not_after": _moment(version.not_after),
    }


def _name(person: Any) -> str:
    return person.get_username() if person else ""


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _moments_of(told: dict[str, Any]) -> dict[str, datetime]:
    return {key: datetime.fromisoformat(told[key]) for key in ("sent_at", "applied_at") if told.get(key)}
