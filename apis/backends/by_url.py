"""Back ends that count by their URL decide over the APIs whose own address lies there, most specific URL first.

This is the published service's rule; its own documents switch certificate chain validation off with such an entity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from apis.actions import ApiSecurity, secure_api
from apis.backends.models import BackEnd
from apis.credentials.keeping import stored
from apis.models import BESIDE_CERTIFICATE, Api, Credentials, beside

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


def apply_to(api: Api, *, by: User | None, now: datetime) -> Api:
    """Give an API the settings of the back end at its own address, if there is one and they differ.

    :raises apis.actions.NotOverHttp: if that has a certificate and the API is called by http
    """
    if api.own_url is None and (back_end := _at(api.service_url)):
        return _give(api, back_end, None, by=by, now=now)
    return api


def settle(after: BackEnd | None, before: BackEnd | None, *, by: User | None, now: datetime) -> None:
    """Give the APIs at the URLs of *before* and *after*, two states of a back end, what the back end at theirs says.

    Where there is none any more, what *before* said is taken back.
    """
    before = before if before and before.by_url else None
    known = [one for one in (after, before) if one and one.by_url]
    for api in sorted({api for one in known for api in _apis_at(one.url)}, key=lambda one: one.pk):
        if back_end := _at(api.service_url):
            _give(api, back_end, before, by=by, now=now)
        elif before and _has(api, before):
            _give(api, BackEnd(), before, by=by, now=now)


def _apis_at(url: str) -> set[Api]:
    at = Q(service_url=url) | Q(service_url__startswith=f"{url}/")
    return set(Api.objects.filter(at, own_url=None).select_related("certificate").order_by("pk"))


def _at(service_url: str) -> BackEnd | None:
    """Return the back end with the longest URL at or above *service_url*; among equals the first by name."""
    above = [service_url[:end] for end, character in enumerate(service_url) if character == "/"]
    at = BackEnd.objects.filter(url__in=[service_url.rstrip("/"), *above], by_url=True)
    return max(at.select_related("certificate").order_by("name"), key=lambda one: len(one.url), default=None)


def _has(api: Api, back_end: BackEnd) -> bool:
    """Tell whether an API still has the settings of *back_end*, so that nobody has changed them since."""
    flags = ("validate_certificate_chain", "validate_certificate_name")
    return all(getattr(api, flag) == getattr(back_end, flag) for flag in flags) and back_end.certificate_id in {None, api.certificate_id}


def _give(api: Api, back_end: BackEnd, before: BackEnd | None, *, by: User | None, now: datetime) -> Api:
    """Secure an API as *back_end* says. Credentials stay if it has none, unless they came from *before* and nothing else needs them."""
    certificate, credentials = api.certificate, Credentials(api.credentials)
    own = stored(api) if credentials in BESIDE_CERTIFICATE else None  # what is sent beside a certificate is the API's own
    if back_end.certificate:
        certificate, credentials = back_end.certificate, beside(credentials)
    elif certificate and before and certificate.pk == before.certificate_id and not (own and own.needs_no_secret):
        certificate, credentials = None, credentials if own else Credentials.NONE
    chosen = ApiSecurity(
        credentials=credentials,
        certificate=certificate,
        username=api.basic_credentials.shown_username if credentials == Credentials.BASIC else "",
        validate_certificate_chain=back_end.validate_certificate_chain,
        validate_certificate_name=back_end.validate_certificate_name,
        trusted_ca=api.trusted_ca,
        proof=own.proof(None) if own else None,
    )
    wanted = (credentials, certificate, chosen.validate_certificate_chain, chosen.validate_certificate_name)
    if wanted == (Credentials(api.credentials), api.certificate, api.validate_certificate_chain, api.validate_certificate_name):
        return api
    return secure_api(api, chosen, by=by, now=now)
