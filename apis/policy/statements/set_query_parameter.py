"""``<set-query-parameter>``: put a query parameter into calls, or take it out. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

from apis.policy.elements import Element
from apis.policy.sentences import Sentence
from apis.policy.statements.exists_action import ExistsAction, attributes, check_values, exists_action
from apis.policy.statements.headers import LONGEST_NAME, elements_of, values_of

NAME = "set-query-parameter"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetQueryParameter:
    """Put a query parameter with these values there; name and values as they are meant, not percent-encoded."""

    name: str
    action: ExistsAction = ExistsAction.OVERRIDE
    values: tuple[str, ...] = ()


def element_of(statement: SetQueryParameter) -> Element:
    """Return the statement as an element."""
    return Element(NAME, attributes(statement.name, statement.action), elements_of(statement.values))


def read_set_query_parameter(element: Element) -> SetQueryParameter:
    """Return the statement that *element* is.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    element.refuse_attributes("name", "exists-action")
    name, action, texts = element.needed("name"), exists_action(element), values_of(element)
    if len(name) > LONGEST_NAME:
        element.refuse(Sentence("name has at most %(longest)s characters.", longest=LONGEST_NAME))
    check_values(element, action, texts)
    return SetQueryParameter(name=name, action=action, values=texts)
