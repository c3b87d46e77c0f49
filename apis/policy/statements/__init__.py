"""The statements that a policy document may hold beside what an API has settings for: one file each, and where each may stand. [pure]

A statement is a frozen value, a reader that makes it of its element, and a writer that makes the element of it. A new one is a file here,
a line in :data:`STATEMENTS`, and a file in ``gateway.compile.calls.policies``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from apis.policy.elements import Element
from apis.policy.statements.check_header import CheckHeader, read_check_header
from apis.policy.statements.ip_filter import IpFilter, read_ip_filter
from apis.policy.statements.return_response import ReturnResponse, read_return_response
from apis.policy.statements.rewrite_uri import RewriteUri, read_rewrite_uri
from apis.policy.statements.set_header import SetHeader, read_set_header, read_set_header_of_answers
from apis.policy.statements.set_query_parameter import SetQueryParameter, read_set_query_parameter

__all__ = [
    "STATEMENTS",
    "CheckHeader",
    "IpFilter",
    "Kind",
    "ReturnResponse",
    "RewriteUri",
    "SetHeader",
    "SetQueryParameter",
    "Statement",
]

Statement = CheckHeader | IpFilter | ReturnResponse | RewriteUri | SetHeader | SetQueryParameter


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of statement.

    :ivar read: makes the value of its element; raises :class:`apis.policy.elements.UnreadablePolicy`
    :ivar outbound: does so for answers; ``None``: it is about calls alone
    """

    read: Callable[[Element], Statement]
    outbound: Callable[[Element], Statement] | None = None

    @property
    def sections(self) -> tuple[str, ...]:
        """In which it may stand."""
        return ("inbound", "outbound") if self.outbound else ("inbound",)

    def read_in(self, section: str, element: Element) -> Statement:
        """Return the statement that *element* is in a *section*.

        :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
        """
        return self.outbound(element) if section == "outbound" and self.outbound else self.read(element)


STATEMENTS: Mapping[str, Kind] = {
    "check-header": Kind(read_check_header),
    "ip-filter": Kind(read_ip_filter),
    "return-response": Kind(read_return_response),
    "rewrite-uri": Kind(read_rewrite_uri),
    "set-header": Kind(read_set_header, read_set_header_of_answers),
    "set-query-parameter": Kind(read_set_query_parameter),
}
