"""Changes to APIs: settings, security, deletion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from django.db import transaction

from apis.actions import facts
from apis.actions.passwords import set_password
from apis.actions.refusals import NotOverHttp
from apis.actions.rows import locked, save, save_changed
from apis.backends.leading import BelongsToBackEnd, Lead, lead
from apis.credentials.keeping import keep, stored
from apis.models import BESIDE_CERTIFICATE, Api, BasicCredentials, Credentials
from apis.named_values.settings import address_of, as_written, hold
from apis.policy.model import Protocol
from apis.policy.proofs import Proof
from apis.trust import trusted
from certificates.authorities.models import Authority
from certificates.models import ClientCertificate
from certificates.sealing import Secret
from portal.activity import differences, record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What the Settings tab holds, checked by the form or the REST body."""

    display_name: str
    service_url: str  # as it was written, where it names values
    path: str
    description: str = ""
    subscription_required: bool = True
    key_header: str | None = None  # None: as it is
    key_query: str | None = None
    leads_to: Lead | None = None  # None: as it is

    @classmethod
    def of(cls, api: Api) -> Self:
        """Return what *api* has now."""
        names = ("display_name", "path", "description", "subscription_required", "key_header", "key_query")
        return cls(service_url=api.written_address, **{name: getattr(api, name) for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSecurity:
    """What the Security tab holds, checked by the form or the REST body."""

    credentials: Credentials
    certificate: ClientCertificate | None = None
    username: str = ""
    password: Secret | None = None  # None: keep the one that is stored
    literal: bool = False  # neither names values, which are put in already
    proof: Proof | None = None  # what is sent with credentials of its kind
    validate_certificate_chain: bool = True
    validate_certificate_name: bool = True
    trusted_ca: str = ""  # becomes an entry, or is one
    trusted_authority: Authority | None = None  # or an entry, whose certificates count in place of the text
    protocol: Protocol | None = None  # None: as it is
    asks_later: bool | None = None
    older_servers: bool | None = None

    @classmethod
    def of(cls, api: Api) -> Self:
        """Return what *api* has now; its password or secret stays."""
        basic = BasicCredentials.objects.filter(api=api).only("username", "written_username").first()
        secret = stored(api)
        return cls(
            credentials=Credentials(api.credentials),
            certificate=api.certificate,
            username=basic.shown_username if basic else "",
            proof=secret.proof(None) if secret else None,
            validate_certificate_chain=api.validate_certificate_chain,
            validate_certificate_name=api.validate_certificate_name,
            trusted_ca="" if api.trusted_authority else api.trusted_ca,
            trusted_authority=api.trusted_authority,
        )


@transaction.atomic
def create_api(name: str, chosen: ApiSettings, *, counted: bool = False, by: User | None, now: datetime) -> Api:
    """Add an API. It presents no credentials and lets no call through until it has operations.

    :param counted: whether its calls are counted by subscription
    :raises Taken: if another API bears the name or has the URL suffix
    :raises apis.named_values.settings.Unusable: if the Web service URL names a value that cannot stand there
    :raises BackEnd.DoesNotExist: if the back end that is chosen is gone
    """
    hold(chosen.service_url)
    leads_to = chosen.leads_to and chosen.leads_to.locked()
    api = Api(name=name, count_by_subscription=counted, created_at=now, changed_at=now, changed_by=by)
    _apply_settings(api, chosen)
    save(api, "name", "path")
    if leads_to:
        lead(api, leads_to)
        save(api)
    record(Event.API_CREATED, api, by=by, at=now, changes=differences({}, facts.of_new_api(api)), path=api.path)
    return api


@transaction.atomic
def change_api(api: Api, chosen: ApiSettings, *, revision: int | None = None, by: User | None, now: datetime) -> Api:
    """Change an API's settings. One that leaves a back end leaves its credentials behind, too.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises EditedMeanwhile: if it has another revision by now
    :raises Taken: if another API has the URL suffix
    :raises apis.named_values.settings.Unusable: if the Web service URL names a value that cannot stand there
    :raises NotOverHttp: if it presents a client certificate and the Web service URL is http
    :raises BackEnd.DoesNotExist: if the back end that is chosen is gone
    """
    hold(chosen.service_url)
    leads_to = chosen.leads_to and chosen.leads_to.locked()
    api = locked(api, revision)
    before = facts.of_api(api)
    _apply_settings(api, chosen)
    hidden = lead(api, leads_to) if leads_to else {}
    _refuse_certificate_over_http(api)
    save_changed(api, by=by, now=now)
    changes = differences(before, facts.of_api(api), hidden=hidden)
    record(Event.API_CHANGED, api, by=by, at=now, changes=changes, path=api.path, service_url=api.service_url)
    return api


@transaction.atomic
def lead_api(api: Api, to: Lead, *, revision: int | None = None, by: User | None, now: datetime) -> Api:
    """Lead an API's calls elsewhere, or back to its own address.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises EditedMeanwhile: if it has another revision by now
    :raises NotOverHttp: if it presents a client certificate and is called by http then
    :raises BackEnd.DoesNotExist: if the back end is gone
    """
    to = to.locked()
    api = locked(api, revision)
    before = facts.of_api(api)
    hidden = lead(api, to)
    _refuse_certificate_over_http(api)
    save_changed(api, by=by, now=now)
    changes = differences(before, facts.of_api(api), hidden=hidden)
    record(Event.API_CHANGED, api, by=by, at=now, changes=changes, path=api.path, service_url=api.service_url)
    return api


@transaction.atomic
def secure_api(api: Api, chosen: ApiSecurity, *, revision: int | None = None, by: User | None, now: datetime) -> Api:
    """Change how the gateway proves itself to the API's back end, and how it checks the back end.

    Names are checked only together with the chain (Envoy cannot check a name alone), so without the chain both are off.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises EditedMeanwhile: if it has another revision by now
    :raises NotOverHttp: if a client certificate is chosen and the Web service URL is http
    :raises BelongsToBackEnd: if it uses a back end, whose these are
    :raises PasswordMissing: if the stored password or secret is to be kept and none is stored
    :raises apis.named_values.settings.Unusable: see :func:`apis.actions.passwords.set_password`
    :raises ClientCertificate.DoesNotExist: if the certificate is gone
    :raises Authority.DoesNotExist: if the trusted authority is gone
    """
    hold(chosen.username, chosen.password.value.decode() if chosen.password else "")
    found = trusted(chosen.trusted_ca, chosen.trusted_authority, by=by, now=now)
    api = locked(api, revision)
    if api.back_end:
        raise BelongsToBackEnd(api.back_end)
    before = facts.of_api(api)
    api.credentials = chosen.credentials
    presents = chosen.credentials in {Credentials.CLIENT_CERTIFICATE, *BESIDE_CERTIFICATE}
    api.present(_kept(chosen.certificate) if presents else None)
    api.validate_certificate_chain = chosen.validate_certificate_chain
    api.validate_certificate_name = chosen.validate_certificate_chain and chosen.validate_certificate_name
    api.trusted_ca, api.trusted_authority = found.pem, found.entry
    for name in ("protocol", "asks_later", "older_servers"):
        if (value := getattr(chosen, name)) is not None:
            setattr(api, name, value)
    _refuse_certificate_over_http(api)
    hidden = {"password": set_password(BasicCredentials, chosen, literal=chosen.literal, api=api), "secret": keep(api, chosen.proof)}
    save_changed(api, by=by, now=now)
    found.tell(by=by, now=now)
    record(
        Event.API_SECURED,
        api,
        by=by,
        at=now,
        changes=differences(before, facts.of_api(api), hidden=hidden),
        credentials=chosen.credentials.value,
        certificate=api.certificate.name if api.certificate else None,
        validate_certificate_chain=api.validate_certificate_chain,
        validate_certificate_name=api.validate_certificate_name,
        protocol=api.protocol,
        asks_later=api.asks_later,
        older_servers=api.older_servers,
    )
    return api


@transaction.atomic
def delete_api(api: Api, *, by: User | None, now: datetime) -> None:
    """Delete an API with its operations and the subscriptions that open nothing else."""
    api = locked(api)
    subscriptions = list(api.subscriptions.order_by("name").values_list("name", flat=True))
    changes = differences(facts.of_api(api), {})
    record(Event.API_DELETED, api, by=by, at=now, changes=changes, path=api.path, subscriptions=subscriptions)
    api.delete()


def _kept(certificate: ClientCertificate | None) -> ClientCertificate | None:
    """Return the entry as it is now, locked, so that nobody deletes it before the API points at it."""
    return ClientCertificate.objects.select_for_update().get(pk=certificate.pk) if certificate else None


def _apply_settings(api: Api, chosen: ApiSettings) -> None:
    api.display_name = chosen.display_name
    api.written_url = as_written(chosen.service_url)
    own = address_of(chosen.service_url).text if api.written_url else chosen.service_url
    if api.own_url is None:
        api.service_url = own
    else:  # calls go elsewhere
        api.own_url = own
    api.path = chosen.path
    api.description = chosen.description
    api.subscription_required = chosen.subscription_required
    if chosen.key_header is not None:
        api.key_header = chosen.key_header
    if chosen.key_query is not None:
        api.key_query = chosen.key_query


def _refuse_certificate_over_http(api: Api) -> None:
    if api.certificate and api.is_plain_http:
        raise NotOverHttp
