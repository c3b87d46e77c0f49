"""Holds candidates of trusted authorities against what back ends present: a handshake with each, from the portal and every gateway.

APIs that call the same back end in the same way share one handshake. No client certificate is shown: the back end's own comes before it
would matter. Names are not judged here: which authorities are trusted changes nothing about them.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from django.db import connection

from apis.handshake.seen import Seen, Stage
from apis.models import Api
from certificates.authorities.bundle import Bundle
from certificates.authorities.models import Authority, AuthorityCandidate
from certificates.authorities.trying import Reason, Result
from certificates.rollout.models import Outcome
from certificates.rollout.trying import Place
from gateway.models import Gateway
from gateway.probes import NoAnswer, ask
from gateway.trying import Way, connected, seen_from_here, shown_addresses, way_of, worst_of_each
from gateway.verification import verified

_AT_ONCE = 8  # as many as an agent carries out at once
_REASONS = {Stage.NAME: Reason.NO_NAME, Stage.CONNECT: Reason.NO_CONNECTION}


class TrustTrier:
    """What :mod:`certificates.authorities.trying` asks."""

    def places(self, authority: Authority) -> list[Place]:
        """Return what there is to try: every API that checks its back end by the entry, from every place."""
        return list(dict.fromkeys(place for places in _ways(authority, connected()).values() for place in places))

    def results(self, candidate: AuthorityCandidate) -> Iterator[tuple[Place, Result]]:
        """Try *candidate* everywhere, several at once; yield what comes out, as it comes."""
        gateways, bundle = connected(), candidate.bundle
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="tries") as pool:
            ways = _ways(candidate.authority, gateways)
            running = {pool.submit(_tried, way, gateways.get(name), bundle): places for (way, name), places in ways.items()}
            try:
                yield from worst_of_each(running)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


def _ways(authority: Authority, gateways: Iterable[str]) -> dict[tuple[Way, str], list[Place]]:
    """Return what there is to try, by how it is done and from where: what is done in the same way is done once."""
    found: defaultdict[tuple[Way, str], list[Place]] = defaultdict(list)
    for api in (
        Api.objects.filter(trusted_authority=authority, validate_certificate_chain=True)
        .select_related("back_end")
        .order_by("display_name", "name")
    ):
        if not api.has_backend or api.is_plain_http:
            continue
        called = api.backend()
        for address, gateway in itertools.product(called.addresses, ("", *gateways)):
            place = Place(api=api.name, display_name=api.display_name, back_end=shown_addresses(called), gateway=gateway)
            found[way_of(replace(called, host=address.host, port=address.port), ""), gateway].append(place)
    return dict(found)


def _tried(way: Way, gateway: Gateway | None, bundle: Bundle) -> Result:
    """Try one way from one place; in a thread of its own, with a connection to the database of its own."""
    try:
        seen = ask(gateway, way.target, manner=way.manner) if gateway else seen_from_here(way)
    except NoAnswer as error:
        return Result(outcome=Outcome.UNKNOWN, reason=Reason.NO_GATEWAY, said=str(error))
    finally:
        connection.close()
    return judge(seen, bundle)


def judge(seen: Seen, bundle: Bundle) -> Result:
    """Return what a handshake says about whether *bundle* is enough to trust the back end."""
    if not seen.chain:
        reason = _REASONS.get(seen.stage, Reason.NO_HANDSHAKE) if seen.stage else Reason.NO_HANDSHAKE
        return Result(outcome=Outcome.UNREACHABLE, reason=reason, said=seen.error, milliseconds=seen.milliseconds)
    verdict = verified(seen.chain, bundle.ders)
    return Result(
        outcome=Outcome.REFUSED if verdict.objection else Outcome.ACCEPTED,
        reason=Reason.NOT_TRUSTED if verdict.objection else Reason.TRUSTED,
        said=verdict.objection,
        issuer=verdict.issuer,
        milliseconds=seen.milliseconds,
    )
