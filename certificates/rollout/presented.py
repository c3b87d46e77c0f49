"""Which call was the first with the new version of a switch, and which the last with the one before.

The gateway app counts calls, and enters its answer here. Counts are trimmed one day, so a receipt keeps what was seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from certificates.models import CertificateVersion, Kind
from certificates.rollout.models import Probation, Receipt

FIRST, LAST = "first_with_new", "last_with_old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that an API's back end was sent.

    :ivar api: its name
    :ivar at: when it was counted, at most some seconds later
    """

    api: str
    at: datetime

    def as_json(self) -> dict[str, str]:
        """Return it as it is kept."""
        return {"api": self.api, "at": self.at.astimezone(UTC).isoformat()}

    @classmethod
    def of(cls, kept: dict[str, str] | None) -> Self | None:
        """Return what was kept."""
        return cls(api=kept["api"], at=datetime.fromisoformat(kept["at"])) if kept else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A switch from one version to another.

    :ivar until: when the next one began, or this one was taken back; ``None``: it holds
    :ivar canary: the API that it was made for alone; empty: all
    :ivar staying: the APIs that it was not made for
    """

    version: UUID
    before: UUID | None
    at: datetime
    until: datetime | None
    canary: str
    staying: tuple[str, ...] = ()


Calls = Callable[[Switch], tuple[Call | None, Call | None]]
_calls: list[Calls] = []


def calls_by(calls: Calls) -> None:
    """Let *calls* tell the first call with the new version and the last with the old. Called once, by the app that counts."""
    _calls[:] = [calls]


def calls_of(receipt: Receipt) -> dict[str, dict[str, str] | None]:
    """Return both calls of a receipt's switch as is known now; nothing for what no back end is shown, of which nobody counts calls."""
    if receipt.content.get("kind") != Kind.CLIENT or (switch := _switch_of(receipt)) is None:
        return receipt.calls
    (calls,) = _calls
    first, last = calls(switch)
    kept_first, kept_last = (Call.of(receipt.calls.get(name)) for name in (FIRST, LAST))
    last = max((one for one in (kept_last, last) if one), key=lambda one: one.at, default=None)
    return {name: call.as_json() if call else None for name, call in ((FIRST, kept_first or first), (LAST, last))}


def _switch_of(receipt: Receipt) -> Switch | None:
    numbers = {role: (receipt.content.get(role) or {}).get("number") for role in ("version", "before")}
    versions = CertificateVersion.objects.filter(certificate=receipt.certificate_id, number__in=[*numbers.values()])
    found: dict[int | None, UUID] = dict(versions.values_list("number", "pk"))
    if numbers["version"] not in found:
        return None
    return Switch(
        version=found[numbers["version"]],
        before=found.get(numbers["before"]),
        at=receipt.at,
        until=_until(receipt),
        canary=receipt.content.get("canary", ""),
        staying=tuple(receipt.content.get("staying", ())),
    )


def _until(receipt: Receipt) -> datetime | None:
    next_one = Receipt.objects.filter(certificate=receipt.certificate_id, change__gt=receipt.change).order_by("change").first()
    ends = [next_one.at] if next_one else []
    told: dict[str, Any] = receipt.content.get("probation") or {}
    if told.get("outcome") == Probation.Outcome.PUT_BACK:
        ends.append(datetime.fromisoformat(told["at"]))
    return min(ends, default=None)
