"""Which APIs depend on a server certificate: those limited to host names that no other certificate is for."""

from __future__ import annotations

from django.db.models import QuerySet

from apis.models import Api
from certificates.host_names import covers
from certificates.models import Certificate, ServerCertificate


def apis_on_hosts_of(certificate: Certificate) -> QuerySet[Api]:
    """Return the APIs that may be called only under names of *certificate* which are in no other current one."""
    entries = ServerCertificate.objects.filter(current__isnull=False).select_related("current")
    names = {entry.pk: entry.current.path[0].host_names for entry in entries if entry.current}
    own = names.pop(certificate.pk, ())
    others = [name for listed in names.values() for name in listed]
    dependent = [pk for pk, hosts in Api.objects.exclude(hosts=[]).values_list("pk", "hosts") if _depends(hosts, own, others)]
    return Api.objects.filter(pk__in=dependent)


def _depends(hosts: list[str], own: tuple[str, ...], others: list[str]) -> bool:
    ours = [host for host in hosts if any(covers(name, host) for name in own)]
    return any(not any(covers(name, host) for name in others) for host in ours)
