"""What every page of an API warns of, as long as it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.hints import Hint
from apis.models import BESIDE_CERTIFICATE, Api, Credentials
from certificates.models import EXPIRES_SOON


def warnings_of(api: Api, *, now: datetime) -> list[Hint]:
    """Return the lasting warnings, those about the certificate first."""
    return [*_of_certificate(api, now), *_of_connection(api)]


def _of_connection(api: Api) -> Iterator[Hint]:
    settings, security = (reverse(f"apis:{tab}", kwargs={"name": api.name}) for tab in ("settings", "security"))
    if not api.has_backend:
        text = _("This API has no Web service URL yet: the gateway answers its calls with 502.")
        yield Hint(text=text, way_out=_("Settings"), url=settings)
        return
    if api.is_plain_http:
        text = _("Calls to the back end are unencrypted, because the Web service URL begins with http://.")
        if api.credentials == Credentials.BASIC:
            text = _("User name and password go to the back end unencrypted, because the Web service URL begins with http://.")
        if api.credentials in BESIDE_CERTIFICATE:
            text = _("What proves the gateway goes to the back end unencrypted, because the Web service URL begins with http://.")
        yield Hint(text=text, way_out=_("Settings"), url=settings)
        return
    if api.older_servers:
        text = _("Older servers are allowed: TLS 1.0 and 1.1 and ciphers that can be broken may protect the calls to the back end.")
        yield Hint(text=text, way_out=_("Security"), url=security)
    if not api.validate_certificate_chain:
        text = _("The back end's certificate is not checked, neither chain nor name: whoever is in between can pose as the back end.")
        yield Hint(text=text, way_out=_("Security"), url=security)
    elif not api.validate_certificate_name:
        text = _("The name in the back end's certificate is not checked: any host with a trusted certificate can pose as it.")
        yield Hint(text=text, way_out=_("Security"), url=security)


def _of_certificate(api: Api, now: datetime) -> Iterator[Hint]:
    if api.certificate is None or (current := api.presented) is None:
        return
    texts: list[str | Promise] = [*current.doubts(now=now)]
    if now <= current.not_after < now + EXPIRES_SOON:
        texts.append(_("The client certificate expires soon."))
    way_out, url = _("Replace it"), reverse("certificates:replace", kwargs={"name": api.certificate.name})
    if api.stays_with_id:  # whatever the entry is replaced by, it stays
        way_out, url = _("Look at it"), f"{reverse('certificates:detail', kwargs={'name': api.certificate.name})}#staying"
    for text in texts:
        yield Hint(text=text, way_out=way_out, url=url)
