"""``<check-header>``: conditions of a route, and routes behind it that answer what they do not let pass. [pure]"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher, Route
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from apis.policy.statements.check_header import CheckHeader
from apis.policy.statements.return_response import ReturnResponse
from apis.policy.statements.set_header import SetHeader
from gateway.compile.calls.policies.answers import answer


def checked(route: Route, statements: Sequence[CheckHeader]) -> Iterator[Route]:
    """Yield *route* for calls that pass all checks, then the refusals: that of the last check first, for it needs the others passed."""
    conditions = list(map(_condition, statements))
    yield _under(route, conditions)
    for place in reversed(range(len(statements))):
        refusal = _under(route, conditions[:place])
        answer(refusal, _refusal(statements[place]))
        yield refusal


def _under(route: Route, conditions: Sequence[HeaderMatcher]) -> Route:
    one = Route()
    one.CopyFrom(route)
    one.match.headers.extend(conditions)
    return one


def _condition(statement: CheckHeader) -> HeaderMatcher:
    if not statement.values:
        return HeaderMatcher(name=statement.name, present_match=True)
    values = "|".join(map(re.escape, statement.values))
    regex = f"(?{'i' if statement.ignore_case else ''}:{values})"  # of an empty value alone, too: Envoy takes no empty expression
    return HeaderMatcher(name=statement.name, string_match=StringMatcher(safe_regex=RegexMatcher(regex=regex)))


def _refusal(statement: CheckHeader) -> ReturnResponse:
    body = f'{{ "statusCode": {statement.status}, "message": {json.dumps(statement.message)} }}'
    content = SetHeader(name="Content-Type", values=("application/json",))
    return ReturnResponse(status=statement.status, headers=(content,), body=body)
