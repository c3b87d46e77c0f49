"""The pages of one line: what was before and after it beside what is now; putting either back; undo."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.activity.reading import may_see
from portal.history.comparing import rows_of
from portal.history.restoring import ChangedSince, Compared, Refused, Side, may_restore, restore, restorer_of, undo
from portal.history.undo import saved
from portal.http import PortalRequest
from portal.models import Activity
from portal.responses import see_other
from portal.sentences import tell

_CONFLICT = 409


class _About:
    """What a line is about, as the subject of the next one."""

    def __init__(self, line: Activity) -> None:
        self.pk, self.name = line.subject_id, line.subject_name


@require_safe
def line(request: PortalRequest, number: str) -> HttpResponse:
    """Show one line: each value before, after and now; who may can put them back."""
    return _page(request, _line(request, number))


@require_POST
def put_back(request: PortalRequest, number: str) -> HttpResponse:
    """Put back the values ``before`` or ``after`` a line, by ``values``: an ordinary change, checked as the form checks it."""
    seen = _line_to_change(request, number)
    side = Side.AFTER if request.POST.get("values") == Side.AFTER.value else Side.BEFORE
    try:
        shown_at = restore(seen, side, by=request.user, now=timezone.now())
    except Refused as refusal:
        return _page(request, seen, refusal=refusal, status=_CONFLICT)
    saved(request, _("Restored."), seen.kind, _About(seen))
    return see_other(shown_at)


@require_POST
def take_back(request: PortalRequest, number: str) -> HttpResponse:
    """Undo a line, while nothing newer has changed what it is about."""
    seen = _line_to_change(request, number)
    try:
        shown_at = undo(seen, by=request.user, now=timezone.now())
    except Refused as refusal:
        return _page(request, seen, refusal=refusal, status=_CONFLICT)
    except ChangedSince as refusal:
        return _page(request, seen, newer=refusal.newest, status=_CONFLICT)
    saved(request, _("Undone."), seen.kind, _About(seen))
    return see_other(shown_at)


def _line(request: PortalRequest, number: str) -> Activity:
    if not request.user.has_perm("portal.view_activity"):
        raise PermissionDenied
    found = get_object_or_404(Activity, pk=number)
    if not may_see(request.user, found.kind):
        raise Http404
    return found


def _line_to_change(request: PortalRequest, number: str) -> Activity:
    found = _line(request, number)
    restorer = restorer_of(found)
    if restorer and not request.user.has_perm(restorer.permission):
        raise PermissionDenied
    return found


def _page(
    request: PortalRequest, seen: Activity, *, refusal: Refused | None = None, newer: Activity | None = None, status: int = 200
) -> HttpResponse:
    compared, unknown = _compared(request, seen)
    context = {
        "line": seen,
        "told": tell([seen])[0],
        "rows": rows_of(seen, compared),
        "may_restore": compared is not None and may_restore(request.user, seen),
        "before": compared is not None and compared.before is not None and compared.differs(Side.BEFORE),
        "after": compared is not None and compared.after is not None and compared.differs(Side.AFTER),
        "compared": compared,
        "unknown": unknown,
        "refusal": refusal,
        "newer": tell([newer])[0] if newer else None,
    }
    return render(request, "history/line.html", context, status=status)


def _compared(request: PortalRequest, seen: Activity) -> tuple[Compared | None, list[str]]:
    """Return the values beside those of now, or why these are not known."""
    restorer = restorer_of(seen)
    if restorer is None or not seen.changes:
        return None, []
    try:
        return restorer.compared(seen), []
    except Refused as refusal:
        return None, refusal.sentences if may_restore(request.user, seen) else []
