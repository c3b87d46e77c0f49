"""The lists of certificates: columns, chips, and which of the rows an address names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from certificates.endings import endings
from certificates.kinds import Pages
from certificates.models import EXPIRES_SOON, Certificate, ClientCertificate, folded, holding_words
from certificates.rollout.models import Candidate
from certificates.sources.models import Source
from certificates.uses import refused_where_presented
from portal.entered_chips import entered
from portal.http import PortalRequest
from portal.listing import ALL, Chip, Column, Listing, listing, narrowed, offering

_COLUMNS = (
    Column(key="name", label=_("Name"), field="name", may_hide=False),
    Column(key="subject", label=_("Subject"), field="current__label", may_hide=False),
    Column(key="thumbprint", label=_("Thumbprint"), field="current__thumbprint"),
    Column(key="issuer", label=_("Issuer"), field="current__issuer", room="wide"),
    Column(key="expires", label=_("Expires"), field="current__not_after"),
)
_USE = Column(key="used", label=_("In use by"), field="used_by")


def _expired() -> Q:
    return Q(current__not_after__lte=timezone.now())


def _expiring() -> Q:
    return Q(current__not_after__gt=timezone.now(), current__not_after__lte=timezone.now() + EXPIRES_SOON)


def _failing() -> Q:
    """Return the condition for those that do not renew themselves as they should."""
    sources = Source.objects.filter(failing_since__isnull=False)
    return Q(pk__in=sources.values("certificate")) | Q(pk__in=Candidate.objects.exclude(trouble="").values("certificate"))


def _used() -> Q:
    apis = ClientCertificate._meta.get_field("apis").related_model  # an app above this one
    return Q(pk__in=apis._default_manager.filter(certificate__isnull=False).order_by().values("certificate"))


def _own_chips(pages: Pages) -> Iterator[Chip]:
    ends, now = endings()[pages.model.KIND], timezone.now()
    yield Chip(key="expired", label=_("Expired"), condition=_expired, known=len(ends.expired(now)), tone="bad")
    yield Chip(key="expiring", label=_("30 days or less"), condition=_expiring, known=len(ends.expiring(now)), tone="warn")
    if pages.presented:
        yield Chip(key="failing", label=_("Failing"), condition=lambda: _failing() | refused_where_presented(), tone="bad")
        yield Chip(key="unused", label=_("Not used"), condition=lambda: ~_used(), known=len(ends.unused))
    else:
        yield Chip(key="failing", label=_("Failing"), condition=_failing, tone="bad")


_ENDING_IN_USE = (  # what the dashboard leads to; there only while they are asked for
    Chip(key="expired-in-use", label=_("Expired, in use"), condition=lambda: _expired() & _used(), tone="bad"),
    Chip(key="expiring-in-use", label=_("Expiring, in use"), condition=lambda: _expiring() & _used(), tone="warn"),
)


def _chips(pages: Pages, asked: QueryDict) -> tuple[Chip, ...]:
    in_use = (one for one in _ENDING_IN_USE if pages.presented and one.key == asked.get("show"))
    return (*_own_chips(pages), *in_use, *entered(pages.model.KIND, asked.get("show", "")))


def shown(request: PortalRequest, pages: Pages) -> Listing:
    """Return the page of entries that the address asks for."""
    columns = (*_COLUMNS, _USE) if pages.presented else _COLUMNS
    rows: QuerySet[Any] = ClientCertificate.objects.with_use() if pages.presented else pages.model.objects.with_current()
    found = listing(request, rows, columns, search=holding_words, chips=_chips(pages, request.GET))
    return offering(found, request, name=pages.model.KIND, columns=columns)


def chosen(asked: QueryDict, pages: Pages) -> QuerySet[Certificate]:
    """Return the entries that are ticked: those that ``certificates`` names, or with ``chosen=all`` all that the address shows."""
    if asked.get("chosen") != ALL:
        named = [folded(name) for name in asked.getlist("certificates")]
        return pages.model.objects.with_current().filter(folded_name__in=named)
    return narrowed(pages.model.objects.with_current(), asked, search=holding_words, chips=_chips(pages, asked))
