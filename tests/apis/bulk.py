"""Many rows at once, for tests of size: written with as few queries as possible, without going through the actions."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import OuterRef
from django.utils import timezone

from apis.models import Api, Subscription
from certificates.models import CertificateVersion, ClientCertificate


def many_apis(number: int, *, certificate: ClientCertificate | None = None) -> None:
    """Store *number* APIs, all of them presenting *certificate* if one is given."""
    now = timezone.now()
    credentials = "client-certificate" if certificate else "none"
    Api.objects.bulk_create(
        Api(
            name=f"many-{one:05}",
            display_name=f"Many {one:05}",
            path=f"many/{one:05}",
            service_url=f"https://back-end-{one}.example.com",
            credentials=credentials,
            certificate=certificate,
            created_at=now,
            changed_at=now - timedelta(minutes=one),
        )
        for one in range(number)
    )


def many_subscriptions(number: int, api: Api) -> None:
    """Store *number* subscriptions without keys, every other one to *api*."""
    now = timezone.now()
    Subscription.objects.bulk_create(
        Subscription(name=f"many-{one:05}", display_name=f"Many {one:05}", api=api if one % 2 else None, created_at=now)
        for one in range(number)
    )


def many_certificates(number: int, like: CertificateVersion) -> None:
    """Store *number* entries whose only version looks like *like* but for its thumbprint."""
    entries = ClientCertificate.objects.bulk_create(
        ClientCertificate(name=f"many-{one:05}", created_at=like.created_at) for one in range(number)
    )
    CertificateVersion.objects.bulk_create(
        CertificateVersion(
            certificate=entry,
            number=1,
            der=like.der,
            thumbprint=f"{one:040X}",
            thumbprint_sha256=f"{one:064X}",
            label=f"CN=many-{one:05}",
            subject=f"CN=many-{one:05}",
            issuer=like.issuer,
            serial=like.serial,
            key_type=like.key_type,
            not_before=like.not_before,
            not_after=like.not_after,
            created_at=like.created_at,
            ring_key=like.ring_key,
            wrapped_key=like.wrapped_key,
            ciphertext=like.ciphertext,
        )
        for one, entry in enumerate(entries)
    )
    versions = CertificateVersion.objects.filter(certificate=OuterRef("pk"))
    ClientCertificate.objects.filter(name__startswith="many-").update(current=versions.values("pk"))
