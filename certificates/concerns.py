"""What of certificates somebody should look at now: which are in use and have ended or soon will, which do not renew themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import nsmallest
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from certificates.endings import Ending, endings
from certificates.kinds import CLIENT_CERTIFICATES, PAGES, SERVER_CERTIFICATES, Pages
from certificates.models import Certificate, Kind
from certificates.rollout.failing import PUT_BACK, candidates
from certificates.rollout.models import Probation
from certificates.rollout.standing import put_back_lately
from certificates.sources.standing import failing
from portal.attention import Concern, Level, Thing

_MOST = 3  # of one kind in lines of their own
_NAMED = 2  # of several in one line


def concerns(now: datetime) -> Iterator[Concern]:
    """Yield what there is; of many that are alike, one line counts the rest."""
    by_kind = endings()
    for pages in (CLIENT_CERTIFICATES, SERVER_CERTIFICATES):
        ends = by_kind[pages.model.KIND]
        in_use = ends.used if pages.presented else ends
        yield from _expired(pages, in_use.expired(now))
        yield from _expiring(pages, in_use.expiring(now))
    yield from _not_renewing(now)


def _expired(pages: Pages, ends: Sequence[Ending]) -> Iterator[Concern]:
    """Yield a line for each, as far as there are few."""
    shown = nsmallest(_MOST + 1, ends, key=lambda one: (-one.at.timestamp(), one.name))
    more = len(shown) > _MOST
    for one in shown[: _MOST - more]:
        yield Concern(
            level=Level.BAD,
            kind=_("Expired, in use"),
            things=(_ended(pages, one),),
            words=pages.expired,
            extent=_uses(one.used_by) if pages.presented else "",
            at=one.at,
            path=_ended(pages, one).path,
            action=_("Show"),
            told_to=pages.permission("view"),
        )
    if more:
        rest = len(ends) - (_MOST - 1)
        yield _several(pages, shown[_MOST - 1 :], rest, level=Level.BAD, kind=_("Expired, in use"), state="expired", at=None, apis=None)


def _expiring(pages: Pages, ends: Sequence[Ending]) -> Iterator[Concern]:
    """Yield one line for all of them."""
    if ends:
        apis = sum(one.used_by for one in ends) if pages.presented else None
        yield _several(pages, ends, len(ends), level=Level.WARN, kind=_("Expiring, in use"), state="expiring", at=ends[0].at, apis=apis)


def _several(  # noqa: PLR0913 - each is a column
    pages: Pages,
    ends: Sequence[Ending],
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
    named = tuple(_ended(pages, one) for one in ends[:_NAMED])
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
    return _named(pages, entry.name, entry.current.last_four if entry.current else "")


def _ended(pages: Pages, one: Ending) -> Thing:
    return _named(pages, one.name, one.mark)


def _named(pages: Pages, name: str, mark: str) -> Thing:
    return Thing(name=name, path=reverse(pages.to["detail"], args=[name]), mark=mark)


def _uses(number: int) -> Any:
    return ngettext_lazy("%(number)s API", "%(number)s APIs", "number") % {"number": number}
