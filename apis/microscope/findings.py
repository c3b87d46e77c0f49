"""What a connection test has found, as its page shows it: place by place the outcome, its steps, the chain, the issuers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from apis.handshake.kinds import PERHAPS, WELL, Asked, Kind, kind_of, of_chain
from apis.handshake.seen import Seen
from apis.microscope.chains import Link, links_of
from apis.microscope.fitting import Issuers, issuers_of
from apis.microscope.sights import Sight
from apis.microscope.steps import Step, steps_of
from apis.microscope.subject import Subject
from apis.microscope.words import WORDS, alert_name

_NO_NAME = _("no name at all")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found from one place.

    :ivar gateway: the place; empty: the portal
    :ivar state: ``good``, ``warn`` or ``bad``
    :ivar sentence: cause and remedy
    :ivar said: the words of the library, or why nothing was seen
    """

    gateway: str
    kind: Kind
    state: str
    title: Promise
    sentence: str
    said: str
    seen: Seen | None
    steps: tuple[Step, ...] = ()
    links: tuple[Link, ...] = ()
    issuers: Issuers | None = None
    chain_is_trusted: bool = False

    @property
    def alert(self) -> str:
        """The alert of the back end's, by number and name; empty: there was none."""
        return alert_name(self.seen.alert) if self.seen and self.seen.alert is not None else ""


def findings_of(subject: Subject, sights: list[Sight]) -> list[Finding]:
    """Return what *sights* have shown of *subject*, place by place; what several have seen alike is looked up once."""
    known: dict[tuple[bytes, ...], Issuers] = {}
    return [_finding(subject, sight, known) for sight in sights]


def _finding(subject: Subject, sight: Sight, known: dict[tuple[bytes, ...], Issuers]) -> Finding:
    seen, presented = sight.seen, subject.presented
    asked = Asked(backend=subject.backend, presents=presented is not None)
    if seen is None or (seen.stage is None and seen.chain and not seen.judged):
        words = WORDS[Kind.NOT_SEEN]
        return Finding(
            gateway=sight.gateway,
            kind=Kind.NOT_SEEN,
            state="warn",
            title=words.title,
            sentence=str(words.sentence),
            said=sight.said,
            seen=None,
        )
    kind = kind_of(seen, asked)
    if seen.issuer_names not in known:
        known[seen.issuer_names] = issuers_of(seen.issuer_names, presented)
    links = links_of(seen)
    return Finding(
        gateway=sight.gateway,
        kind=kind,
        state="good" if kind in WELL else "warn" if kind in PERHAPS else "bad",
        title=WORDS[kind].title,
        sentence=str(WORDS[kind].sentence) % _values(subject, seen, links),
        said=seen.error,
        seen=seen,
        steps=steps_of(subject, seen, kind),
        links=links,
        issuers=known[seen.issuer_names] if seen.asked_for_certificate else None,
        chain_is_trusted=seen.judged and of_chain(seen, subject.backend) is None,
    )


def _values(subject: Subject, seen: Seen, links: tuple[Link, ...]) -> dict[str, Any]:
    backend, presented = subject.backend, subject.presented
    at_fault = links[min(seen.objections[0].depth, len(links) - 1)].facts if seen.objections and links else None
    own = links[0].facts if links else None
    top = links[-1].facts if links else None
    ours = seen.asked_for_certificate and presented and not seen.objections
    issuer = presented.issuer if ours and presented else (top.issuer if top else "")
    names = ", ".join(str(one) for one in own.alternative_names[:4]) if own else ""
    return {
        "host": backend.host,
        "port": backend.port,
        "status": seen.status or "",
        "alert": alert_name(seen.alert) if seen.alert is not None else "–",
        "issuer": issuer,
        "names": names or _NO_NAME,
        "day": _day(seen, at_fault),
    }


def _day(seen: Seen, at_fault: Any) -> str:
    if at_fault is None:
        return ""
    begins = seen.objections[0].code == 9  # noqa: PLR2004 - X509_V_ERR_CERT_NOT_YET_VALID
    return date_format(localtime(at_fault.not_before if begins else at_fault.not_after), "DATE_FORMAT")
