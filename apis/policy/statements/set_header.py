"""``<set-header>``: put a header into calls (inbound) or into the back end's answers (outbound), or take it out. [pure]"""

from __future__ import annotations

import re
from dataclasses import dataclass

from apis.policy.elements import Element
from apis.policy.sentences import Sentence
from apis.policy.statements.exists_action import ExistsAction, attributes, check_values, exists_action
from apis.policy.statements.headers import elements_of, header_name, values_of

NAME = "set-header"
HOST = "host"
_HOST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]+\Z")  # RFC 3986, 3.2.2 and 3.2.3


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHeader:
    """Put a header with these values there."""

    name: str
    action: ExistsAction = ExistsAction.OVERRIDE
    values: tuple[str, ...] = ()


def element_of(statement: SetHeader) -> Element:
    """Return the statement as an element."""
    return Element(NAME, attributes(statement.name, statement.action), elements_of(statement.values))


def read_set_header(element: Element) -> SetHeader:
    """Return the statement that *element* is.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    element.refuse_attributes("name", "exists-action")
    name, action, texts = header_name(element), exists_action(element), values_of(element)
    check_values(element, action, texts)
    if name.lower() == HOST and (action is not ExistsAction.OVERRIDE or len(texts) != 1 or not _HOST.match(texts[0])):
        element.refuse(
            Sentence('Each call has one Host; write exists-action="override" and one <value>, a host name with a port if need be.')
        )
    return SetHeader(name=name, action=action, values=texts)


def read_set_header_of_answers(element: Element) -> SetHeader:
    """Return the same for an answer.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    statement = read_set_header(element)
    if statement.name.lower() == HOST:
        element.refuse(Sentence("An answer has no Host."))
    return statement
