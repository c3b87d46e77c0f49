"""Versions of certificate entries: listed, rolled back to, their keys destroyed."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from certificates import actions
from certificates.models import Certificate, CertificateVersion, KeyDestroyed
from certificates.rollout import destroying
from certificates.rollout.staying import staying_of
from rest.bodies import Properties
from rest.collection import Collection
from rest.entities.certificates import ANOTHER_PERSON_CONFIRMS
from rest.envelope import Conflict, Fault, Invalid, NotFound
from rest.life.asked import READS, answered, entity, entry_of, listed, sent_by

Entries = Collection[Any, Any]


def answer_versions(collection: Entries, name: str) -> HttpResponse:
    """Answer the versions of an entry, the newest first."""
    row: Certificate = entry_of(collection, name, *READS)
    versions = row.versions.defer("der", "chain", "wrapped_key", "ciphertext").select_related("created_by")
    stay: dict[int, list[str]] = {}
    for number, api in staying_of(row).order_by("name").values_list("stays_with__number", "name"):
        stay.setdefault(number, []).append(api)
    shown = ((one, _shown(row, one) | {"staying": stay.get(one.number, [])}) for one in versions)
    return listed(collection, [entity(collection, row, ("versions", str(one.number)), properties) for one, properties in shown])


def answer_roll_back(collection: Entries, name: str) -> HttpResponse:
    """Make the ``version`` that was sent the current one; answer the entry."""
    row: Certificate = entry_of(collection, name, "POST")
    number = number_in(sent_by(collection))
    try:
        actions.roll_back(row, version=number, by=collection.call.user, now=collection.call.now)
    except CertificateVersion.DoesNotExist:
        raise no_such_version(number) from None
    except KeyDestroyed as destroyed:
        raise Conflict(str(destroyed)) from destroyed
    except actions.AnotherPersonConfirms as refusal:
        raise Conflict(str(ANOTHER_PERSON_CONFIRMS)) from refusal
    return answered(collection, collection.entity(collection.get(name)))


def answer_destroy_key(collection: Entries, name: str, number: str) -> HttpResponse:
    """Destroy the private key of a version that nobody is shown; answer the version."""
    row: Certificate = entry_of(collection, name, "POST", may="delete")
    try:
        destroying.destroy_key(row, version=int(number), by=collection.call.user, now=collection.call.now)
        version = row.versions.get(number=int(number))
    except CertificateVersion.DoesNotExist:
        raise NotFound from None
    except destroying.StillPresented as refusal:
        raise Conflict(
            _("The version is current, an API stays with it, or a gateway presents it in place of the current one.")
        ) from refusal
    return answered(collection, entity(collection, row, ("versions", number), _shown(row, version)))


def number_in(sent: Properties) -> int:
    """Return the number of a version that was sent.

    :raises Invalid: if it is none
    """
    number = sent.values.get("version")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 10**9:
        raise Invalid(Fault("version", _("Send the number of a version.")))
    return number


def no_such_version(number: int) -> Invalid:
    """Return the refusal of a version that an entry does not have."""
    return Invalid(Fault("version", _("The entry has no version %(number)d.") % {"number": number}))


def _shown(row: Certificate, version: CertificateVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "isCurrent": version.pk == row.current_id,
        "subject": version.label,
        "issuer": version.issuer,
        "serialNumber": version.serial,
        "thumbprint": version.thumbprint,
        "thumbprintSha256": version.thumbprint_sha256,
        "notBefore": version.not_before,
        "expirationDate": version.not_after,
        "createdDate": version.created_at,
        "createdBy": version.created_by.get_username() if version.created_by else None,
        "keyDestroyedDate": version.destroyed_at,
    }
