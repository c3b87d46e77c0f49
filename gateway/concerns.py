"""What of gateways and calls somebody should look at now: what fails, what is refused, who is behind, who may come no more."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Min, OuterRef, Subquery
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from gateway.lacking import chip_key
from gateway.models import FailedCall, FailureKind, Gateway, Refusal
from gateway.seeing.failing import Failing, failing_now
from gateway.turned_away import TurnedAway
from portal.attention import Concern, Level, Thing
from portal.models import Activity

_MOST = 5
_PATIENCE = timedelta(seconds=5)  # a change is on its way that long before its gateway is called behind
_COUNTED = 100  # changes that one is behind


def concerns(now: datetime) -> Iterator[Concern]:
    """Yield what there is, the most that a page takes of each kind."""
    yield from _failing(now)
    yield from _refused()
    yield from _refused_certificates()
    gateways = _gateways()
    newest = list(Activity.objects.order_by("-id").values_list("id", flat=True)[:_COUNTED]) if gateways else []
    for gateway in gateways:
        yield from _behind(gateway, newest, now)
        yield from _ending(gateway, now)
    yield from _turned_away(now)


def _gateways() -> list[Any]:
    """Return the gateways, each with the moment of the first change that it has not applied."""
    missing = Activity.objects.filter(id__gt=OuterRef("applied_change")).order_by("id")
    return list(Gateway.objects.with_presence().annotate(behind_since=Subquery(missing.values("at")[:1])))


def _failing(now: datetime) -> Iterator[Concern]:
    for api, what in failing_now(_MOST, now=now):
        last = FailedCall.objects.filter(api=api).select_related("presented").only("kind", "presented__thumbprint").first()
        thing = Thing(name=api.display_name, path=reverse("apis:detail", kwargs={"name": api.name}), mark=_mark(last))
        yield Concern(
            level=Level.BAD,
            kind=_("Failing"),
            things=(thing,),
            words=FailureKind(last.kind).label if last else "",
            extent=_share(what),
            at=what.since,
            path=f"{reverse('failures:index')}?{urlencode({'api': api.name})}",
            action=_("See why"),
            told_to="gateway.view_failedcall",
        )


def _mark(call: FailedCall | None) -> str:
    return call.presented.last_four if call and call.presented else ""


def _share(what: Failing) -> Any:
    numbers = {"failed": number_format(what.failed), "calls": number_format(what.calls)}
    return _("%(failed)s of %(calls)s calls in 1 hour") % numbers


def _refused() -> Iterator[Concern]:
    """Yield what has nothing in its place: its calls are refused."""
    rows = Refusal.objects.filter(presents=None).select_related("api", "gateway")
    for row in rows[:_MOST]:
        where = reverse("apis:detail", kwargs={"name": row.api.name}) if row.api else reverse("gateways:index")
        yield Concern(
            level=Level.BAD,
            kind=_("Change refused"),
            things=(Thing(name=row.api.display_name if row.api else row.resource, path=where),),
            words=_refused_by(row.gateway),
            at=row.since,
            path=where,
            action=_("See why"),
            told_to="gateway.view_gateway",
        )


def _refused_by(gateway: Gateway | None) -> Any:
    if gateway is None:
        return _("The portal could not prepare it; its calls are refused.")
    return _("%(gateway)s has refused it; its calls are refused.") % {"gateway": gateway.name}


def _refused_certificates() -> Iterator[Concern]:
    """Yield the certificates of which an earlier version is presented."""
    names = {"entry": "api__certificate__name", "current": "api__certificate__current__number", "presented": "presents__number"}
    grouped = Refusal.objects.filter(presents__isnull=False).order_by().values(*names.values(), "gateway__name")
    for row in grouped.annotate(apis=Count("api", distinct=True), begun=Min("since")).order_by(*names.values(), "gateway__name")[:_MOST]:
        path = reverse("certificates:detail", args=[row[names["entry"]]])
        numbers = {"current": row[names["current"]], "gateway": row["gateway__name"], "presented": row[names["presented"]]}
        yield Concern(
            level=Level.BAD,
            kind=_("Certificate refused"),
            things=(Thing(name=row[names["entry"]], path=path),),
            words=_("Version %(current)s of the certificate was refused by %(gateway)s. Version %(presented)s is presented.") % numbers,
            extent=ngettext_lazy("%(number)s API", "%(number)s APIs", "number") % {"number": row["apis"]},
            at=row["begun"],
            path=path,
            action=_("See why"),
            told_to="gateway.view_gateway",
        )


def _behind(gateway: Any, newest: Collection[int], now: datetime) -> Iterator[Concern]:
    if gateway.is_connected:
        if gateway.behind_since and gateway.behind_since < now - _PATIENCE:
            number = sum(change > gateway.applied_change for change in newest)
            words: Any = ngettext_lazy("has not taken the last change.", "has not taken the last %(number)s changes.", "number")
            lacking = f"{reverse('apis:index')}?{urlencode({'show': chip_key(gateway.name)})}"
            concern = _of_gateway(gateway, Level.WARN, _("Gateway behind"), words % {"number": number}, at=gateway.behind_since)
            yield replace(concern, path=lacking)
    elif gateway.connected_at:
        words = _("is not connected; it goes on with what it has.")
        yield _of_gateway(gateway, Level.WARN, _("Gateway away"), words, at=gateway.disconnected_at or gateway.seen_at)


def _ending(gateway: Gateway, now: datetime) -> Iterator[Concern]:
    """Yield a gateway of another machine whose certificate was not renewed in time."""
    if gateway.enrolled_until and gateway.ends_soon(now=now):
        ended = gateway.enrolled_until < now
        words = (
            _("Its certificate has ended; it gets no changes any more. Enrol it again.")
            if ended
            else _("It has not renewed its certificate. Without a new one it gets no changes any more.")
        )
        yield _of_gateway(gateway, Level.BAD if ended else Level.WARN, _("Enrolment ends"), words, at=gateway.enrolled_until)


def _turned_away(now: datetime) -> Iterator[Concern]:
    """Yield the gateways that were removed and still ask."""
    for knock in TurnedAway.objects.lately(now=now)[:_MOST]:
        path = reverse("gateways:index")
        yield Concern(
            level=Level.WARN,
            kind=_("Removed, still there"),
            things=(Thing(name=knock.name, path=path),),
            words=_("knocks from %(address)s, and gets no configuration.") % {"address": knock.address},
            at=knock.last_at,
            path=path,
            action=_("Show"),
            told_to="gateway.view_gateway",
        )


def _of_gateway(gateway: Gateway, level: Level, kind: Promise, words: Any, *, at: datetime | None) -> Concern:
    path = reverse("gateways:index")
    thing = Thing(name=gateway.name, path=path)
    return Concern(level=level, kind=kind, things=(thing,), words=words, at=at, path=path, action=_("Show"), told_to="gateway.view_gateway")
