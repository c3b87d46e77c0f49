"""The page of what is closed after too many failures."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.http import PortalRequest
from portal.locks import lift, locks
from portal.models import FailedGuess
from portal.responses import see_other


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("auth.change_user", raise_exception=True)
def closed(request: PortalRequest) -> HttpResponse:
    """List closed accounts and addresses, and open one again."""
    now = timezone.now()
    if request.method != "POST":
        return render(request, "portal/locks.html", {"locks": locks(now=now)})
    number = request.POST.get("failure", "")
    failure = get_object_or_404(FailedGuess, pk=int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0)  # noqa: PLR2004 - of a 64-bit key
    name = lift(failure, of_account="account" in request.POST, by=request.user, now=now)
    messages.success(request, _("%(name)s is open again.") % {"name": name or _("The account")})
    return see_other("locks")
