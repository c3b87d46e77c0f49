"""Tells callers by HTTPS where they may come by HTTP/3 (RFC 9114, 3.1.1). [pure]"""

from __future__ import annotations

from envoy.config.common.mutation_rules.v3.mutation_rules_pb2 import HeaderMutation
from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.extensions.filters.http.header_mutation.v3.header_mutation_pb2 import HeaderMutation as Filter
from envoy.extensions.filters.http.header_mutation.v3.header_mutation_pb2 import Mutations
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import HttpFilter

from gateway.compile.names import ALTERNATIVES_FILTER
from gateway.compile.resource import pack

_AGE_SECONDS = 86_400


def alternative_service(port: int) -> HttpFilter:
    """Return the filter that names the same host's *port* over UDP, in place of what a back end says of its own."""
    header = HeaderValue(key="alt-svc", value=f'h3=":{port}"; ma={_AGE_SECONDS}')
    said = HeaderMutation(append=HeaderValueOption(header=header, append_action=HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD))
    return HttpFilter(name=ALTERNATIVES_FILTER, typed_config=pack(Filter(mutations=Mutations(response_mutations=[said]))))
