"""``<return-response>``: a direct response of a route. [pure]"""

from __future__ import annotations

from http import HTTPStatus

from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.route.v3.route_components_pb2 import Route

from apis.policy.statements.return_response import MOST_BODY, ReturnResponse
from gateway.compile.calls.policies.headers import net_effect
from gateway.compile.calls.redirects import leave_as_written
from gateway.compile.names import ANSWER_METADATA, CONTENT_TYPE

__all__ = ["MOST_BODY", "answer"]

_CONTENT_TYPE, _LOCATION = "content-type", "location"
_REDIRECTION = 3
_PLAIN = "text/plain; charset=utf-8"  # of a body of which nothing is said; it comes from a document, which is text


def answer(route: Route, given: ReturnResponse) -> None:
    """Have *route* answer by itself. Its metadata keep what answers of the gateway's own are written as from this one."""
    route.ClearField("request_headers_to_add")
    route.ClearField("request_headers_to_remove")
    route.direct_response.status = given.status
    if given.body:
        route.direct_response.body.CopyFrom(DataSource(inline_string=given.body))
    kinds = [one.values[-1] for one in given.headers if one.name.lower() == _CONTENT_TYPE]
    removed, added = net_effect(one for one in given.headers if one.name.lower() != _CONTENT_TYPE)
    route.response_headers_to_remove.extend(dict.fromkeys((*_put_there_by_envoy(given.status), *removed)))
    route.response_headers_to_add.extend(added)
    leave_as_written(route)
    route.metadata.filter_metadata[ANSWER_METADATA].update({CONTENT_TYPE: kinds[-1] if kinds else _PLAIN})


def _put_there_by_envoy(status: int) -> tuple[str, ...]:
    """Return what Envoy puts into direct responses of a *status* by itself: the call's own address."""
    return (_LOCATION,) if status == HTTPStatus.CREATED or status // 100 == _REDIRECTION else ()
