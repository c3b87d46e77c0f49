"""An API's own document as it is shown: as it was written, while the API still does what it says."""

from __future__ import annotations

import re

from apis.models import Api
from apis.named_values.values import KeptValues
from apis.policies.surroundings import read_own
from apis.policy import MASKED_PASSWORD, Scope, UnreadablePolicy, document_with
from apis.policy.model import AuthenticationBasic, AuthenticationCertificate, Rule
from apis.policy.proofs import PROOFS, same_proof
from apis.policy.references import Values
from certificates.models import ClientCertificate

_GIVEN = {word: re.compile(word + r"""\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE) for word in ("password", "secret")}
_ELEMENT = re.compile(r"authentication-shared-secret")
_REFERENCE = re.compile(r"\{\{[^{}]*\}\}\Z")


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


def same_meaning(written: tuple[Rule, ...], now: tuple[Rule, ...]) -> bool:
    """Return whether the rules that are *written* are those that hold *now*, in whatever order."""
    kinds = {type(rule): rule for rule in now}
    return len(written) == len(now) and all(_same(rule, kinds.get(type(rule))) for rule in written)


def brought_up_to_date(now: tuple[Rule, ...], written: tuple[Rule, ...], read_anew: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules that hold *now*; in place of those that hold as a document has *written* them, what it says *read_anew*."""
    held = {type(rule): rule for rule in now}
    fresh = {type(rule): anew for rule, anew in zip(written, read_anew, strict=True) if _same(rule, held.get(type(rule)))}
    return tuple(fresh.get(type(rule), rule) for rule in now)


def may_be_kept(text: str, rules: tuple[Rule, ...]) -> bool:
    """Return whether a document may be stored as it was written: it tells no password, be it in a comment, and names no earlier version."""
    masked = _is_masked(text, "password") and (not any(isinstance(rule, PROOFS) for rule in rules) or _is_masked(text, "secret"))
    named = {rule.thumbprint for rule in rules if isinstance(rule, AuthenticationCertificate) and rule.thumbprint}
    return masked and ClientCertificate.objects.filter(current__thumbprint__in=named).count() == len(named)


def _is_masked(text: str, word: str) -> bool:
    """Return whether *word* stands in *text* only as the attribute of a mask or a named value, or in the name of an element of ours."""
    given = [one or other for one, other in _GIVEN[word].findall(text)]
    mentioned = _ELEMENT.sub("", text.lower()).count(word)
    return len(given) == mentioned and all(one == MASKED_PASSWORD or _REFERENCE.match(one) for one in given)


def _same(written: Rule, now: Rule | None) -> bool:
    if isinstance(written, AuthenticationCertificate) and isinstance(now, AuthenticationCertificate):
        return written.certificate_id.lower() in {"", now.certificate_id.lower()} and written.thumbprint in {"", now.thumbprint}
    if isinstance(written, AuthenticationBasic) and isinstance(now, AuthenticationBasic):
        kept = written.password.value.decode() == MASKED_PASSWORD
        return written.username == now.username and (kept or written.password == now.password)
    if isinstance(written, PROOFS) and isinstance(now, PROOFS):
        return same_proof(written, now)
    return written == now
