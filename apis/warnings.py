"""What every page of an API warns of, as long as it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.models import Api, Credentials
from certificates.models import EXPIRES_SOON


def warnings_of(api: Api, *, now: datetime) -> list[Promise]:
    """Return one sentence per lasting warning, the gravest first."""
    return [*_of_certificate(api, now), *_of_connection(api)]


def _of_connection(api: Api) -> Iterator[Promise]:
    if api.is_plain_http:
        if api.credentials == Credentials.BASIC:
            yield _("The user name and password go to the back end unencrypted, because the Web service URL begins with http://.")
        else:
            yield _("Calls to the back end are unencrypted, because the Web service URL begins with http://.")
    elif not api.validate_certificate_chain:
        yield _("The back end's certificate is not checked, neither chain nor name: whoever is in between can pose as the back end.")
    elif not api.validate_certificate_name:
        yield _("The name in the back end's certificate is not checked: any host with a trusted certificate can pose as it.")


def _of_certificate(api: Api, now: datetime) -> Iterator[Promise]:
    current = api.certificate.current if api.certificate else None
    if current is None:
        return
    if current.not_after < now:
        yield _("The client certificate has expired; back ends usually refuse it. Replace it.")
    elif current.not_before > now:
        yield _("The client certificate is not valid yet; back ends usually refuse it until then.")
    elif current.not_after < now + EXPIRES_SOON:
        yield _("The client certificate expires soon; replace it before that.")
