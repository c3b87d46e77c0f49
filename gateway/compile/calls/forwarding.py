"""How a matched call goes on: to which cluster, under which path and host. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from envoy.config.route.v3.route_components_pb2 import RouteAction, RouteMatch
from envoy.type.matcher.v3.regex_pb2 import RegexMatchAndSubstitute, RegexMatcher
from google.protobuf.duration_pb2 import Duration
from google.protobuf.wrappers_pb2 import BoolValue

from apis.policy.model import Address, Backend, Policy
from gateway.compile.calls.templates import Below, Exact, Match, Pattern
from gateway.compile.names import base_of, cluster_name

_DEFAULT_PORTS = {"https": 443, "http": 80}


def forward(policy: Policy, match: Match) -> Iterator[tuple[RouteMatch, RouteAction]]:
    """Yield what Envoy must match, and where it goes: the API's path replaced by that of the Web service URL, the query untouched."""
    base = base_of(policy.path)
    service = policy.backend.path
    match match:
        case Exact(path=path):
            yield RouteMatch(path=path), _to(policy, prefix_rewrite=(service + path.removeprefix(base)) or "/")
        case Below(path=path) if path and (service or path != base):
            yield RouteMatch(path_separated_prefix=path), _to(policy, prefix_rewrite=service + path.removeprefix(base))
        case Below(path=path):
            # An empty prefix_rewrite means none, so the bare path and what is below it are matched apart.
            if path:
                yield RouteMatch(path=path), _to(policy, prefix_rewrite="/")
            yield RouteMatch(prefix=path + "/"), _to(policy, prefix_rewrite=service + "/")
        case Pattern(regex=regex):
            rewrite = RegexMatchAndSubstitute(pattern=RegexMatcher(regex="^" + re.escape(base)), substitution=service.replace("\\", "\\\\"))
            yield RouteMatch(safe_regex=RegexMatcher(regex=regex)), _to(policy, regex_rewrite=rewrite)


def host_of(backend: Backend) -> str:
    """Return the Host header the back end expects: a port only when it is not the scheme's own."""
    return authority_of(backend, backend.addresses[0])


def authority_of(backend: Backend, address: Address) -> str:
    """Return the Host header that one *address* of *backend* expects."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    return host if address.port == _DEFAULT_PORTS[backend.scheme] else f"{host}:{address.port}"


def names_hosts(backend: Backend) -> bool:
    """Return whether its addresses expect Host headers that differ: Envoy takes that of the one it has chosen."""
    return len({authority_of(backend, address) for address in backend.addresses}) > 1


def _host_rewrite(backend: Backend) -> dict[str, Any]:
    return {"auto_host_rewrite": BoolValue(value=True)} if names_hosts(backend) else {"host_rewrite_literal": host_of(backend)}


def _to(policy: Policy, *, prefix_rewrite: str = "", regex_rewrite: RegexMatchAndSubstitute | None = None) -> RouteAction:
    times = policy.forwarding
    action = RouteAction(
        cluster=cluster_name(policy.api_id),
        prefix_rewrite=prefix_rewrite,
        regex_rewrite=regex_rewrite,
        **_host_rewrite(policy.backend),
        timeout=Duration(),  # no limit on the whole answer, which may be long; see below, else the listener, for how long nothing may move
    )
    if times.idle_seconds is not None:
        action.idle_timeout.FromSeconds(times.idle_seconds)
    if times.longest_seconds is not None:
        action.max_stream_duration.max_stream_duration.FromSeconds(times.longest_seconds)
    return action
