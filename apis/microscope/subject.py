"""What is tested: an API as it is saved, or as a form that is not saved yet would have it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from urllib.parse import quote

from apis.actions import ApiSecurity
from apis.backends.leading import point
from apis.backends.models import BackEnd
from apis.credentials.keeping import is_stored
from apis.models import Api, Credentials
from apis.named_values.settings import address_of, as_written
from apis.policy.model import AuthenticationBasic, Backend, Policy, Rule
from apis.url_template import ANY_METHOD, sample_of
from certificates.models import CertificateVersion
from certificates.sealing import Secret

_IN_ADDRESSES = "/?%:@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One connection to be tested.

    :ivar api: the row, with what the form says; it is not to be saved
    :ivar is_saved: whether callers meet it like this
    """

    api: Api
    is_saved: bool

    @property
    def backend(self) -> Backend:
        """Where it leads."""
        return self.api.backend()

    @property
    def presented(self) -> CertificateVersion | None:
        """What is presented; ``None``: nothing."""
        if self.api.certificate is None:
            return None
        return self.api.presented

    @property
    def path(self) -> str:
        """What the back end is asked for: what the first operation to read leads to, else the Web service URL itself."""
        operations = self.api.operations.all() if self.api.pk else ()
        operation = next((one for one in operations if one.method in {"GET", ANY_METHOD}), None)
        path = self.backend.path + (sample_of(operation.url_template) if operation else "")
        return quote(path, safe=_IN_ADDRESSES) or "/"


def as_saved(api: Api) -> Subject:
    """Return *api* as callers meet it."""
    return Subject(api=api, is_saved=True)


def with_security(api: Api, chosen: ApiSecurity) -> Subject:
    """Return *api* with what its Security tab says; what is sent to the back end besides a certificate is not sent in a test."""
    changed = _secured(api, chosen)
    return Subject(
        api=changed,
        is_saved=_means_the_same(api, changed) and chosen.password is None and (chosen.proof is None or is_stored(api, chosen.proof)),
    )


def policy_with(api: Api, chosen: ApiSecurity) -> Policy:
    """Return the policy that *api* has once what its Security tab says is saved; without the password or secret of the back end."""
    changed = with_security(api, chosen).api
    sent: Rule | None = chosen.proof
    if chosen.credentials == Credentials.BASIC:
        sent = AuthenticationBasic(username=chosen.username, password=Secret(b""))
    if sent is None:
        return changed.policy()
    # The password or secret that it would open is another one, or none yet.
    changed.credentials = Credentials.CLIENT_CERTIFICATE if changed.certificate else Credentials.NONE
    policy = changed.policy()
    return replace(policy, inbound=(*policy.inbound, sent))


def with_service_url(api: Api, service_url: str) -> Subject:
    """Return *api* with another Web service URL."""
    changed = copy.copy(api)
    changed.service_url = address_of(service_url).text if as_written(service_url) else service_url
    return Subject(api=changed, is_saved=changed.service_url == api.service_url)


def leading_to(api: Api, back_end: BackEnd) -> Subject:
    """Return *api*, which may be one that is not there yet, with its calls led to *back_end* as that is saved."""
    changed = copy.copy(api)
    point(changed, back_end)
    return Subject(api=changed, is_saved=bool(api.pk) and api.back_end_id == back_end.pk)


def new_back_end(service_url: str, chosen: ApiSecurity) -> Subject:
    """Return what nobody uses yet: an API that would be led to *service_url*, with what the form of a back end says."""
    return Subject(api=_secured(Api(service_url=service_url), chosen), is_saved=False)


def _secured(api: Api, chosen: ApiSecurity) -> Api:
    """Return a copy of *api* with what *chosen* says of the connection."""
    changed = copy.copy(api)
    changed.credentials = chosen.credentials
    changed.present(chosen.certificate)
    changed.validate_certificate_chain = chosen.validate_certificate_chain
    changed.validate_certificate_name = chosen.validate_certificate_name and chosen.validate_certificate_chain
    entry = chosen.trusted_authority
    changed.trusted_authority, changed.trusted_ca = entry, chosen.trusted_ca or (entry.current.pem if entry and entry.current else "")
    changed.protocol = chosen.protocol or api.protocol
    changed.asks_later = api.asks_later if chosen.asks_later is None else chosen.asks_later
    changed.older_servers = api.older_servers if chosen.older_servers is None else chosen.older_servers
    return changed


def _means_the_same(api: Api, changed: Api) -> bool:
    return (api.credentials, api.certificate, api.backend()) == (changed.credentials, changed.certificate, changed.backend())
