"""Failed calls by what they have in common: the cause, the API, the certificate that was presented; and whether a version is to blame."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Func, Max, Min, QuerySet, Sum, Window

from apis.models import Api
from apis.policy.failure import OF_THE_CLIENT_CERTIFICATE
from certificates.models import CertificateVersion
from gateway.counts import Span, VersionCount
from gateway.models import FailedCall, FailureKind

_MOST = 50
_MOST_VERSIONS = 20  # before the one in question


class _OfAllGroups(Func):
    """The sum of what an aggregate says of each group; Django's own ``Sum`` takes no aggregate."""

    function = "SUM"
    window_compatible = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Failed calls of one kind.

    :ivar better: the last version of the certificate before this one that the back end took and never refused; ``None``: there was none,
        or the certificate is not to blame
    """

    kind: FailureKind
    api: Api | None
    version: CertificateVersion | None
    calls: int
    first_at: datetime
    last_at: datetime
    better: CertificateVersion | None = None


def causes_of(calls: QuerySet[FailedCall]) -> tuple[list[Cause], int]:
    """Return the causes of *calls*, the most frequent first; and how many calls these are, with those of causes too rare to be told."""
    groups = calls.order_by().values("kind", "api", "presented")
    counted = groups.annotate(calls=Count("pk"), first=Min("at"), last=Max("at"), together=Window(_OfAllGroups(Count("pk"))))
    rows = list(counted.order_by("-calls", "kind", "api", "presented")[:_MOST])
    apis = Api.objects.only("name", "display_name").in_bulk([row["api"] for row in rows if row["api"]])
    told = CertificateVersion.objects.select_related("certificate").only(
        "number", "thumbprint", "certificate__name", "certificate__current"
    )
    versions = told.in_bulk([row["presented"] for row in rows if row["presented"]])
    causes = []
    for row in rows:
        api, version = apis.get(row["api"]), versions.get(row["presented"])
        blamed = row["kind"] in OF_THE_CLIENT_CERTIFICATE and api and version and version.certificate.current_id == version.pk
        causes.append(
            Cause(
                kind=FailureKind(row["kind"]),
                api=api,
                version=version,
                calls=row["calls"],
                first_at=row["first"],
                last_at=row["last"],
                better=_better(api, version) if blamed and api and version else None,
            )
        )
    return causes, int(rows[0]["together"]) if rows else 0


def _better(api: Api, version: CertificateVersion) -> CertificateVersion | None:
    """Return the last version before *version* that the back end of *api* has taken and not refused."""
    others = version.certificate.versions.filter(number__lt=version.number).only("number").order_by("-number")
    before: Collection[CertificateVersion] = others[:_MOST_VERSIONS]
    rows = VersionCount.objects.filter(api=api, version__in=[one.pk for one in before], span=Span.DAY).order_by().values("version")
    sums = rows.annotate(taken=Sum("ok") + Sum("redirected"), refused=Sum("refused_certificate"))
    good = {row["version"] for row in sums if row["taken"] > 0 and row["refused"] <= 0}
    return next((one for one in before if one.pk in good), None)
