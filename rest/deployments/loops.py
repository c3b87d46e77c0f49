"""Loops of templates: ``copy`` of a resource, and in properties, variables and outputs ``copy`` as a list of ``{name, count, input}``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from rest.deployments.expressions import BadTemplate, Function, evaluate

MOST_COPIES = 800  # as there
_MOST_ROUNDS = 20_000  # of all loops within one value
_COPY = "copy"
_PARTS = {"name", "count", "input"}


def count_of(copy: Mapping[str, Any], known: Mapping[str, Function]) -> int:
    """Return how often *copy* goes round.

    :raises BadTemplate: if that is no number, or too often
    """
    count = evaluate(copy.get("count"), known)
    if not isinstance(count, int) or not 0 <= count <= MOST_COPIES:
        raise BadTemplate(_("The count of a copy is a whole number up to 800."))
    return count


def in_round(known: Mapping[str, Function], name: str, number: int) -> dict[str, Function]:
    """Return *known* as it is in a round of the loop *name*: copyIndex tells the round, of a loop around it by that one's name."""
    around = known.get("copyindex")

    def index(*given: Any) -> int:
        said = given[0] if given and isinstance(given[0], str) else None
        if said is not None and said.lower() != name.lower():
            if around is None:
                raise BadTemplate(_("There is no copy %(name)s here.") % {"name": said})
            return int(around(*given))
        return number + sum(one for one in given if isinstance(one, int))

    return {**known, "copyindex": index}


def evaluated(value: Any, known: Mapping[str, Function]) -> Any:
    """Return *value* with the result of each expression in its place, and each ``copy`` in it done.

    :raises BadTemplate: if an expression cannot be understood, or what is called copy is no list of loops
    """
    return _evaluated(value, known, [_MOST_ROUNDS])


def variables(declared: Mapping[str, Any]) -> dict[str, Callable[[Mapping[str, Function]], Any]]:
    """Return what makes each variable, by name in lower case; each that a ``copy`` among them makes is one of its own.

    :raises BadTemplate: if what is called copy is no list of loops
    """
    made: dict[str, Callable[[Mapping[str, Function]], Any]] = {}
    for name, one in declared.items():
        if name.lower() == _COPY:
            made |= {str(loop["name"]).lower(): partial(_alone, loop) for loop in _checked(one)}
        else:
            made[name.lower()] = partial(evaluated, one)
    return made


def _alone(loop: dict[str, Any], known: Mapping[str, Function]) -> Any:
    """Return the list that *loop* makes."""
    return next(iter(evaluated({_COPY: [loop]}, known).values()))


def _evaluated(value: Any, known: Mapping[str, Function], left: list[int]) -> Any:
    if isinstance(value, list):
        return [_evaluated(one, known, left) for one in value]
    if not isinstance(value, dict):
        return evaluate(value, known)
    found: dict[str, Any] = {}
    for name, one in value.items():
        if name.lower() == _COPY:
            found |= _copied(one, known, left)
        else:
            found[str(evaluate(name, known))] = _evaluated(one, known, left)
    return found


def _copied(loops: Any, known: Mapping[str, Function], left: list[int]) -> dict[str, list[Any]]:
    """Return the lists that *loops* make, by name.

    :param left: how many rounds may still be gone
    """
    made: dict[str, list[Any]] = {}
    for loop in _checked(loops):
        name, count = str(evaluate(loop["name"], known)), count_of(loop, known)
        left[0] -= count
        if left[0] < 0:
            raise BadTemplate(_("The loops of a template go round too often."))
        made[name] = [_evaluated(loop["input"], in_round(known, name, number), left) for number in range(count)]
    return made


def _checked(loops: Any) -> list[dict[str, Any]]:
    """Return *loops*.

    :raises BadTemplate: if that is no list of loops
    """
    if not isinstance(loops, list) or not all(isinstance(one, dict) and set(one) == _PARTS for one in loops):
        raise BadTemplate(_("What is called copy here is a list of loops, each with name, count and input."))
    return loops
