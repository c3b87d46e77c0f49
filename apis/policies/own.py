"""An API's own document as it is shown: as it was written, while the API still does what it says."""

from __future__ import annotations

from apis.models import Api
from apis.named_values.values import KeptValues
from apis.policies.surroundings import read_own
from apis.policy import MASKED_PASSWORD, Scope, UnreadablePolicy, document_with
from apis.policy.model import AuthenticationBasic, AuthenticationCertificate, Rule
from apis.policy.proofs import PROOFS, same_proof
from apis.policy.references import Values
from certificates.models import ClientCertificate
from certificates.sealing import SealingError


def own_document(api: Api, values: Values | None = None) -> str:
    """Return the document of *api*, its password masked.

    :raises certificates.sealing.SealingError: if its password or secret does not open
    """
    rules = api.own_rules()
    try:
        written = read_own(api.document, Scope.API, KeptValues() if values is None else values)
    except UnreadablePolicy:  # a named value no longer fits; the pages say so
        return api.document
    return api.document if api.document and same_meaning(written.rules, rules) else document_with(rules, written.sections)


def shown_document(api: Api) -> str:
    """Return what an editor shows of *api*; where its password or secret does not open, the document as it was written."""
    try:
        return own_document(api)
    except SealingError:
        return api.document


def rules_now(api: Api) -> tuple[Rule, ...]:
    """Return the rules of *api*; where its password or secret does not open, with the mask in place of it."""
    try:
        return api.own_rules()
    except SealingError:
        return api.own_rules(masked=True)


def same_meaning(written: tuple[Rule, ...], now: tuple[Rule, ...]) -> bool:
    """Return whether the rules that are *written* are those that hold *now*, in whatever order."""
    kinds = {type(rule): rule for rule in now}
    return len(written) == len(now) and all(_same(rule, kinds.get(type(rule))) for rule in written)


def brought_up_to_date(now: tuple[Rule, ...], written: tuple[Rule, ...], read_anew: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules that hold *now*; in place of those that hold as a document has *written* them, what it says *read_anew*."""
    held = {type(rule): rule for rule in now}
    fresh = {type(rule): anew for rule, anew in zip(written, read_anew, strict=True) if _same(rule, held.get(type(rule)))}
    return tuple(fresh.get(type(rule), rule) for rule in now)


def is_up_to_date(rules: tuple[Rule, ...]) -> bool:
    """Return whether *rules* name no earlier version of a certificate."""
    named = {rule.thumbprint for rule in rules if isinstance(rule, AuthenticationCertificate) and rule.thumbprint}
    return ClientCertificate.objects.filter(current__thumbprint__in=named).count() == len(named)


def _same(written: Rule, now: Rule | None) -> bool:
    if isinstance(written, AuthenticationCertificate) and isinstance(now, AuthenticationCertificate):
        return written.certificate_id.lower() in {"", now.certificate_id.lower()} and written.thumbprint in {"", now.thumbprint}
    if isinstance(written, AuthenticationBasic) and isinstance(now, AuthenticationBasic):
        kept = MASKED_PASSWORD in {written.password.value.decode(), now.password.value.decode()}
        return written.username == now.username and (kept or written.password == now.password)
    if isinstance(written, PROOFS) and isinstance(now, PROOFS):
        return same_proof(written, now)
    return written == now
