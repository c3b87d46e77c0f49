"""The steps of a connection as they came about, up to the one at which it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apis.handshake.kinds import PERHAPS, WELL, Kind, of_chain
from apis.handshake.seen import Seen, Stage
from apis.microscope.subject import Subject
from apis.microscope.words import WORDS, alert_name

_NAME, _CONNECTION, _HANDSHAKE = gettext_lazy("Name"), gettext_lazy("Connection"), gettext_lazy("Handshake")
_ITS_CERTIFICATE, _ASKS, _PRESENTED, _ANSWER = (
    gettext_lazy("Its certificate"),
    gettext_lazy("Asks for ours"),
    gettext_lazy("Presented"),
    gettext_lazy("Answer"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step.

    :ivar state: ``good``, ``warn``, ``bad``; empty: it was not reached
    :ivar milliseconds: that it took; ``None``: it is not measured by itself
    """

    name: Promise
    text: str
    state: str = "good"
    milliseconds: int | None = None
    begins: int = 0  # after how many hundredths of the whole time
    lasts: int = 0  # how many hundredths of it; nothing where that is not measured


def steps_of(subject: Subject, seen: Seen, kind: Kind) -> tuple[Step, ...]:
    """Return the steps that were *seen*; those behind the one at which it ended are marked as not reached."""
    return tuple(_in_time(_steps(subject, seen, kind), whole=max(1, sum(seen.took.values()))))


def _in_time(steps: Iterator[Step], *, whole: int) -> Iterator[Step]:
    """Yield *steps* with their places in the *whole* time, in milliseconds."""
    before = 0
    for step in steps:
        took = step.milliseconds or 0
        lasts = max(1, round(100 * took / whole)) if step.milliseconds is not None else 0
        yield replace(step, begins=min(99, round(100 * before / whole)), lasts=lasts)
        before += took


def _steps(subject: Subject, seen: Seen, kind: Kind) -> Iterator[Step]:
    yield _name(subject, seen)
    yield _connection(subject, seen)
    yield _handshake(seen)
    yield _its_certificate(subject, seen)
    yield _asks(seen)
    yield _presented(subject, seen, kind)
    yield _answer(seen, kind)


def _name(subject: Subject, seen: Seen) -> Step:
    text = f"{subject.backend.host} → {', '.join(seen.addresses[:4])}" if seen.addresses else subject.backend.host
    return Step(name=_NAME, text=text, state="bad" if seen.stage is Stage.NAME else "good", milliseconds=seen.took.get(Stage.NAME))


def _connection(subject: Subject, seen: Seen) -> Step:
    if seen.stage is Stage.NAME:
        return _unreached(_CONNECTION)
    host = f"[{seen.address}]" if ":" in seen.address else seen.address
    state = "bad" if seen.stage is Stage.CONNECT else "good"
    return Step(name=_CONNECTION, text=f"{host}:{subject.backend.port}", state=state, milliseconds=seen.took.get(Stage.CONNECT))


def _handshake(seen: Seen) -> Step:
    if seen.stage in {Stage.NAME, Stage.CONNECT}:
        return _unreached(_HANDSHAKE)
    agreed = [seen.protocol.replace("TLSv", "TLS "), seen.cipher, f"ALPN {seen.application_protocol}" if seen.application_protocol else ""]
    state = "bad" if seen.stage is Stage.HANDSHAKE and not seen.asked_for_certificate else "good"
    text = ", ".join(one for one in agreed if one) or seen.error
    return Step(name=_HANDSHAKE, text=text, state=state, milliseconds=seen.took.get(Stage.HANDSHAKE))


def _its_certificate(subject: Subject, seen: Seen) -> Step:
    if not seen.chain:
        return _unreached(_ITS_CERTIFICATE)
    if not subject.backend.trust.validate_chain:
        return Step(name=_ITS_CERTIFICATE, text=_("It is not checked: the API's chain validation is off."), state="warn")
    if wrong := of_chain(seen, subject.backend):
        return Step(name=_ITS_CERTIFICATE, text=str(WORDS[wrong].title), state="bad")
    return Step(name=_ITS_CERTIFICATE, text=_("Its chain is trusted, and its name fits."))


def _asks(seen: Seen) -> Step:
    if not seen.protocol:
        return _unreached(_ASKS)
    if seen.asks_later:
        return Step(name=_ASKS, text=_("Yes, but only after the handshake."), state="warn")
    if not seen.asked_for_certificate:
        return Step(name=_ASKS, text=_("No, not in the handshake."))
    if not seen.issuers:
        return Step(name=_ASKS, text=_("Yes, in the handshake, of any issuer."))
    return Step(name=_ASKS, text=_("Yes, in the handshake; it names issuers: %(number)d.") % {"number": len(seen.issuers)})


def _presented(subject: Subject, seen: Seen, kind: Kind) -> Step:
    if not seen.asked_for_certificate:
        return _unreached(_PRESENTED, _("nothing"))
    refused = kind not in WELL | PERHAPS and (seen.stage in {Stage.HANDSHAKE, Stage.AFTER} or seen.alert is not None)
    text = _("nothing, for the API has none")
    if presented := subject.presented:
        text = _("%(name)s, version %(number)d, which ends in %(four)s") % {
            "name": presented.certificate.name,
            "number": presented.number,
            "four": presented.last_four,
        }
    if refused:
        how = f"alert {alert_name(seen.alert)}" if seen.alert is not None else seen.error
        text = f"{text}: {how}"
    return Step(name=_PRESENTED, text=text, state="bad" if refused else "good")


def _answer(seen: Seen, kind: Kind) -> Step:
    took = seen.took.get(Stage.REQUEST)
    if seen.status is not None:
        state = "good" if kind in WELL else "warn" if kind in PERHAPS else "bad"
        return Step(name=_ANSWER, text=f"HTTP {seen.status}", state=state, milliseconds=took)
    if seen.stage is Stage.REQUEST:
        return Step(name=_ANSWER, text=seen.error, state="bad", milliseconds=took)
    return _unreached(_ANSWER, _("not asked for"))


def _unreached(name: Promise, text: str = "") -> Step:
    return Step(name=name, text=text or "–", state="")
