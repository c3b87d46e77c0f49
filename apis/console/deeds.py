"""What the gateway did with a test call, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apis.console.models import TestedCall
from apis.console.telling import Told
from apis.credentials.words import sent_in_words
from apis.models import Operation
from certificates.models import CertificateVersion, Kind

_KEYS: dict[str, Promise] = {
    "missing_api_key": gettext_lazy("Refused: the call held no key."),
    "unknown_api_key": gettext_lazy("Refused: no active subscription has this key."),
    "client_not_allowed": gettext_lazy("Refused: the key is of a subscription to another API."),
}
_STEPS: tuple[tuple[str, Promise], ...] = (
    ("received", gettext_lazy("The call came in")),
    ("connected", gettext_lazy("Connecting to the back end")),
    ("shaken", gettext_lazy("TLS handshake")),
    ("waited", gettext_lazy("Key check, routing, waiting for a connection")),
    ("answered", gettext_lazy("The back end's work")),
    ("passed_on", gettext_lazy("The answer went on")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """One step and how long it took.

    :ivar begins: after how many hundredths of the whole time
    :ivar lasts: how many hundredths of it
    """

    name: Promise
    milliseconds: float
    begins: int
    lasts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """What one call met.

    :ivar operation: that matched; ``None``: none did, or it is gone
    :ivar is_another: whether it is another one than was chosen
    :ivar key: what became of the key
    :ivar presented: the certificate of the connection to the back end; ``None``: there was none, or it is gone
    :ivar sent: what proves the gateway besides, as the API has it now, in words; empty: nothing
    """

    told: Told
    operation: Operation | None
    is_another: bool
    key: str
    presented: CertificateVersion | None
    sent: str
    times: tuple[Time, ...]


def deeds_of(call: TestedCall) -> Deeds | None:
    """Return what the gateway told of *call*; ``None``: nothing yet."""
    if call.told is None:
        return None
    told = Told.of(call.told)
    operation = Operation.objects.filter(api=call.api_id, name=told.operation).first() if told.operation else None
    return Deeds(
        told=told,
        operation=operation,
        is_another=bool(told.operation) and told.operation != call.operation,
        key=_key(call, told),
        presented=_presented(told),
        sent=sent_in_words(call.api) if told.back_end else "",
        times=tuple(_times(told)),
    )


def _key(call: TestedCall, told: Told) -> str:
    if told.details in _KEYS:
        return str(_KEYS[told.details])
    if not told.operation:
        return _("Not looked at: no operation matched.")
    if not call.api.subscription_required:
        return _("Not needed: the API is open to all.")
    return _("Passed: the key opens this API.")


def _presented(told: Told) -> CertificateVersion | None:
    if not told.presents:
        return None
    found = CertificateVersion.objects.filter(kind=Kind.CLIENT, thumbprint=told.presents).select_related("certificate")
    return found.first()


def _times(told: Told) -> Iterator[Time]:
    """Yield the steps that were made, one after the other; what is spent on the connection is taken from the time before sending."""
    microseconds = _steps(told)
    whole = max(1, sum(microseconds.values()))
    before = 0
    for key, name in _STEPS:
        if (took := microseconds.get(key)) is None:
            continue
        yield Time(
            name=name,
            milliseconds=round(took / 1000, 1),
            begins=min(99, round(100 * before / whole)),
            lasts=max(1, round(100 * took / whole)),
        )
        before += took


def _steps(told: Told) -> dict[str, int]:
    known = {
        name: took for name in ("received", "connected", "shaken", "answered", "passed_on") if (took := getattr(told, name)) is not None
    }
    if told.sent is not None:
        known["waited"] = max(0, told.sent - sum(known.get(name, 0) for name in ("received", "connected", "shaken")))
    return known
