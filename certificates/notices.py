"""Telling people by mail that a certificate expires soon: once per threshold and person, in their language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import ngettext

from certificates.models import Certificate, CertificateVersion, ClientCertificate, ExpiryNotice, ServerCertificate
from portal.preferences import preferences_of

THRESHOLDS = (30, 14, 7, 1, 0)  # days left; 0: it has expired


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What one person has not been told yet."""

    person: User
    certificates: tuple[Certificate, ...]  # the most urgent first; client certificates are annotated with used_by

    @property
    def names(self) -> list[str]:
        """The names of the entries."""
        return [certificate.name for certificate in self.certificates]


def due(*, now: datetime) -> Iterator[Due]:
    """Yield, for everybody who may renew certificates and has a mail address, what they have not been told yet."""
    expiring: list[Certificate] = [
        *ClientCertificate.objects.expiring(now=now).with_use(),
        *ServerCertificate.objects.expiring(now=now).with_current(),
    ]
    expiring.sort(key=lambda one: (_version(one).not_after, one.name))
    people = User.objects.with_perm("certificates.change_clientcertificate", backend="django.contrib.auth.backends.ModelBackend")
    for person in people.exclude(email="").select_related("preferences").order_by("pk"):
        told = set(ExpiryNotice.objects.filter(person=person).values_list("version", "days"))
        untold = tuple(one for one in expiring if (one.current_id, _threshold(_version(one), now)) not in told)
        if untold:
            yield Due(person=person, certificates=untold)


@transaction.atomic
def tell(notice: Due, *, now: datetime) -> None:
    """Mail *notice* and remember it; if the mail cannot be handed over, nothing is remembered.

    :raises OSError: if the mail server does not take it (``smtplib``'s exceptions are among these)
    """
    ExpiryNotice.objects.bulk_create(
        ExpiryNotice(version=_version(one), person=notice.person, days=_threshold(_version(one), now), sent_at=now)
        for one in notice.certificates
    )
    _mail(notice, now).send()


def _threshold(version: CertificateVersion, now: datetime) -> int:
    """Return the narrowest threshold that *version*, which expires within the widest, has passed."""
    left = version.not_after - now
    return min(days for days in THRESHOLDS if left <= timedelta(days=days))


def _mail(notice: Due, now: datetime) -> EmailMessage:
    preferences = preferences_of(notice.person)
    with translation.override((preferences and preferences.language) or settings.LANGUAGE_CODE):
        number = len(notice.certificates)
        subject = ngettext("%d certificate needs renewal", "%d certificates need renewal", number) % number
        body = render_to_string("certificates/expiry_mail.txt", {"certificates": notice.certificates, "now": now})
    return EmailMessage(f"{settings.EMAIL_SUBJECT_PREFIX}{subject}", body, to=[notice.person.email])


def _version(certificate: Certificate) -> CertificateVersion:
    assert certificate.current is not None  # noqa: S101 - an entry is made with its first version
    return certificate.current
