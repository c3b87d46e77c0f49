"""How the addresses of a back end are: asked of every connected gateway, which shakes hands with each and says what its Envoy knows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apis.backends.leading import BACK_ENDS
from apis.backends.standing import Accepted, Standing
from apis.handshake.kinds import PERHAPS, WELL, Asked, kind_of
from apis.handshake.of_backend import question_about
from apis.microscope.words import WORDS
from apis.models import Api
from gateway.compile import cluster_name
from gateway.counts import Span, VersionCount
from gateway.models import Gateway
from gateway.probes import Manner, NoAnswer, ask
from portal.turns import Turns

if TYPE_CHECKING:
    from apis.backends.models import BackEnd
    from apis.handshake.seen import HostState, Seen
    from apis.policy.model import Address, Backend
    from certificates.models import CertificateVersion

_AT_ONCE = 8
_MOST_GATEWAYS, _MOST_CLUSTERS = 12, 200
_SECONDS = 5.0
_WORST_FIRST = ("bad", "warn", "good")
_turns = Turns(at_once=2, waiting=2, seconds=2)  # each holds a thread of the server for as long as the slowest gateway takes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What every gateway is asked about each address."""

    called: Backend
    version: CertificateVersion | None
    clusters: tuple[str, ...]


def standings_of(back_end: BackEnd) -> list[Standing]:
    """Return how each address is, seen from each connected gateway.

    :raises portal.turns.Busy: if too many are asked already
    """
    gateways = [one for one in Gateway.objects.with_presence().order_by("name") if one.is_connected][:_MOST_GATEWAYS]
    apis = back_end.apis.order_by("pk").values_list("pk", flat=True)[:_MOST_CLUSTERS]
    clusters = tuple(map(cluster_name, apis))
    version = back_end.certificate.current if back_end.certificate else None
    question = _Question(called=_called(back_end), version=version, clusters=clusters)
    if question.called.scheme == "http" and not clusters:  # there is no handshake, and no gateway calls it
        return []
    asked = [(address, gateway) for address in question.called.addresses for gateway in gateways]
    with _turns.turn(), ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="addresses") as pool:
        told = list(pool.map(lambda one: _look(question, *one), asked))
    # Words are put here, where the reader's language is known.
    return [_read(question, address, gateway.name, said) for (address, gateway), said in zip(asked, told, strict=True)]


def accepted_last(back_end: BackEnd) -> Accepted | None:
    """Return the version of a certificate by which the newest call to the back end has succeeded."""
    counts = VersionCount.objects.filter(api__back_end=back_end, span=Span.DAY, ok__gt=0).select_related("version__certificate")
    found = counts.order_by("-last_at").first()
    return Accepted(version=found.version, at=found.last_at) if found else None


def _called(back_end: BackEnd) -> Backend:
    """Return how an API that uses *back_end* calls it."""
    columns: dict[str, Any] = {name: getattr(back_end, name) for name in BACK_ENDS}
    return Api(service_url=back_end.url, back_end=back_end, **columns).backend()


def _look(question: _Question, address: Address, gateway: Gateway) -> Seen | None:
    """Ask one gateway about one address; in a thread of its own, with a connection to the database of its own."""
    asked = question_about(replace(question.called, host=address.host, port=address.port), allowed=settings.ALLOWED_BACKEND_NETWORKS)
    closely = replace(asked.closely, clusters=question.clusters) if asked.closely else None
    manner = Manner(older_servers=asked.older_servers, asks_later=asked.asks_later, closely=closely)
    try:
        return ask(gateway, asked.target, version=question.version, manner=manner, seconds=_SECONDS)
    except NoAnswer:
        return None
    finally:
        connection.close()


def _read(question: _Question, address: Address, gateway: str, seen: Seen | None) -> Standing:
    shown = f"{address.host}:{address.port}"
    if seen is None:
        words = _("The gateway %(name)s has not answered in time.") % {"name": gateway}
        return Standing(address=shown, gateway=gateway, state="", serving="", answer=words)
    called, presents = replace(question.called, host=address.host, port=address.port), question.version is not None
    hosts = [host for host in seen.hosts if host.port == called.port and called.host in _names_of(host)]
    answered, answer = _answer(called, seen, presents=presents) if called.scheme == "https" else ("", "")
    serving, words = _serving(hosts)
    counted = {"calls": sum(one.calls for one in hosts), "failed": sum(one.failed for one in hosts)} if hosts else {}
    return Standing(
        address=shown,
        gateway=gateway,
        state=next((one for one in _WORST_FIRST if one in {answered, serving}), ""),
        serving=words,
        answer=answer,
        **counted,
    )


def _names_of(host: HostState) -> set[str]:
    return {host.address, host.name, host.name.rpartition(":")[0].strip("[]")}


def _serving(hosts: list[HostState]) -> tuple[str, str]:
    """Return whether the gateway gives an address calls. Each API judges it by its own calls."""
    if not hosts:
        return "", ""
    if any(one.unwell for one in hosts):
        return "bad", _("Gets no calls: it does not answer as it should when it is asked how it is")
    if number := sum(one.ejected for one in hosts):
        words = ngettext(
            "Left out for a while by %(number)d API: too many of its calls failed",
            "Left out for a while by %(number)d APIs: too many of their calls failed",
            number,
        )
        return "warn", words % {"number": number}
    return "good", _("Gets calls")


def _answer(called: Backend, seen: Seen, *, presents: bool) -> tuple[str, str]:
    kind = kind_of(seen, Asked(backend=called, presents=presents))
    state = "good" if kind in WELL else "warn" if kind in PERHAPS else "bad"
    return state, f"{WORDS[kind].title} ({seen.milliseconds} ms)"
