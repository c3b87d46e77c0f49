"""The back end's chain as a tree: what it has sent, what of it is trusted, and why the rest is not."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.handshake.seen import Seen
from certificates.facts import Facts

_OBJECTIONS: dict[int, Promise] = {  # OpenSSL's numbers (x509_vfy.h)
    2: _("Its issuer was not sent and is not trusted here."),
    7: _("Its signature was not made by the certificate above it."),
    8: _("Its signature was not made by the certificate above it."),
    9: _("It is not valid yet."),
    10: _("It has expired."),
    18: _("It has issued itself and is not trusted here."),
    19: _("It is an authority that is not trusted here."),
    20: _("Its issuer was not sent and is not trusted here."),
    21: _("Its issuer was not sent and is not trusted here."),
    24: _("It may not issue certificates."),
    25: _("There are more certificates below it than it allows."),
    26: _("It was not issued for servers."),
    47: _("It is for a name that an authority above it may not vouch for."),
    79: _("It may not issue certificates."),
}
_OTHERWISE = _("OpenSSL objects to it (error %(code)d).")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One certificate of the chain.

    :ivar facts: ``None``: it cannot be read
    :ivar objections: why it is not trusted, in sentences
    :ivar is_anchor: whether it is trusted of itself
    :ivar was_sent: whether the back end has sent it
    """

    facts: Facts | None
    objections: tuple[str, ...] = ()
    is_anchor: bool = False
    was_sent: bool = True


def links_of(seen: Seen) -> tuple[Link, ...]:
    """Return the chain from the back end's own certificate up to what is trusted."""
    sent = tuple(
        Link(facts=_facts(der), objections=_objections(seen, depth), is_anchor=bool(seen.anchor) and der == seen.anchor)
        for depth, der in enumerate(seen.chain)
    )
    if not seen.anchor or seen.anchor in seen.chain:
        return sent
    return (*sent, Link(facts=_facts(seen.anchor), is_anchor=True, was_sent=False))


def _objections(seen: Seen, depth: int) -> tuple[str, ...]:
    codes = [one.code for one in seen.objections if one.depth == depth]
    return tuple(dict.fromkeys(str(_OBJECTIONS[code]) if code in _OBJECTIONS else _OTHERWISE % {"code": code} for code in codes))


def _facts(der: bytes) -> Facts | None:
    try:
        return Facts.of(der)
    except ValueError:
        return None
