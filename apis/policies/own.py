"""An API's own document as it is shown: as it was written, while the API still does what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from apis.models import Api
from apis.named_values.values import KeptValues
from apis.policies.surroundings import read_own
from apis.policy import MASKED_PASSWORD, Scope, UnreadablePolicy, document_with
from apis.policy.elements import read
from apis.policy.model import AuthenticationBasic, AuthenticationCertificate, Rule
from apis.policy.proofs import PROOFS, SECRET_ATTRIBUTES, same_proof
from apis.policy.references import NAME_PATTERN, Values
from certificates.models import ClientCertificate
from certificates.sealing import SealingError

_GIVEN = re.compile(r"""(?:password|secret)\b["']?\s*[=:]+\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""", re.IGNORECASE)
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_REFERENCE = re.compile(r"\{\{\s*" + NAME_PATTERN + r"\s*\}\}\Z")


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


def may_be_kept(text: str, rules: tuple[Rule, ...]) -> bool:
    """Return whether a document may be stored as it was written: it tells no password, be it in a comment, and names no earlier version.

    A comment may speak of passwords and secrets; it tells one where it gives it as an attribute or after a colon, or holds that of a rule.
    """
    aside = "\n".join(_COMMENT.findall(text))
    masked = all(map(_is_mask, [*_secrets_in(text), *_given_in(aside)])) and not any(one in aside for one in _kept_by(rules))
    named = {rule.thumbprint for rule in rules if isinstance(rule, AuthenticationCertificate) and rule.thumbprint}
    return masked and ClientCertificate.objects.filter(current__thumbprint__in=named).count() == len(named)


def _secrets_in(text: str) -> list[str]:
    """Return what stands where elements hold a secret."""
    sections = read(text).children if text.strip() else []
    elements = [(one, SECRET_ATTRIBUTES.get(one.name, "")) for section in sections for one in section.children]
    return [one.attributes[name] for one, name in elements if name in one.attributes]


def _is_mask(given: str) -> bool:
    return given == MASKED_PASSWORD or bool(_REFERENCE.match(given))


def _given_in(text: str) -> Iterator[str]:
    """Yield what stands after the word password or secret where one would be given."""
    return (one or other or bare for one, other, bare in _GIVEN.findall(text))


def _kept_by(rules: tuple[Rule, ...]) -> Iterator[str]:
    """Yield the passwords and secrets that *rules* hold."""
    for rule in rules:
        secret = rule.password if isinstance(rule, AuthenticationBasic) else rule.secret if isinstance(rule, PROOFS) else None
        if secret and secret.value.decode() != MASKED_PASSWORD:
            yield secret.value.decode()


def _same(written: Rule, now: Rule | None) -> bool:
    if isinstance(written, AuthenticationCertificate) and isinstance(now, AuthenticationCertificate):
        return written.certificate_id.lower() in {"", now.certificate_id.lower()} and written.thumbprint in {"", now.thumbprint}
    if isinstance(written, AuthenticationBasic) and isinstance(now, AuthenticationBasic):
        kept = MASKED_PASSWORD in {written.password.value.decode(), now.password.value.decode()}
        return written.username == now.username and (kept or written.password == now.password)
    if isinstance(written, PROOFS) and isinstance(now, PROOFS):
        return same_proof(written, now)
    return written == now
