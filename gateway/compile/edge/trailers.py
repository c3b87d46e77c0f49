"""Headers that come behind a body (RFC 9110, 6.5): none passes that is the gateway's own, or that carries the key. [pure]

Over HTTP/1.1 there are none: Envoy drops them unless told otherwise.
"""

from __future__ import annotations

from envoy.config.common.mutation_rules.v3.mutation_rules_pb2 import HeaderMutation
from envoy.extensions.filters.http.header_mutation.v3 import header_mutation_pb2 as filters

from gateway.compile.edge.early_headers import not_the_callers
from gateway.compile.names import KEY_HEADER, OWN_ANSWER_HEADERS


def no_own_trailers() -> filters.HeaderMutation:
    """Return the filter."""
    callers = HeaderMutation(remove_on_match=HeaderMutation.RemoveOnMatch(key_matcher=not_the_callers(trusted=False)))
    mutations = filters.Mutations(
        request_trailers_mutations=[callers, HeaderMutation(remove=KEY_HEADER)],
        response_trailers_mutations=[HeaderMutation(remove=name) for name in OWN_ANSWER_HEADERS],
    )
    return filters.HeaderMutation(mutations=mutations)
