"""Failed calls by what they have in common: the cause, the API, the certificate that was presented; and whether a version is to blame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Func, Max, Min, QuerySet, Sum, Window

from apis.models import Api
from apis.policy.failure import OF_THE_CLIENT_CERTIFICATE
from certificates.models import CertificateVersion
from gateway.counts import Span, VersionCount
from gateway.models import FailedCall, FailureKind

MOST = 25
_MOST_VERSIONS = 20  # before the one in question


class _OfAllGroups(Func):
    """The sum of what an aggregate says of each group; Django's own ``Sum`` takes no aggregate."""

    function = "SUM"
    window_compatible = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Failed calls of one kind.

    :ivar first_at: when the call was made that was noted first; *last_at* likewise
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
    # The first and the last are found by their numbers: to compare the moments of 100,000 calls takes SQLite as long as to count them.
    counted = groups.annotate(calls=Count("*"), first=Min("pk"), last=Max("pk"), together=Window(_OfAllGroups(Count("*"))))
    rows = list(counted.order_by("-calls", "kind", "api", "presented")[:MOST])
    moments = dict(FailedCall.objects.filter(pk__in={row[end] for row in rows for end in ("first", "last")}).values_list("pk", "at"))
    apis = Api.objects.only("name", "display_name").in_bulk([row["api"] for row in rows if row["api"]])
    told = CertificateVersion.objects.select_related("certificate").only(
        "number", "thumbprint", "certificate__name", "certificate__current"
    )
    versions = told.in_bulk([row["presented"] for row in rows if row["presented"]])
    # Old calls are trimmed meanwhile: a cause whose last one is gone is none any more.
    found = [(row, apis.get(row["api"]), versions.get(row["presented"])) for row in rows if row["last"] in moments]
    better = _better([(api, version) for row, api, version in found if row["kind"] in OF_THE_CLIENT_CERTIFICATE and api and version])
    causes = [
        Cause(
            kind=FailureKind(row["kind"]),
            api=api,
            version=version,
            calls=row["calls"],
            first_at=moments.get(row["first"], moments[row["last"]]),
            last_at=moments[row["last"]],
            better=better.get((api, version)),
        )
        for row, api, version in found
    ]
    return causes, int(rows[0]["together"]) if rows else 0


def _better(met: Collection[tuple[Api, CertificateVersion]]) -> dict[tuple[Api | None, CertificateVersion | None], CertificateVersion]:
    """Return the last version before a current one that has *met* refusals which the back end took and never refused, by these two."""
    blamed = [(api, version) for api, version in met if version.number > 1 and version.certificate.current_id == version.pk]
    if not blamed:
        return {}
    others = CertificateVersion.objects.filter(certificate__in={version.certificate_id for _, version in blamed})
    by_certificate: defaultdict[int, list[CertificateVersion]] = defaultdict(list)
    for one in others.only("number", "certificate").order_by("-number"):
        by_certificate[one.certificate_id].append(one)
    before = {
        (api, version): [one for one in by_certificate[version.certificate_id] if one.number < version.number][:_MOST_VERSIONS]
        for api, version in blamed
    }
    counts = VersionCount.objects.filter(api__in=[api for api, _ in blamed], version__in={one for some in before.values() for one in some})
    grouped = counts.filter(span=Span.DAY).order_by().values_list("api", "version")
    sums = grouped.annotate(taken=Sum("ok") + Sum("redirected"), refused=Sum("refused_certificate"))
    good = {(api, version) for api, version, taken, refused in sums if taken > 0 and refused <= 0}
    chosen = {pair: next((one for one in some if (pair[0].pk, one.pk) in good), None) for pair, some in before.items()}
    return {pair: one for pair, one in chosen.items() if one}
