"""Receipts of authorities: written in the transaction of a switch; kept up, signed and verified as those of certificates are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from certificates.authorities.models import AuthorityReceipt
from certificates.rollout.receipts import decided

if TYPE_CHECKING:
    from certificates.authorities.models import Authority, AuthorityCandidate, AuthorityVersion
    from portal.models import Activity

_TRIED = ("api", "display_name", "back_end", "gateway", "outcome", "reason", "said", "issuer", "milliseconds")
KIND = "authority"


def write(line: Activity, authority: Authority, before: AuthorityVersion, after: AuthorityVersion) -> None:
    """Write the receipt of a switch that *line* tells of, inside the caller's transaction."""
    content = {
        "entry": authority.name,
        "kind": KIND,
        "what": line.event.partition(".")[2],
        "by": line.actor_name,
        "through": line.through,
        "version": _told(after),
        "before": _told(before),
    }
    AuthorityReceipt.objects.create(authority=authority, change=line.id, at=line.at, content=content)


def complete(authority: Authority, candidate: AuthorityCandidate, *, by: Any, at: datetime) -> None:
    """Add to the receipt of a switch of this moment how it came to it: who proposed and confirmed, and what the try had shown."""
    receipt = AuthorityReceipt.objects.filter(authority=authority, at=at).first()
    if receipt is None:  # it was current already
        return
    if candidate.confirmed_at is None:
        candidate.confirmed_by, candidate.confirmed_at = by, at
    receipt.content |= decided(candidate, tries=_TRIED)
    receipt.save(update_fields=["content"])


def _told(version: AuthorityVersion) -> dict[str, Any]:
    certificates = [
        {
            "subject": one.subject,
            "thumbprint": one.thumbprint,
            "thumbprint_sha256": one.thumbprint_sha256,
            "not_after": one.not_after.astimezone(UTC).isoformat(),
        }
        for one in version.facts
    ]
    return {"number": version.number, "thumbprint": version.thumbprint, "certificates": certificates}
