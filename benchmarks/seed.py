"""Fills a portal's database by bulk inserts: what ten thousand uploads would leave behind, in seconds. Needs Django to be set up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from apis.models import Api, Credentials, KeyKind, Operation, Subscription, SubscriptionKey
from benchmarks.plan import TEMPLATES, Plan, api_name, certificate_name, key_of, operation_name, subscription_name
from certificates.facts import Facts
from certificates.models import CertificateVersion, ClientCertificate
from certificates.sealing import Secret
from gateway.counts import ApiCount, Span
from kit.issuing import Issued, issue

_BATCH = 500
_HOURS_OF_COUNTS = 48  # twice what the dashboard shows


@transaction.atomic
def fill(plan: Plan, *, backend_url: str, authority: Issued, now: datetime) -> None:
    """Make what *plan* says in an empty database.

    :param backend_url: the Web service URL of every API
    :param authority: issues all client certificates, and is whom all APIs trust
    """
    certificates = _certificates(plan.certificates, authority, now)
    apis = Api.objects.bulk_create(
        (_api(number, certificate, backend_url, authority.pem, now) for number, certificate in enumerate(certificates[: plan.apis])), _BATCH
    )
    Operation.objects.bulk_create(_operations(apis, plan), _BATCH)
    _subscriptions(plan.keys // len(KeyKind), apis, now)
    ApiCount.objects.bulk_create(_counts(apis, now), _BATCH)


def _certificates(number: int, authority: Issued, now: datetime) -> Sequence[ClientCertificate]:
    versions = [_version(certificate_name(one), authority, now) for one in range(number)]
    # The database checks at the end of the transaction that each entry's version exists.
    entries = ClientCertificate.objects.bulk_create(
        (ClientCertificate(name=certificate_name(one), current=version, created_at=now) for one, version in enumerate(versions)), _BATCH
    )
    for entry, version in zip(entries, versions, strict=True):
        version.certificate = entry
    CertificateVersion.objects.bulk_create(versions, _BATCH)
    return entries


def _version(name: str, authority: Issued, now: datetime) -> CertificateVersion:
    issued = issue(name, by=authority)
    facts = Facts.of(issued.der)
    version = CertificateVersion(
        number=1,
        der=issued.der,
        thumbprint=facts.thumbprint,
        thumbprint_sha256=facts.thumbprint_sha256,
        label=facts.subject,
        subject=facts.subject,
        issuer=facts.issuer,
        serial=facts.serial,
        key_type=facts.key_type,
        not_before=facts.not_before,
        not_after=facts.not_after,
        created_at=now,
    )
    version.seal(Secret(issued.key_der))
    return version


def _api(number: int, certificate: ClientCertificate, backend_url: str, trusted_ca: str, now: datetime) -> Api:
    name = api_name(number)
    return Api(
        name=name,
        display_name=name,
        path=name,
        service_url=backend_url,
        credentials=Credentials.CLIENT_CERTIFICATE,
        certificate=certificate,
        trusted_ca=trusted_ca,
        created_at=now,
        changed_at=now,
    )


def _operations(apis: Sequence[Api], plan: Plan) -> Iterator[Operation]:
    for api in apis:
        for template in TEMPLATES[-plan.operations :]:
            yield Operation(api=api, name=operation_name(template), display_name=template, method=plan.method, url_template=template)


def _counts(apis: Sequence[Api], now: datetime) -> Iterator[ApiCount]:
    current = Span.HOUR.begin(now)
    for ago in range(_HOURS_OF_COUNTS):
        hour = current - timedelta(hours=ago)
        for number, api in enumerate(apis):
            yield ApiCount(api=api, span=Span.HOUR, at=hour, last_at=hour, ok=number % 97, no_answer=number % 3)


def _subscriptions(number: int, apis: Sequence[Api], now: datetime) -> None:
    subscriptions = Subscription.objects.bulk_create(
        (
            Subscription(
                name=subscription_name(one),
                display_name=subscription_name(one),
                api=apis[one // 2 % len(apis)] if one % 2 else None,
                created_at=now,
            )
            for one in range(number)
        ),
        _BATCH,
    )
    SubscriptionKey.objects.bulk_create(
        (_key(subscription, kind, key_of(one, kind)) for one, subscription in enumerate(subscriptions) for kind in KeyKind), _BATCH
    )


def _key(subscription: Subscription, kind: KeyKind, key: str) -> SubscriptionKey:
    row = SubscriptionKey(subscription=subscription, kind=kind, digest=SubscriptionKey.digest_of(key))
    row.seal(Secret(key.encode()))
    return row
