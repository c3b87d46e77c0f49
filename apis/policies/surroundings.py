"""What stands around an API's own policy: that of all APIs, and the named values. And what an API's policy is within it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from apis.named_values.values import KeptValues
from apis.policies.models import ServicePolicy
from apis.policies.rewriting import refuse_missing
from apis.policy import Document, Scope, UnreadablePolicy, read_document
from apis.policy.model import Cors, Effective, Forwarding, ForwardRequest, Preflights, Rule
from apis.policy.references import Values, names_in
from apis.policy.scopes import effective, inherits, together

if TYPE_CHECKING:
    from apis.models import Api, Operation

_NOTHING = Document(rules=(), sections={})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around APIs: for many APIs, read once."""

    service: Document = _NOTHING
    named: frozenset[str] = frozenset()  # the values that the service's document names
    values: Values = field(default_factory=KeptValues)
    problem: UnreadablePolicy | None = None  # why the service's document cannot be read; then no API's policy can be told

    @property
    def cors(self) -> Cors | None:
        """What browsers are told where an API says nothing of its own."""
        return next((rule for rule in self.service.rules if isinstance(rule, Cors)), None)


def surroundings(*, at_once: bool = False) -> Surroundings:
    """Return what stands around APIs now. A query; another one when a named value is used.

    :param at_once: read the named values now, so that nothing is read later
    """
    document, values = ServicePolicy.current().document, KeptValues()
    if at_once:
        len(values)
    named = names_in(document)
    try:
        return Surroundings(read_own(document, Scope.SERVICE, values), named, values)
    except UnreadablePolicy as problem:
        return Surroundings(named=named, values=values, problem=problem)


def read_own(document: str, scope: Scope, values: Values) -> Document:
    """Return what a stored *document* says; an empty one says nothing of its own."""
    return read_document(document, scope, values) if document else _NOTHING


def with_surroundings(api: Api, operations: Sequence[Operation], rules: tuple[Rule, ...], around: Surroundings) -> dict[str, Any]:
    """Return the fields of an API's :class:`apis.policy.model.Policy` that its documents and those around it make.

    :param operations: those of the API
    :param rules: what its own settings say
    :raises apis.policy.UnreadablePolicy: if one of the documents does not fit the named values
    """
    if around.problem:
        raise around.problem
    own = read_own(api.document, Scope.API, around.values)
    written = together([around.service.sections, own.sections])
    forwarding, inbound = _inherited(api.forwarding(), rules, own, around)
    return {
        "inbound": inbound,
        "forwarding": forwarding,
        "written": written,
        "effective": effective(written, around.values),
        "of_operations": tuple(sorted((one.name, _of_operation(one, own, around)) for one in operations if one.document)),
        "named_values": named_by(api, operations, around),
    }


def named_by(api: Api, operations: Iterable[Operation], around: Surroundings) -> frozenset[str]:
    """Return the named values that an API's policy depends on, that of its *operations* included."""
    documents = (api.document, *(one.document for one in operations))
    return around.named.union(*map(names_in, documents))


def _of_operation(operation: Operation, api: Document, around: Surroundings) -> Effective:
    own = read_document(operation.document, Scope.OPERATION, around.values)
    refuse_missing(own.sections, operation.url_template, around.values)
    seconds = _seconds(own.rules)
    return effective(together([around.service.sections, api.sections, own.sections]), around.values, idle_seconds=seconds)


def _inherited(forwarding: Forwarding, rules: tuple[Rule, ...], own: Document, around: Surroundings) -> tuple[Forwarding, tuple[Rule, ...]]:
    """Return how calls go on and the inbound rules, with what all APIs have where this one says nothing of its own."""
    if forwarding.idle_seconds is None and inherits(own.sections, "backend"):
        forwarding = replace(forwarding, idle_seconds=_seconds(around.service.rules))
    if around.cors and forwarding.preflights is Preflights.REFUSED and inherits(own.sections, "inbound"):
        return replace(forwarding, preflights=Preflights.GATEWAY), (around.cors, *rules)
    return forwarding, rules


def _seconds(rules: Iterable[Rule]) -> int | None:
    return next((rule.timeout_seconds for rule in rules if isinstance(rule, ForwardRequest)), None)
