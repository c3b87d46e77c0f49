"""Back ends whose APIs are moved to another certificate: a back end moves with all of its APIs, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from apis.backends.actions import facts_of, pools_of
from apis.backends.models import BackEnd, BackEndPassword
from apis.models import Api, beside
from portal.activity import differences, line_of
from portal.models import Activity, Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from certificates.models import ClientCertificate


def held_back(apis: Sequence[Api], target: ClientCertificate) -> list[Api]:
    """Return those of *apis* that cannot be moved: other APIs use the same back end and stay, or it is a pool, or part of one."""
    moving = {api.pk for api in apis}
    used = BackEnd.objects.filter(apis__in=apis).exclude(certificate=target).distinct()
    fixed = {one.pk for one in used if one.is_pool or pools_of(one)}
    shared = set(Api.objects.filter(back_end__in=used).exclude(pk__in=moving).values_list("back_end", flat=True))
    return [api for api in apis if api.back_end_id in fixed | shared]


def lock(apis: Iterable[int]) -> None:
    """Lock the back ends of *apis*, by id, until the transaction ends: before the APIs, as whoever changes a back end does."""
    list(
        BackEnd.objects.select_for_update(of=("self",))
        .filter(pk__in=BackEnd.objects.filter(apis__in=list(apis)).values("pk"))
        .order_by("pk")
    )


def present(target: ClientCertificate, apis: Sequence[Api], *, by: User | None, now: datetime) -> list[Activity]:
    """Let the back ends of *apis* be shown *target*, in the caller's transaction; return the lines that tell of it."""
    used = BackEnd.objects.select_for_update(of=("self",)).filter(pk__in={api.back_end_id for api in apis if api.back_end_id})
    return [_present(one, target, by=by, now=now) for one in used.exclude(certificate=target).order_by("pk")]


def _present(back_end: BackEnd, target: ClientCertificate, *, by: User | None, now: datetime) -> Activity:
    before = _told(back_end)
    back_end.credentials, back_end.certificate = beside(back_end.proves_itself_by), target
    back_end.revision, back_end.changed_at, back_end.changed_by = back_end.revision + 1, now, by
    back_end.save()
    BackEndPassword.objects.filter(back_end=back_end).delete()
    changes = differences(before, _told(back_end), hidden={"password": before["username"] is not None})
    return line_of(Event.BACKEND_CHANGED, back_end, by=by, at=now, changes=changes, url=back_end.url)


def _told(back_end: BackEnd) -> dict[str, Any]:
    facts = facts_of(back_end)
    return {name: facts[name] for name in ("credentials", "certificate", "username")}
