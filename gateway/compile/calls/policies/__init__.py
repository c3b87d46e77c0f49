"""What policy statements become: each one Envoy feature of a route, one file each. [pure]

A route of an operation becomes one or several: what a check refuses is a route of its own behind the one that it lets pass. Where no
statement is, routes stay as they are, and the filters are switched off for the whole first segment.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from envoy.config.route.v3.route_components_pb2 import Route

from apis.policy.model import Effective, OperationPattern, Policy
from apis.policy.statements import CheckHeader, IpFilter, ReturnResponse, RewriteUri, SetHeader, SetQueryParameter, Statement
from gateway.compile.calls.policies.answers import MOST_BODY, answer
from gateway.compile.calls.policies.checks import checked
from gateway.compile.calls.policies.headers import set_on_answers, set_on_calls
from gateway.compile.calls.policies.ip_filter import let_in
from gateway.compile.calls.policies.query import set_query
from gateway.compile.calls.policies.rewriting import rewrite, set_host
from gateway.compile.names import IP_FILTER, QUERY_FILTER

__all__ = ["MOST_BODY", "applied", "unused_filters"]

_NEEDED_BY: dict[str, tuple[type, ...]] = {QUERY_FILTER: (SetQueryParameter, RewriteUri), IP_FILTER: (IpFilter,)}
T = TypeVar("T", bound=Statement)


def applied(route: Route, policy: Policy, operation: OperationPattern, *, checks: bool = True) -> Iterator[Route]:
    """Yield *route* with the statements that hold for its *operation*, and the routes of what they refuse behind it.

    :param checks: without, calls are neither refused nor answered: for browsers' preflights, which carry nothing to check
    """
    effective = policy.effective_of(operation.name)
    inbound = list(_up_to_an_answer(effective.inbound))
    _change(route, policy, operation, inbound, effective)
    if not checks:
        yield route
        return
    given = next((one for one in inbound if isinstance(one, ReturnResponse)), None)
    if given:
        answer(route, given)
    else:
        set_on_answers(route, _only(SetHeader, effective.outbound))
    yield from checked(route, _only(CheckHeader, inbound))


def unused_filters(policies: Collection[Policy]) -> tuple[str, ...]:
    """Return the filters that no statement of *policies* needs."""
    effective = [one for policy in policies for one in (policy.effective, *(mine for _, mine in policy.of_operations))]
    kinds = {type(statement) for one in effective for statement in one.inbound}
    return tuple(name for name, needing in _NEEDED_BY.items() if not kinds.intersection(needing))


def _change(route: Route, policy: Policy, operation: OperationPattern, inbound: Sequence[Statement], effective: Effective) -> None:
    rewritten = _only(RewriteUri, inbound)
    if rewritten:
        rewrite(route, rewritten[-1], policy, operation)
    headers = _only(SetHeader, inbound)
    set_host(route, headers)
    set_on_calls(route, headers)
    set_query(route, _only(SetQueryParameter, inbound), rewritten[-1:])
    let_in(route, _only(IpFilter, inbound))
    if effective.idle_seconds is not None:
        route.route.idle_timeout.FromSeconds(effective.idle_seconds)


def _up_to_an_answer(statements: Sequence[Statement]) -> Iterator[Statement]:
    """Yield the *statements* that act: behind an answer none does."""
    before = list(itertools.takewhile(lambda one: not isinstance(one, ReturnResponse), statements))
    yield from statements[: len(before) + 1]


def _only(kind: type[T], statements: Sequence[Statement]) -> list[T]:
    return [one for one in statements if isinstance(one, kind)]
