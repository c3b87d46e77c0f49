"""APIs that stay with an earlier version while the others present the current one: their back ends have not accepted that in the try.

They stay until they are moved (:mod:`apis.moving`), also through later switches, in whose tries their back ends are not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef

from certificates.models import ClientCertificate, Kind
from certificates.rollout.trying import still_accepting
from certificates.uses import apis_that_need

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from apis.models import Api
    from certificates.models import Certificate, CertificateVersion
    from certificates.rollout.models import Candidate

_NAMED = 5
_BATCH = 500


class NotTried(Exception):
    """Only what accepts a certificate is to change over, and the try has not ended."""


class NobodyAccepts(Exception):
    """Only what accepts a certificate is to change over, and nothing does."""


def staying_of(certificate: Certificate) -> QuerySet[Api]:
    """Return the APIs that stay with an earlier version of an entry."""
    return apis_that_need(certificate).filter(stays_with__certificate=certificate.pk)


def switching_of(certificate: Certificate) -> QuerySet[Api]:
    """Return the APIs that present another version once the entry is switched to it."""
    return apis_that_need(certificate).filter(stays_with=None)


def would_stay(candidate: Candidate) -> list[Api]:
    """Return the APIs that stay if those alone switch to *candidate* that accept it, locked; what stays already is not among them.

    :raises NotTried: if the try has not ended
    :raises NobodyAccepts: if none would switch
    """
    if not candidate.is_tried:
        raise NotTried
    apis = list(switching_of(candidate.certificate).select_for_update(of=("self",)).order_by("pk"))
    if not (switching := still_accepting(candidate)):
        raise NobodyAccepts
    return [api for api in apis if api.name not in switching]


def keep(apis: Sequence[Api], version: CertificateVersion | None) -> None:
    """Let *apis* stay with *version*, inside the caller's transaction."""
    for start in range(0, len(apis), _BATCH):
        type(apis[0])._default_manager.filter(pk__in=[api.pk for api in apis[start : start + _BATCH]]).update(stays_with=version)


def hold(certificate: Certificate, number: int) -> None:
    """Lock what stays with the version of that *number*, before the entry is locked: who saves an API locks it before its certificate."""
    if certificate.kind == Kind.CLIENT:
        apis = apis_that_need(certificate).filter(stays_with__number=number).select_for_update(of=("self",))
        list(apis.order_by("pk").values_list("pk", flat=True))


def release(certificate: Certificate, version: CertificateVersion) -> None:
    """Let what stays with *version*, which is the current one from now on, be as the others are."""
    if certificate.kind == Kind.CLIENT:
        apis_that_need(certificate).filter(stays_with=version.pk).update(stays_with=None)


def is_kept(version: CertificateVersion) -> bool:
    """Return whether some API stays with *version*."""
    return version.kind == Kind.CLIENT and apis_that_need(version.certificate).filter(stays_with=version.pk).exists()


def is_kept_by_any() -> Exists:
    """Return the condition for versions that some API stays with."""
    apis = ClientCertificate._meta.get_field("apis").related_model  # an app above this one
    return Exists(apis._default_manager.filter(stays_with=OuterRef("pk")))


def kept_versions(certificate: Certificate) -> dict[UUID, int]:
    """Return how many APIs stay with which earlier version of an entry."""
    rows = staying_of(certificate).order_by().values_list("stays_with").annotate(number=Count("pk"))
    return dict(rows)


def named(apis: Sequence[Api]) -> str:
    """Return the names of *apis*, as far as a sentence can hold them."""
    return first_of([api.display_name for api in apis])


def first_of(names: Sequence[str]) -> str:
    """Return the first of many *names*, and how many there are more."""
    return ", ".join(names[:_NAMED]) + (f" … (+{len(names) - _NAMED})" if len(names) > _NAMED else "")
