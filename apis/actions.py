"""Every change to APIs, operations and subscriptions: one function per change, rows and activity line in one transaction."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from apis.models import Api, BasicCredentials, Credentials, KeyKind, Operation, Subscription, SubscriptionKey, SubscriptionState
from apis.url_template import shape_of
from certificates.sealing import Secret
from portal.activity import record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from certificates.models import ClientCertificate


class EditedMeanwhile(Exception):
    """Somebody else saved the API after the editor had opened it.

    :ivar api: the API as it is now; ``changed_by`` and ``changed_at`` say who and when
    """

    def __init__(self, api: Api) -> None:
        """Hold the API."""
        super().__init__(f"The API {api.name} was changed meanwhile.")
        self.api = api


class KeyTaken(Exception):
    """A given subscription key is another subscription's."""


class Taken(Exception):
    """Something else of the kind bears the name, the URL suffix or the signature already.

    :ivar field: ``name``, ``path`` or ``url_template``
    """

    def __init__(self, field: str, value: str) -> None:
        """Hold what is taken."""
        super().__init__(f"{value} is taken already.")
        self.field = field


class NotOverHttp(Exception):
    """A client certificate is presented in a TLS handshake, so it cannot go with an http Web service URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What the Settings tab holds, checked by the form or the REST body."""

    display_name: str
    service_url: str
    path: str
    description: str = ""
    subscription_required: bool = True
    key_header: str | None = None  # None: as it is
    key_query: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSecurity:
    """What the Security tab holds, checked by the form or the REST body."""

    credentials: Credentials
    certificate: ClientCertificate | None = None
    username: str = ""
    password: Secret | None = None  # None: keep the one that is stored
    validate_certificate_chain: bool = True
    validate_certificate_name: bool = True
    trusted_ca: str = ""


@transaction.atomic
def create_api(name: str, chosen: ApiSettings, *, by: User | None, now: datetime) -> Api:
    """Add an API. It presents no credentials and lets no call through until it has operations.

    :raises Taken: if another API bears the name or has the URL suffix
    """
    api = Api(name=name, created_at=now, changed_at=now, changed_by=by)
    _apply_settings(api, chosen)
    _save(api, "name", "path")
    record(Event.API_CREATED, api, by=by, at=now, path=api.path)
    return api


@transaction.atomic
def change_api(api: Api, chosen: ApiSettings, *, revision: int | None = None, by: User | None, now: datetime) -> Api:
    """Change an API's settings.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises EditedMeanwhile: if it has another revision by now
    :raises Taken: if another API has the URL suffix
    :raises NotOverHttp: if it presents a client certificate and the Web service URL is http
    """
    api = _locked(api, revision)
    _apply_settings(api, chosen)
    _refuse_certificate_over_http(api)
    _save_changed(api, by=by, now=now)
    record(Event.API_CHANGED, api, by=by, at=now, path=api.path, service_url=api.service_url)
    return api


@transaction.atomic
def secure_api(api: Api, chosen: ApiSecurity, *, revision: int | None = None, by: User | None, now: datetime) -> Api:
    """Change how the gateway proves itself to the API's back end, and how it checks the back end.

    Names are checked only together with the chain (Envoy cannot check a name alone), so without the chain both are off.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises EditedMeanwhile: if it has another revision by now
    :raises NotOverHttp: if a client certificate is chosen and the Web service URL is http
    """
    api = _locked(api, revision)
    api.credentials = chosen.credentials
    api.certificate = chosen.certificate if chosen.credentials == Credentials.CLIENT_CERTIFICATE else None
    api.validate_certificate_chain = chosen.validate_certificate_chain
    api.validate_certificate_name = chosen.validate_certificate_chain and chosen.validate_certificate_name
    api.trusted_ca = chosen.trusted_ca
    _refuse_certificate_over_http(api)
    _set_basic_credentials(api, chosen)
    _save_changed(api, by=by, now=now)
    record(
        Event.API_SECURED,
        api,
        by=by,
        at=now,
        credentials=chosen.credentials.value,
        certificate=api.certificate.name if api.certificate else None,
        validate_certificate_chain=api.validate_certificate_chain,
        validate_certificate_name=api.validate_certificate_name,
    )
    return api


@transaction.atomic
def delete_api(api: Api, *, by: User | None, now: datetime) -> None:
    """Delete an API with its operations and the subscriptions that open nothing else."""
    api = _locked(api, None)
    subscriptions = list(api.subscriptions.order_by("name").values_list("name", flat=True))
    record(Event.API_DELETED, api, by=by, at=now, path=api.path, subscriptions=subscriptions)
    api.delete()


@transaction.atomic
def add_operation(
    api: Api, *, name: str, display_name: str, method: str, url_template: str, description: str = "", by: User | None, now: datetime
) -> Operation:
    """Let calls through that match *method* (``*`` = any) and *url_template*.

    :raises Taken: if another operation of the API bears the name or matches the same calls
    """
    api = _locked(api, None)
    operation = Operation(api=api, name=name, display_name=display_name, method=method, url_template=url_template, description=description)
    _refuse_second_signature(operation)
    _save(operation, "name")
    _save_changed(api, by=by, now=now)
    record(Event.OPERATION_ADDED, api, by=by, at=now, operation=name, method=method, url_template=url_template)
    return operation


@transaction.atomic
def change_operation(
    operation: Operation, *, display_name: str, method: str, url_template: str, description: str = "", by: User | None, now: datetime
) -> Operation:
    """Change what an operation matches and how it is called.

    :raises Taken: if another operation of the API matches the same calls
    """
    api = _locked(operation.api, None)
    operation.display_name = display_name
    operation.method = method
    operation.url_template = url_template
    operation.description = description
    operation.revision += 1
    _refuse_second_signature(operation)
    operation.save()
    _save_changed(api, by=by, now=now)
    record(Event.OPERATION_CHANGED, api, by=by, at=now, operation=operation.name, method=method, url_template=url_template)
    return operation


@transaction.atomic
def delete_operation(operation: Operation, *, by: User | None, now: datetime) -> None:
    """Let no more calls through that only this operation matched."""
    api = _locked(operation.api, None)
    _save_changed(api, by=by, now=now)
    record(Event.OPERATION_DELETED, api, by=by, at=now, operation=operation.name)
    operation.delete()


@transaction.atomic
def create_subscription(
    *,
    name: str,
    display_name: str,
    api: Api | None,
    state: SubscriptionState = SubscriptionState.ACTIVE,
    keys: dict[KeyKind, str] | None = None,
    by: User | None,
    now: datetime,
) -> Subscription:
    """Add a subscription to one API, or to all (``api=None``).

    :param keys: keys brought along; a missing one is made
    :raises KeyTaken: if a brought key is in use
    :raises Taken: if another subscription bears the name
    """
    subscription = Subscription(name=name, display_name=display_name, api=api, state=state, created_at=now)
    _save(subscription, "name")
    for kind in KeyKind:
        _set_key(subscription, kind, (keys or {}).get(kind) or new_subscription_key())
    record(Event.SUBSCRIPTION_CREATED, subscription, by=by, at=now, api=api.name if api else None)
    return subscription


@transaction.atomic
def change_subscription(
    subscription: Subscription,
    *,
    display_name: str,
    api: Api | None,
    keys: dict[KeyKind, str] | None = None,
    by: User | None,
    now: datetime,
) -> Subscription:
    """Change a subscription's name, scope and, where brought, its keys.

    :raises KeyTaken: if a brought key is in use
    """
    subscription.display_name = display_name
    subscription.api = api
    subscription.revision += 1
    subscription.save()
    for kind, key in (keys or {}).items():
        _set_key(subscription, kind, key)
    record(Event.SUBSCRIPTION_CHANGED, subscription, by=by, at=now, api=api.name if api else None)
    return subscription


@transaction.atomic
def set_subscription_state(subscription: Subscription, state: SubscriptionState, *, by: User | None, now: datetime) -> Subscription:
    """Suspend a subscription (its keys open nothing until it is activated again) or activate it."""
    subscription.state = state
    subscription.revision += 1
    subscription.save(update_fields=["state", "revision"])
    event = Event.SUBSCRIPTION_SUSPENDED if state == SubscriptionState.SUSPENDED else Event.SUBSCRIPTION_ACTIVATED
    record(event, subscription, by=by, at=now)
    return subscription


@transaction.atomic
def show_keys(subscription: Subscription, *, by: User | None, now: datetime) -> dict[KeyKind, Secret]:
    """Return both keys and note who has seen them."""
    keys = {KeyKind(key.kind): key.unseal() for key in subscription.keys.all()}
    record(Event.SUBSCRIPTION_KEY_SHOWN, subscription, by=by, at=now)
    return keys


@transaction.atomic
def regenerate_key(subscription: Subscription, kind: KeyKind, *, by: User | None, now: datetime) -> None:
    """Make a new key; the old one opens nothing from now on."""
    _set_key(subscription, kind, new_subscription_key())
    subscription.revision += 1
    subscription.save(update_fields=["revision"])
    record(Event.SUBSCRIPTION_KEY_REGENERATED, subscription, by=by, at=now, key=kind.value)


@transaction.atomic
def delete_subscription(subscription: Subscription, *, by: User | None, now: datetime) -> None:
    """Delete a subscription; its keys open nothing from now on."""
    record(Event.SUBSCRIPTION_DELETED, subscription, by=by, at=now)
    subscription.delete()


def new_subscription_key() -> str:
    """Return a key: 32 lower-case hex digits, 128 random bits."""
    return secrets.token_hex(16)


def _locked(api: Api, revision: int | None) -> Api:
    api = Api.objects.select_for_update().get(pk=api.pk)
    if revision is not None and api.revision != revision:
        raise EditedMeanwhile(api)
    return api


def _apply_settings(api: Api, chosen: ApiSettings) -> None:
    api.display_name = chosen.display_name
    api.service_url = chosen.service_url
    api.path = chosen.path
    api.description = chosen.description
    api.subscription_required = chosen.subscription_required
    if chosen.key_header is not None:
        api.key_header = chosen.key_header
    if chosen.key_query is not None:
        api.key_query = chosen.key_query


def _save_changed(api: Api, *, by: User | None, now: datetime) -> None:
    api.revision += 1
    api.changed_at = now
    api.changed_by = by
    _save(api, "path")


def _save(row: Api | Operation | Subscription, *fields: str) -> None:
    """Save *row*; the database decides races.

    :raises Taken: naming the one of the unique *fields* that another row of the kind (operations: of the API) holds
    """
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        rivals: QuerySet[Any] = type(row)._default_manager.exclude(pk=row.pk)
        if isinstance(row, Operation):
            rivals = rivals.filter(api=row.api)
        for field in fields:
            if rivals.filter(**{field: getattr(row, field)}).exists():
                raise Taken(field, getattr(row, field)) from error
        raise


def _refuse_second_signature(operation: Operation) -> None:
    """Parameters match whatever they are called. No race: the caller has locked the API."""
    shape = shape_of(operation.url_template)
    others = Operation.objects.filter(api=operation.api, method=operation.method).exclude(pk=operation.pk)
    for template in others.values_list("url_template", flat=True):
        if shape_of(template) == shape:
            raise Taken("url_template", str(operation))


def _refuse_certificate_over_http(api: Api) -> None:
    if api.credentials == Credentials.CLIENT_CERTIFICATE and api.is_plain_http:
        raise NotOverHttp


def _set_basic_credentials(api: Api, chosen: ApiSecurity) -> None:
    """Store, keep or forget the user name and password."""
    stored = BasicCredentials.objects.filter(api=api).first()
    if chosen.credentials != Credentials.BASIC:
        if stored:
            stored.delete()
        return
    if chosen.password is None:
        if stored is None:
            reason = "Basic credentials need a password."
            raise ValueError(reason)
        stored.username = chosen.username
        stored.save()
        return
    if stored:
        stored.delete()
    fresh = BasicCredentials(api=api, username=chosen.username)
    fresh.seal(chosen.password)
    fresh.save()


def _set_key(subscription: Subscription, kind: KeyKind, key: str) -> None:
    digest = SubscriptionKey.digest_of(key)
    if SubscriptionKey.objects.filter(digest=digest).exclude(subscription=subscription, kind=kind).exists():
        raise KeyTaken
    SubscriptionKey.objects.filter(subscription=subscription, kind=kind).delete()
    fresh = SubscriptionKey(subscription=subscription, kind=kind, digest=digest)
    fresh.seal(Secret(key.encode()))
    fresh.save()
