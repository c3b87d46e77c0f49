"""Which of our entries a back end would take, by the issuers that it names. A fixed number of queries, however many entries there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Max

from certificates.ber import Malformed, sole
from certificates.models import CertificateVersion, ClientCertificate
from certificates.x509 import names

_MOST_ISSUERS = 20  # shown; some servers name every authority that they know
_MOST_OF_OURS = 300  # issuers of our own certificates that are looked at
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An issuer that a back end names, and our entries whose certificates lead to it.

    :ivar more: how many there are beyond those
    """

    name: str
    entries: tuple[ClientCertificate, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuers:
    """The issuers of one back end.

    :ivar more: how many it names beyond those
    :ivar presented: the issuer of what was presented, if that leads to none of those named
    """

    named: tuple[Issuer, ...]
    more: int = 0
    presented: str = ""


def issuers_of(named: Sequence[bytes], presented: CertificateVersion | None) -> Issuers:
    """Return what a back end *named*, DER, with our entries that fit, those first that last longest.

    :param presented: what it was shown
    """
    shown = list(dict.fromkeys(text for der in named if (text := _text(der))))
    ours = _ours()
    found = tuple(_with_entries(name, [leaf for leaf, path in ours.items() if name in path]) for name in shown[:_MOST_ISSUERS])
    fits = presented is None or not shown or bool(set(shown) & set(_issuers_in(presented)))
    more = max(0, len(shown) - _MOST_ISSUERS)
    return Issuers(named=found, more=more, presented="" if fits or presented is None else presented.issuer)


def _ours() -> dict[str, frozenset[str]]:
    """Return, by the issuer of current client certificates, the names that one of them leads through."""
    with_current = ClientCertificate.objects.filter(current__isnull=False)
    samples = with_current.order_by().values("current__issuer").annotate(sample=Max("pk"))[:_MOST_OF_OURS]
    of_each = with_current.filter(pk__in=[row["sample"] for row in samples]).select_related("current")
    versions = [entry.current for entry in of_each.only("current__issuer", "current__der", "current__chain") if entry.current]
    return {version.issuer: frozenset(_issuers_in(version)) for version in versions}


def _issuers_in(version: CertificateVersion) -> list[str]:
    return [facts.issuer for facts in version.path]


def _with_entries(name: str, leaves: Collection[str]) -> Issuer:
    if not leaves:
        return Issuer(name=name)
    fitting = ClientCertificate.objects.filter(current__issuer__in=leaves).select_related("current").order_by("-current__not_after", "name")
    count = fitting.count()
    return Issuer(name=name, entries=tuple(fitting[:_SHOWN]), more=max(0, count - _SHOWN))


def _text(der: bytes) -> str:
    try:
        return names.shown(sole(der))
    except Malformed:
        return ""
