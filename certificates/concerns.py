"""What of certificates somebody should look at now: which are in use and have ended or soon will, which do not renew themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Max
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from certificates.kinds import CLIENT_CERTIFICATES, PAGES, SERVER_CERTIFICATES, Pages
from certificates.models import EXPIRES_SOON, Certificate, CertificateQuerySet, Kind
from certificates.rollout.failing import PUT_BACK, candidates
from certificates.rollout.models import Probation
from certificates.rollout.standing import put_back_lately
from certificates.sources.standing import failing
from portal.attention import Concern, Level, Thing

_MOST = 3  # of one kind in lines of their own
_NAMED = 2  # of several in one line


def concerns(now: datetime) -> Iterator[Concern]:
    """Yield what there is; of many that are alike, one line counts the rest."""
    for pages in (CLIENT_CERTIFICATES, SERVER_CERTIFICATES):
        in_use = _presented(pages.model.objects.all()) if pages.presented else pages.model.objects.all()
        yield from _expired(pages, in_use.filter(current__not_after__lte=now))
        soon = in_use.filter(current__not_after__gt=now, current__not_after__lte=now + EXPIRES_SOON)
        yield from _expiring(pages, soon)
    yield from _not_renewing(now)


def _presented(entries: CertificateQuerySet[Any]) -> CertificateQuerySet[Any]:
    """Return those of *entries* that an API presents, each once, without comparing all their columns."""
    return entries.filter(pk__in=entries.filter(apis__isnull=False).order_by().values("pk"))


def _expired(pages: Pages, entries: CertificateQuerySet[Any]) -> Iterator[Concern]:
    """Yield a line for each, as far as there are few."""
    shown = list(entries.select_related("current").order_by("-current__not_after", "name")[: _MOST + 1])
    more = len(shown) > _MOST
    for entry in shown[: _MOST - more]:
        yield Concern(
            level=Level.BAD,
            kind=_("Expired, in use"),
            things=(_thing(pages, entry),),
            words=pages.expired,
            extent=_uses(entry.apis.count()) if pages.presented else "",
            at=entry.current.not_after,
            path=_thing(pages, entry).path,
            action=_("Show"),
            told_to=pages.permission("view"),
        )
    if more:
        rest = entries.count() - (_MOST - 1)
        yield _several(pages, shown[_MOST - 1 :], rest, level=Level.BAD, kind=_("Expired, in use"), state="expired", at=None, apis=None)


def _expiring(pages: Pages, entries: CertificateQuerySet[Any]) -> Iterator[Concern]:
    """Yield one line for all of them."""
    uses = Count("apis") if pages.presented else Count("pk")
    found = entries.order_by().aggregate(number=Count("pk", distinct=True), apis=uses, last=Max("current__not_after"))
    if found["number"]:
        first = entries.select_related("current").order_by("current__not_after", "name")[:_NAMED]
        apis = found["apis"] if pages.presented else None
        at = first[0].current.not_after
        yield _several(
            pages, list(first), found["number"], level=Level.WARN, kind=_("Expiring, in use"), state="expiring", at=at, apis=apis
        )


def _several(  # noqa: PLR0913 - each is a column
    pages: Pages,
    entries: Sequence[Certificate],
    number: int,
    *,
    level: Level,
    kind: Promise,
    state: str,
    at: datetime | None,
    apis: int | None,
) -> Concern:
    """Return one line for several, that leads to all of them. *state*: the list's own word."""
    show = f"{state}-in-use" if pages.presented else state
    named = tuple(_thing(pages, entry) for entry in entries[:_NAMED])
    return Concern(
        level=level,
        kind=kind,
        things=named,
        more=number - len(named),
        extent="" if apis is None else _uses(apis),
        at=at,
        path=f"{reverse(pages.to['index'])}?{urlencode({'show': show, 'sort': 'expires'})}",
        action=ngettext_lazy("Show %(number)d", "Show %(number)d", "number") % {"number": number},
        told_to=pages.permission("view"),
    )


def _not_renewing(now: datetime) -> Iterator[Concern]:
    """Yield whose source fails, whose new version was put back, and whose waits for somebody."""
    for probation in islice(put_back_lately(now=now), _MOST):
        yield _stuck(probation.certificate, Probation.Outcome.PUT_BACK.label, PUT_BACK, at=probation.ended_at, page="detail")
    for source in failing()[:_MOST]:
        yield _stuck(source.certificate, _("Source fails"), source.trouble, at=source.failing_since, page="detail")
    for candidate, reason in islice(candidates(), _MOST):
        yield _stuck(candidate.certificate, _("New version waits"), reason, at=candidate.proposed_at, page="confirm")


def _stuck(entry: Certificate, kind: str | Promise, reason: str | Promise, *, at: datetime | None, page: str) -> Concern:
    pages = PAGES[Kind(entry.kind)]
    return Concern(
        level=Level.WARN,
        kind=kind,
        things=(_thing(pages, entry),),
        words=reason,
        at=at,
        path=reverse(pages.to[page], args=[entry.name]),
        action=_("See why"),
        told_to=pages.permission("view"),
    )


def _thing(pages: Pages, entry: Certificate) -> Thing:
    mark = entry.current.last_four if entry.current else ""
    return Thing(name=entry.name, path=reverse(pages.to["detail"], args=[entry.name]), mark=mark)


def _uses(number: int) -> Any:
    return ngettext_lazy("%(number)s API", "%(number)s APIs", "number") % {"number": number}
