"""``<set-header>``: header manipulation of a route. [pure]

Envoy takes headers out before it puts any there, and puts them there in order. So what comes before a removal is left out, and to
override is to take out and to put there. On calls that is done before keys and the gateway's own headers are taken out of what the
caller has sent (``most_specific_header_mutations_wins`` on the segment's routes), so that a header of such a name can be sent on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.config.route.v3.route_components_pb2 import Route

from apis.policy.statements.exists_action import ExistsAction
from apis.policy.statements.set_header import HOST, SetHeader

_ADD = HeaderValueOption.APPEND_IF_EXISTS_OR_ADD
_IF_ABSENT = HeaderValueOption.ADD_IF_ABSENT


def set_on_calls(route: Route, statements: Sequence[SetHeader]) -> None:
    """Have calls of *route* carry what *statements* say."""
    removed, added = net_effect(one for one in statements if one.name.lower() != HOST)
    route.request_headers_to_remove.extend(removed)
    route.request_headers_to_add.extend(added)


def set_on_answers(route: Route, statements: Sequence[SetHeader]) -> None:
    """Have answers of *route* carry what *statements* say."""
    removed, added = net_effect(statements)
    route.response_headers_to_remove.extend(removed)
    route.response_headers_to_add.extend(added)


def net_effect(statements: Iterable[SetHeader]) -> tuple[list[str], list[HeaderValueOption]]:
    """Return the headers to take out and, after that, those to put there, in order: what *statements* amount to one after another."""
    removed: list[str] = []
    added: list[HeaderValueOption] = []
    for one in statements:
        name = one.name.lower()
        if one.action in {ExistsAction.OVERRIDE, ExistsAction.DELETE}:
            removed = [*(other for other in removed if other != name), name]
            added = [option for option in added if option.header.key.lower() != name]
        action = _IF_ABSENT if one.action is ExistsAction.SKIP else _ADD
        added += [_option(one.name, value, action) for value in one.values]
    return removed, added


def _option(name: str, value: str, action: HeaderValueOption.HeaderAppendAction) -> HeaderValueOption:
    literal = value.replace("%", "%%")  # it would begin one of Envoy's own variables
    return HeaderValueOption(header=HeaderValue(key=name, value=literal), append_action=action, keep_empty_value=True)
