"""Headers that ask a back end to take a call for one by another verb, which an API's operations may not let through. [pure]

No standard knows them, but many frameworks heed them (OData, Rails, Spring, WCF). A call that carries one passes where an operation lets
any verb through, and is refused elsewhere: without its header it would mean something else to the back end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, Route, RouteMatch

OVERRIDING_HEADERS = ("x-http-method", "x-http-method-override", "x-method-override")
REFUSED = 400  # the only answer of this status that a route gives


def asks_for_another_verb(of_any_verb: Iterable[Route]) -> Iterator[Route]:
    """Yield the routes of calls that carry such a header, to stand before the others.

    :param of_any_verb: the routes of operations that let any verb through
    """
    passing = list(of_any_verb)
    for header in OVERRIDING_HEADERS:
        carries = HeaderMatcher(name=header, present_match=True)
        for route in passing:
            one = Route()
            one.CopyFrom(route)
            del one.match.headers[:]
            one.match.headers.extend([carries, *route.match.headers])
            yield one
        refusal = Route(name=header, match=RouteMatch(prefix="/", headers=[carries]))
        refusal.direct_response.status = REFUSED
        yield refusal
