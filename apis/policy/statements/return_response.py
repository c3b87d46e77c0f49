"""``<return-response>``: answer in place of the back end. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

from apis.policy.elements import Element
from apis.policy.sentences import Sentence
from apis.policy.statements import set_header
from apis.policy.statements.exists_action import ExistsAction
from apis.policy.statements.set_header import SetHeader, read_set_header_of_answers
from portal.whole_numbers import whole_number

NAME = "return-response"
_STATUSES = range(200, 600)  # of a final answer (RFC 9110, 15)
_WITHOUT_BODY = (204, 205, 304)  # RFC 9110, 6.4.1
MOST_BODY = 32768
MOST_HEADERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnResponse:
    """Answer with this status, these headers and this body."""

    status: int = 200
    headers: tuple[SetHeader, ...] = ()
    body: str = ""


def element_of(statement: ReturnResponse) -> Element:
    """Return the statement as an element."""
    body = [Element("set-body", text=statement.body)] if statement.body else []
    return Element(
        NAME,
        children=[Element("set-status", {"code": str(statement.status)}), *map(set_header.element_of, statement.headers), *body],
    )


def read_return_response(element: Element) -> ReturnResponse:
    """Return the statement that *element* is.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    element.refuse_attributes()
    element.refuse_text()
    status, body = 200, ""
    headers: list[SetHeader] = []
    for child in element.children:
        match child.name:
            case "set-status":
                status = _status(child)
            case "set-header":
                headers.append(_header(child))
            case "set-body":
                body = _body(child)
            case _:
                child.refuse(Sentence("<%(name)s> holds <set-status>, <set-header> and <set-body> only.", name=NAME))
    if len(headers) > MOST_HEADERS:
        element.refuse(Sentence("<%(name)s> holds %(most)s <set-header> elements at most.", name=NAME, most=MOST_HEADERS))
    if body and status in _WITHOUT_BODY:
        element.refuse(Sentence("An answer of the status %(status)s has no body; leave <set-body> out.", status=status))
    return ReturnResponse(status=status, headers=tuple(headers), body=body)


def _status(element: Element) -> int:
    element.refuse_attributes("code", "reason")  # the words beside a status are gone since HTTP/2 (RFC 9113, 8.3.2)
    element.refuse_content()
    code = whole_number(element.needed("code"))
    if code is None or code not in _STATUSES:
        element.refuse(Sentence("code is a status from 200 to 599."))
    return code


def _header(element: Element) -> SetHeader:
    header = read_set_header_of_answers(element)
    if header.action is ExistsAction.DELETE:
        element.refuse(Sentence("The answer has no header yet that could be deleted."))
    return header


def _body(element: Element) -> str:
    element.refuse_attributes()
    element.refuse_children()
    if len(element.text.encode()) > MOST_BODY:
        element.refuse(Sentence("A body has %(most)s bytes at most.", most=MOST_BODY))
    return element.text
