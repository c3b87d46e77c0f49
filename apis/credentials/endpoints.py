"""Which token endpoints may be called: under the address rules of Web service URLs, by https alone."""

from __future__ import annotations

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apis.policy.oauth import fault_of_endpoint
from apis.service_url import BadServiceUrl, check, refusals_of_resolved

_BAD_CHARACTERS = _("This holds what no URL does; write it percent-encoded, and the host in ASCII. It has at most 2000 characters.")
_NOT_HTTPS = _("A token endpoint begins with https:// and holds no # part: what is sent there is secret.")


def faults_of_endpoint(url: str) -> list[str | Promise]:
    """Return why nothing may be asked at *url*, in sentences; none: something may."""
    if fault_of_endpoint(url):
        return [_BAD_CHARACTERS if url.lower().startswith("https://") and "#" not in url else _NOT_HTTPS]
    allowed = settings.ALLOWED_BACKEND_NETWORKS
    try:
        place = check(url.partition("?")[0], allowed=allowed)
    except BadServiceUrl as refusal:
        return list(refusal.faults)
    return list(refusals_of_resolved(place.host, allowed=allowed))
