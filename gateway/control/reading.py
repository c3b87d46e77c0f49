"""Reading the rows that the snapshot is made from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeVar

from django.db.models import Model, Prefetch, Q, QuerySet

from apis.models import Api, Operation
from apis.policies.surroundings import Surroundings, named_by
from apis.policy.model import Backend, KeyCheck, OperationPattern, Policy, Trust
from portal.models import Activity

CHUNK = 500
T = TypeVar("T")
M = TypeVar("M", bound=Model)


def rows() -> QuerySet[Api]:
    """Return all APIs with what their policies and clusters are made of."""
    presented = ("certificate__current", "certificate__ahead", "stays_with")
    related = (*presented, "basic_credentials", "sharedsecret", "oauthclient__token_authority__current", "back_end")
    operations = Prefetch("operations", Operation.objects.order_by())  # a policy has an order of its own
    return Api.objects.select_related(*related).prefetch_related(operations).order_by("pk")


def fetch(found: QuerySet[M], ids: Collection[int]) -> list[M]:
    """Return those of what is *found* whose ids these are, and which exist.

    The database is not asked to sort them: making such a query takes half as long again.
    """
    ordered, unsorted = sorted(ids), found.order_by()
    chosen = [row for start in range(0, len(ordered), CHUNK) for row in unsorted.filter(pk__in=ordered[start : start + CHUNK])]
    return sorted(chosen, key=lambda row: row.pk)


def apis_that_trust(lines: Sequence[Activity]) -> dict[int, frozenset[int]]:
    """Return the APIs that trust the authorities that *lines* concern, by line. Read, not remembered: some come without a line."""
    found: dict[int, frozenset[int]] = {}
    for line in lines:
        if line.kind == "authority":
            of = line.subject_id
            trusting = Api.objects.filter(Q(trusted_authority=of) | Q(caller_authority=of) | Q(oauthclient__token_authority=of))
            found[line.id] = frozenset(trusting.values_list("pk", flat=True))
    return found


def names_more(rows: Iterable[Api], around: Surroundings) -> bool:
    """Tell whether *rows* name values that are not among those *around* them."""
    known = frozenset(around.values)
    return any(not known.issuperset(named_by(api, api.operations.all(), around)) for api in rows)


def closed_policy(api: Api, around: Surroundings) -> Policy:
    """Return the policy of an API whose own cannot be told, as far as its routes go: they lead to a refusal."""
    return Policy(
        api_id=api.pk,
        api=api.name,
        path=api.path,
        backend=Backend(scheme="https", host="closed.invalid", port=443, path="", trust=Trust()),
        key_check=KeyCheck(required=api.subscription_required, header=api.key_header, query=api.key_query),
        operations=tuple(sorted(OperationPattern(method=o.method, url_template=o.url_template, name=o.name) for o in api.operations.all())),
        inbound=tuple(rule for rule in (api.cors_rule(), api.caller_rule()) if rule),
        hosts=tuple(api.hosts),
        caller_authorities=api.caller_authorities,
        forwarding=api.forwarding(),
        named_values=named_by(api, api.operations.all(), around),
    )


def chunks(found: Iterator[T]) -> Iterator[list[T]]:
    """Yield what is *found* in lists of some hundreds."""
    chunk: list[T] = []
    for row in found:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk
