"""Notices by REST, at addresses of our own: what is due, acknowledged and told again. For whoever may change what it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpResponse, JsonResponse

from notices import actions
from notices.models import Acknowledgement
from notices.subjects import Subject
from notices.subjects.finding import due, subject_by_key
from rest.call import Call
from rest.envelope import MethodNotAllowed, NotFound
from rest.life.asked import READS
from rest.pages import addresses_of_pages

_MAY = "certificates.change_clientcertificate"  # as on the page; what a notice is about has a permission of its own
_KEY = r"(?P<key>[^/]{1,200})"


def answer_notices(call: Call) -> HttpResponse:
    """Answer what is due of that which the caller may change, the most urgent first."""
    _check(call, *READS)
    with addresses_of_pages():
        subjects = due(now=call.now)
    found = [_entity(call, *one) for one in _with_acknowledgements(one for one in subjects if call.caller.may(one.told_to))]
    return _answered(call, {"value": found, "count": len(found), "nextLink": None})


def answer_notice(call: Call, key: str) -> HttpResponse:
    """Answer one: of an entry whether or not it is due, of all else what is."""
    _check(call, *READS)
    return _shown(call, _subject(call, key))


def answer_acknowledge(call: Call, key: str) -> HttpResponse:
    """Have nothing more told of the version that there is now; answer the notice."""
    _check(call, "POST")
    actions.acknowledge(subject := _subject(call, key), by=call.user, now=call.now)
    return _shown(call, subject)


def answer_resume(call: Call, key: str) -> HttpResponse:
    """Have it told of again; answer the notice."""
    _check(call, "POST")
    actions.resume(subject := _subject(call, key), by=call.user, now=call.now)
    return _shown(call, subject)


ADDRESSES: dict[str, Callable[..., HttpResponse]] = {
    r"notices/?": answer_notices,
    rf"notices/{_KEY}": answer_notice,
    rf"notices/{_KEY}/acknowledge": answer_acknowledge,
    rf"notices/{_KEY}/resume": answer_resume,
}


def _check(call: Call, *methods: str) -> None:
    if call.request.method not in methods:
        raise MethodNotAllowed(methods)
    call.require(_MAY)


def _subject(call: Call, key: str) -> Subject:
    with addresses_of_pages():
        subject = subject_by_key(key, now=call.now)
    if subject is None:
        raise NotFound
    call.require(subject.told_to)
    return subject


def _with_acknowledgements(subjects: Iterable[Subject]) -> list[tuple[Subject, Acknowledgement | None]]:
    known = {(row.subject, row.version): row for row in Acknowledgement.objects.in_force()}
    return [(one, known.get((one.key, one.version))) for one in subjects]


def _shown(call: Call, subject: Subject) -> HttpResponse:
    known = Acknowledgement.objects.in_force().filter(subject=subject.key, version=subject.version).first()
    return _answered(call, _entity(call, subject, known))


def _entity(call: Call, subject: Subject, known: Acknowledgement | None) -> dict[str, Any]:
    shown = {
        "kind": subject.kind.value,
        "name": subject.name,
        "subject": subject.label or None,
        "thumbprint": subject.thumbprint or None,
        "expirationDate": subject.ends_at,
        "trouble": str(subject.trouble) or None,
        "apis": subject.apis(),
        "acknowledgedBy": known.by if known else None,
        "acknowledgedDate": known.at if known else None,
    }
    return call.service.entity(("notices", subject.key), shown)


def _answered(call: Call, content: dict[str, Any]) -> HttpResponse:
    return HttpResponse(content_type="application/json") if call.request.method == "HEAD" else JsonResponse(content)
