"""What is done where a header or query parameter is there already: the ``exists-action`` of the published reference. [pure]"""

from __future__ import annotations

import enum

from apis.policy.elements import Element
from apis.policy.sentences import Sentence


class ExistsAction(enum.StrEnum):
    """What is done where it is there already; where it is not, all but ``delete`` put it there."""

    OVERRIDE = "override"
    SKIP = "skip"
    APPEND = "append"
    DELETE = "delete"  # and nothing is put in its place


def exists_action(element: Element) -> ExistsAction:
    """Return what *element* says; ``override`` if it does not.

    :raises apis.policy.elements.UnreadablePolicy: if it is none of these
    """
    text = element.attributes.get("exists-action", ExistsAction.OVERRIDE.value)
    try:
        return ExistsAction(text)
    except ValueError:
        return element.refuse(Sentence("exists-action is override, skip, append or delete."))


def check_values(element: Element, action: ExistsAction, values: tuple[str, ...]) -> None:
    """Go on only if the number of *values* fits the *action*.

    :raises apis.policy.elements.UnreadablePolicy: if not
    """
    if action is ExistsAction.DELETE:
        if values:
            element.refuse(Sentence('With exists-action="delete" there is no <value>.'))
    elif not values:
        element.refuse(Sentence('<%(name)s> needs a <value>, or exists-action="delete".', name=element.name))
    if action is ExistsAction.SKIP and len(values) > 1:
        element.refuse(Sentence('With exists-action="skip" write one <value>.'))


def attributes(name: str, action: ExistsAction) -> dict[str, str]:
    """Return the attributes of a statement about *name*."""
    return {"name": name, "exists-action": action.value}
