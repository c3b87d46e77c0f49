"""Tries candidates and moves: one handshake with each back end that would be shown the certificate.

From the portal's place and from every connected gateway's.
APIs that call the same back end in the same way share one handshake. What the portal itself calls has to be an address that APIs may call.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import TypeVar

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from apis.addresses import address_of, callable_address
from apis.handshake.of_backend import target_of
from apis.handshake.question import Question, Target
from apis.handshake.seen import Seen, Stage
from apis.handshake.shaking import shake_hands
from apis.models import Api
from apis.moving.models import Move
from apis.policy.model import Backend, Protocol
from certificates.authorities.trying import Result as TrustResult
from certificates.identity import Identity
from certificates.models import CertificateVersion, ClientCertificate
from certificates.rollout.models import Candidate, Outcome, Rules, rules_of
from certificates.rollout.proposals import Proposal
from certificates.rollout.trying import Place, Reason, Result
from certificates.sealing import SealingError
from gateway.models import Gateway
from gateway.probes import Manner, NoAnswer, ask

Shown = Candidate | CertificateVersion

_AT_ONCE = 8  # as many as an agent carries out at once
# What servers answer to a certificate that they do not take: nginx and IIS 400 and 403, nginx's own codes, and what HTTP has for it.
_REFUSING = frozenset({400, 401, 403, 495, 496})
_FAILING = 500
_BAD = (Outcome.ACCEPTED, Outcome.NOT_ASKED, Outcome.UNKNOWN, Outcome.UNREACHABLE, Outcome.REFUSED)  # the worst last
_SHOWN = 300  # characters of addresses in a table
R = TypeVar("R", Result, TrustResult)


@dataclass(frozen=True, slots=True)
class Way:
    """How an API's back end is called; by TLS, for no API presents a certificate without."""

    target: Target
    manner: Manner


@dataclass(frozen=True, slots=True)
class _ToTry:
    """The APIs whose back ends are shown a certificate, and the paths that are asked for, by API."""

    apis: QuerySet[Api]
    paths: dict[str, str]
    shown: Shown


class HandshakeTrier:
    """What :mod:`certificates.rollout.trying` asks."""

    def places(self, proposal: Proposal) -> list[Place]:
        """Return what there is to try: every API that would present the certificate, from every place."""
        return list(dict.fromkeys(place for places in _ways(_to_try(proposal), connected()).values() for place in places))

    def back_ends(self, proposal: Proposal) -> dict[str, str]:
        """Return which back end each API that would present the certificate leads to."""
        return {api.name: shown_addresses(api.backend()) for api in _to_try(proposal).apis}

    def results(self, proposal: Proposal) -> Iterator[tuple[Place, Result]]:
        """Try *proposal* everywhere, several at once; yield what comes out, as it comes."""
        gateways, to_try = connected(), _to_try(proposal)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="tries") as pool:
            ways = _ways(to_try, gateways)
            running = {pool.submit(_tried, way, gateways.get(name), to_try.shown): places for (way, name), places in ways.items()}
            try:
                yield from worst_of_each(running)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


def _to_try(proposal: Proposal) -> _ToTry:
    """Return what is to be shown to whom."""
    match proposal:
        case Candidate():
            presenting = Api.objects.select_related("back_end").filter(certificate=proposal.certificate_id, stays_with=None)
            return _ToTry(presenting.order_by("display_name", "name"), rules_of(proposal.certificate).paths, proposal)
        case Move():
            return _ToTry(proposal.apis(), _paths_of(proposal), proposal.version)
        case _:
            raise TypeError(proposal)


def _paths_of(move: Move) -> dict[str, str]:
    """Return what is asked of APIs besides the handshake, as the certificates say that they present now."""
    entries = ClientCertificate.objects.filter(apis__in=move.apis()).distinct()
    return {api: path for rules in Rules.objects.filter(certificate__in=entries) for api, path in rules.paths.items()}


def connected() -> dict[str, Gateway]:
    """Return the gateways that can be asked, by name."""
    return {gateway.name: gateway for gateway in Gateway.objects.with_presence() if gateway.is_connected}


def _ways(to_try: _ToTry, gateways: Iterable[str]) -> dict[tuple[Way, str], list[Place]]:
    """Return what there is to try, by how it is done and from where: what is done in the same way is done once."""
    found: defaultdict[tuple[Way, str], list[Place]] = defaultdict(list)
    for api in to_try.apis:
        called = api.backend()
        for address, gateway in itertools.product(called.addresses, ("", *gateways)):
            backend = replace(called, host=address.host, port=address.port)
            way = way_of(backend, to_try.paths.get(api.name, ""))
            shown = shown_addresses(called)
            found[way, gateway].append(Place(api=api.name, display_name=api.display_name, back_end=shown, gateway=gateway))
    return dict(found)


def shown_addresses(called: Backend) -> str:
    """Return the addresses of a back end as a table shows them."""
    return ", ".join(f"{one.host}:{one.port}" for one in called.addresses)[:_SHOWN]


def worst_of_each(running: Mapping[Future[R], Sequence[Place]]) -> Iterator[tuple[Place, R]]:
    """Yield what comes out at each place, once all addresses of its back end have been tried: the worst of them."""
    waiting = Counter(place for places in running.values() for place in places)
    worst: dict[Place, R] = {}
    for done in as_completed(running):
        for place in running[done]:
            worst[place] = max(worst.get(place, done.result()), done.result(), key=lambda one: _BAD.index(one.outcome))
            waiting[place] -= 1
            if not waiting[place]:
                yield place, worst[place]


def way_of(backend: Backend, path: str) -> Way:
    """Return how *backend* is called, and which *path* is asked for there, if any."""
    asked = backend.path + path if path and backend.http is not Protocol.HTTP2 else ""  # the request is in HTTP/1.1
    manner = Manner(path=asked, older_servers=backend.older_servers, asks_later=backend.asks_later)
    return Way(target_of(backend, asks=bool(asked)), manner)


def _tried(way: Way, gateway: Gateway | None, shown: Shown) -> Result:
    """Try one way from one place; in a thread of its own, with a connection to the database of its own."""
    try:
        seen = ask(gateway, way.target, version=shown, manner=way.manner) if gateway else seen_from_here(way, shown.identity())
    except NoAnswer as error:
        return Result(outcome=Outcome.UNKNOWN, reason=Reason.NO_GATEWAY, said=str(error), issuers=[])
    except SealingError as error:
        return Result(outcome=Outcome.UNKNOWN, reason=Reason.NOT_OPENED, said=str(error), issuers=[])
    finally:
        connection.close()
    return judge(seen)


def seen_from_here(way: Way, identity: Identity | None = None) -> Seen:
    """Return what the portal itself sees when it shakes hands in that way, presenting *identity* if there is one and it is asked for."""
    target = way.target
    try:
        address = callable_address(target.host, target.port, settings.ALLOWED_BACKEND_NETWORKS)
    except (OSError, UnicodeError) as error:  # no address, or a name that no address can have
        return Seen(stage=Stage.NAME, error=str(getattr(error, "strerror", None) or error))
    named = target.host if address_of(target.host) is None else ""
    question = Question(
        id="",
        target=replace(target, host=address, server_name=named),
        path=way.manner.path,
        older_servers=way.manner.older_servers,
        asks_later=way.manner.asks_later,
    )
    if identity:
        question = replace(question, certificate=identity.certificate_chain_pem, private_key=identity.private_key_pem)
    return shake_hands(question)


def judge(seen: Seen) -> Result:
    """Return what a handshake, and perhaps a request, say about the certificate that was shown."""
    outcome, reason = _judged(seen)
    return Result(
        outcome=outcome,
        reason=reason,
        said=seen.error,
        issuers=list(seen.issuers),
        status=seen.status,
        milliseconds=seen.milliseconds,
    )


def _judged(seen: Seen) -> tuple[Outcome, Reason]:  # noqa: PLR0911 - one line each
    match seen.stage:
        case Stage.NAME:
            return Outcome.UNREACHABLE, Reason.NO_NAME
        case Stage.CONNECT:
            return Outcome.UNREACHABLE, Reason.NO_CONNECTION
        case Stage.HANDSHAKE | Stage.AFTER | Stage.REQUEST if seen.asked_for_certificate and "alert" in seen.error:
            return Outcome.REFUSED, Reason.ALERT
        case Stage.HANDSHAKE | Stage.AFTER if seen.asked_for_certificate:
            return Outcome.REFUSED, Reason.BROKEN_OFF
        case Stage.HANDSHAKE | Stage.AFTER:
            return Outcome.UNREACHABLE, Reason.NO_HANDSHAKE
        case Stage.REQUEST:
            return Outcome.UNKNOWN, Reason.NO_ANSWER
        case None if seen.status in _REFUSING:
            return Outcome.REFUSED, Reason.REFUSING_ANSWER
        case None if seen.status is not None and seen.status >= _FAILING:
            return Outcome.UNKNOWN, Reason.FAILING_ANSWER
        case _ if not seen.asked_for_certificate:
            return Outcome.NOT_ASKED, Reason.NOT_ASKED
        case _:
            return Outcome.ACCEPTED, Reason.ANSWER if seen.status else Reason.HANDSHAKE
