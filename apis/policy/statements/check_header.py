"""``<check-header>``: let calls pass that carry a header, with one of some values. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

from apis.policy.elements import Element
from apis.policy.sentences import Sentence
from apis.policy.statements.headers import elements_of, header_name, values_of
from portal.whole_numbers import whole_number

NAME = "check-header"
_FLAGS = {"true": True, "false": False}
_STATUSES = range(400, 600)
LONGEST_MESSAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHeader:
    """Refuse calls without this header, or with another value than these; no values: any will do."""

    name: str
    status: int
    message: str
    ignore_case: bool
    values: tuple[str, ...] = ()


def element_of(statement: CheckHeader) -> Element:
    """Return the statement as an element."""
    attributes = {
        "name": statement.name,
        "failed-check-httpcode": str(statement.status),
        "failed-check-error-message": statement.message,
        "ignore-case": str(statement.ignore_case).lower(),
    }
    return Element(NAME, attributes, elements_of(statement.values))


def read_check_header(element: Element) -> CheckHeader:
    """Return the statement that *element* is. All four attributes are needed, as the published reference has it.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    element.refuse_attributes("name", "failed-check-httpcode", "failed-check-error-message", "ignore-case")
    status, message = whole_number(element.needed("failed-check-httpcode")), element.needed("failed-check-error-message")
    if status is None or status not in _STATUSES:
        element.refuse(Sentence("failed-check-httpcode is a status from 400 to 599."))
    if len(message) > LONGEST_MESSAGE:
        element.refuse(Sentence("failed-check-error-message has at most %(longest)s characters.", longest=LONGEST_MESSAGE))
    if (ignore_case := _FLAGS.get(element.needed("ignore-case").lower())) is None:
        element.refuse(Sentence("ignore-case is true or false."))
    values = values_of(element)
    return CheckHeader(name=header_name(element), status=status, message=message, ignore_case=ignore_case, values=values)
