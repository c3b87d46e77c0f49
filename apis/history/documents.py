"""The policy document of a moment: out of what the API was then, and the version that its certificate had. And how two differ."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from apis.credentials.models import proof_of
from apis.history.moments import Moment, state_at
from apis.history.rewinding import Facts
from apis.models import Api, Credentials
from apis.policy import as_xml, sections_in
from apis.policy.model import AuthenticationBasic, AuthenticationCertificate, KeyCheck, Policy, Rule, SetBackendService
from certificates.models import ClientCertificate
from certificates.sealing import Secret
from portal.models import Activity, Event

_SWITCHES = (Event.CERTIFICATE_UPLOADED, Event.CERTIFICATE_REPLACED, Event.CERTIFICATE_ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A line of two documents that are compared.

    :ivar sign: ``-`` only in the first, ``+`` only in the second, empty: in both
    """

    sign: str
    text: str


def document_at(api: Api, moment: Moment) -> str:
    """Return the policy document of *api* as it was, its password masked.

    :raises portal.history.restoring.Refused: if the log does not tell, or there was no such API
    """
    facts = state_at(api, moment).facts or {}
    columns = {field.name for field in Api._meta.concrete_fields if not field.is_relation}
    then = Api(**{name: value for name, value in facts.items() if name in columns})
    checks = (then.cors_rule(), then.caller_rule(), _lead(then, facts))
    return as_xml(
        Policy(
            api_id=api.pk,
            api=api.name,
            path=then.path,
            backend=then.backend(),
            key_check=KeyCheck(required=then.subscription_required, header=then.key_header, query=then.key_query),
            operations=(),  # documents do not tell of them
            inbound=(*(rule for rule in checks if rule), *_credentials(facts, moment)),
            forwarding=then.forwarding(),
            written=sections_in(then.document),
        )
    )


def compare(one: str, other: str) -> Iterator[DocumentLine]:
    """Yield the lines of both documents, each with where it stands."""
    for line in difflib.ndiff(one.splitlines(), other.splitlines()):
        if not line.startswith("?"):
            yield DocumentLine(line[0].strip(), line[2:])


def _lead(then: Api, facts: Facts) -> SetBackendService | None:
    """Return where the document led calls."""
    if facts.get("back_end"):
        return SetBackendService(backend_id=str(facts["back_end"]))
    return SetBackendService(base_url=then.base_url) if then.base_url else None


def _credentials(facts: Facts, moment: Moment) -> tuple[Rule, ...]:
    match facts.get("credentials"):
        case Credentials.CLIENT_CERTIFICATE:
            return _certificate(facts, moment)
        case Credentials.BASIC:
            return (AuthenticationBasic(username=str(facts.get("username") or ""), password=Secret(b"")),)  # masked in the document
        case Credentials.SHARED_SECRET | Credentials.OAUTH2:
            return (*_certificate(facts, moment), proof_of(facts))
        case _:
            return ()


def _certificate(facts: Facts, moment: Moment) -> tuple[Rule, ...]:
    if not (name := facts.get("certificate")):
        return ()
    return (AuthenticationCertificate(certificate_id=str(name), thumbprint=_thumbprint(str(name), moment)),)


def _thumbprint(name: str, moment: Moment) -> str:
    """Return the thumbprint of the version that the entry *name* had; empty if it is not known."""
    if moment.line is not None:
        switches = _switches(name)
        if before := switches.filter(id__lte=moment.line).order_by("-id").first():
            return str(before.details.get("thumbprint", ""))
        if after := switches.filter(id__gt=moment.line).order_by("id").first():
            return str(_old_thumbprint(after.changes))
    current = ClientCertificate.objects.filter(name=name).values_list("current__thumbprint", flat=True).first()
    return current or ""


def _switches(name: str) -> QuerySet[Activity]:
    return Activity.objects.filter(Q(event__in=_SWITCHES), kind="certificate", subject_name=name)


def _old_thumbprint(changes: Any) -> Any:
    return (changes.get("thumbprint") or [""])[0] or ""
