"""The screens of back ends."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from apis.access import may
from apis.actions import NotOverHttp, PasswordMissing
from apis.backends import actions, listing, standing
from apis.backends.forms import NAME_TAKEN, BackEndForm
from apis.backends.models import BackEnd
from apis.backends.picking import back_end_options
from apis.forms import NOT_OVER_HTTP
from apis.pickers import SUGGESTIONS, looked_for
from apis.security_form import NO_SUCH_CERTIFICATE
from apis.views.common import CONFLICT, OK, UNPROCESSABLE
from certificates.authorities.forms import NO_SUCH_AUTHORITY
from certificates.authorities.models import Authority
from certificates.models import ClientCertificate
from portal.history.undo import saved
from portal.http import PortalRequest, wants_fragment
from portal.listing import listing as listed
from portal.responses import see_other
from portal.turns import Busy

_SHOWN_APIS = 50
BUSY = 429
_SENTENCES: tuple[tuple[type[Exception], str, Any], ...] = (
    (actions.NameTaken, "name", NAME_TAKEN),
    (NotOverHttp, "credentials", NOT_OVER_HTTP),
    (ClientCertificate.DoesNotExist, "certificate", NO_SUCH_CERTIFICATE),
    (Authority.DoesNotExist, "trusted_authority", NO_SUCH_AUTHORITY),
)


@require_safe
@may("apis.view_api")
def index(request: PortalRequest) -> HttpResponse:
    """List the back ends: ``q`` searches, ``sort`` and ``page`` do what they say."""
    rows = BackEnd.objects.select_related("certificate__current").annotate(used_by=Count("apis"))
    shown = listed(request, rows, listing.COLUMNS, search=listing.search)
    template = "backends/_list.html" if (fragment := wants_fragment(request)) else "backends/index.html"
    return render(request, template, {"listing": shown, "page": shown.page, "fragment": fragment})


@sensitive_post_parameters("password", "shared_secret", "client_secret", "trusted_ca")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.add_api")
def new(request: PortalRequest) -> HttpResponse:
    """Add a back end."""
    form = BackEndForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = _saved(
            form, lambda: actions.create_back_end(form.name_to_give(), form.chosen_settings(), by=request.user, now=timezone.now())
        )
        if made:
            messages.success(request, _("%(name)s was added. APIs choose it on their Settings tab.") % {"name": made})
            return see_other("backends:detail", name=made.name)
    return render(request, "backends/new.html", {"form": form}, status=UNPROCESSABLE if form.errors else OK)


@require_safe
@may("apis.view_api")
def detail(request: PortalRequest, name: str) -> HttpResponse:
    """Show a back end: where it is, who uses it, what it presents."""
    back_end = _back_end(name)
    return render(
        request, "backends/detail.html", {"back_end": back_end, "accepted": standing.accepted_last(back_end), **_use_of(back_end)}
    )


@require_safe
@may("apis.view_api")
def state(request: PortalRequest, name: str) -> HttpResponse:
    """Ask every gateway how the addresses are, and show it; within seconds."""
    back_end = _back_end(name)
    context: dict[str, Any] = {"back_end": back_end, "standings": [], "busy": False}
    try:
        context["standings"] = standing.standings_of(back_end)
    except Busy:
        context["busy"] = True
    template = "backends/_state.html" if wants_fragment(request) else "backends/state.html"
    return render(request, template, context, status=BUSY if context["busy"] else OK)


@require_safe
@may("apis.change_api")
def suggestions(request: PortalRequest) -> HttpResponse:
    """Answer the back ends that what is typed may mean, as options of a drop-down."""
    options = back_end_options(looked_for(request.GET.get("back_end", "")), limit=SUGGESTIONS)
    return render(request, "apis/_options.html", {"options": options})


@sensitive_post_parameters("password", "shared_secret", "client_secret", "trusted_ca")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_api")
def edit(request: PortalRequest, name: str) -> HttpResponse:
    """Change a back end, and with it the APIs that use it."""
    back_end = _back_end(name)
    form = BackEndForm(request.POST if request.method == "POST" else None, back_end=back_end)
    meanwhile = False
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["revision"]
        try:
            changed = _saved(
                form, lambda: actions.change_back_end(back_end, form.chosen_settings(), revision=seen, by=request.user, now=timezone.now())
            )
        except actions.EditedMeanwhile:
            changed, meanwhile = None, True
        except BackEnd.DoesNotExist as gone:
            raise Http404 from gone
        if changed:
            saved(request, _("Saved."), "backend", changed)
            return see_other("backends:detail", name=changed.name)
    status = CONFLICT if meanwhile else UNPROCESSABLE if form.errors else OK
    context = {"back_end": back_end, "form": form, "meanwhile": meanwhile, **_use_of(back_end)}
    return render(request, "backends/edit.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.delete_api")
def delete(request: PortalRequest, name: str) -> HttpResponse:
    """Delete a back end once it is confirmed; one that is used stays, and the page says by what."""
    back_end = _back_end(name)
    use = _use_of(back_end)
    if request.method == "POST":
        try:
            actions.delete_back_end(back_end, by=request.user, now=timezone.now())
        except actions.InUse:
            return render(request, "backends/in_use.html", {"back_end": back_end, **_use_of(back_end)}, status=CONFLICT)
        except BackEnd.DoesNotExist as gone:
            raise Http404 from gone
        messages.success(request, _("%(name)s was deleted.") % {"name": back_end})
        return see_other("backends:index")
    template = "backends/in_use.html" if use["used_by"] or use["pools"] else "backends/confirm_delete.html"
    return render(request, template, {"back_end": back_end, **use})


def _saved(form: BackEndForm, save: Any) -> BackEnd | None:
    """Return what *save* has saved; ``None``, with a sentence at the field, where it is refused."""
    try:
        found: BackEnd = save()
    except actions.MembersDiffer as refusal:
        form.add_error(None, _("The pool %(pool)s holds this back end; its members have to be alike.") % {"pool": refusal.pool})
    except PasswordMissing:
        form.lacks_secret()
    except tuple(kind for kind, _field, _words in _SENTENCES) as refusal:
        field, words = next((field, words) for kind, field, words in _SENTENCES if isinstance(refusal, kind))
        form.add_error(field, words)
    else:
        return found
    return None


def _back_end(name: str) -> BackEnd:
    return get_object_or_404(BackEnd.objects.select_related("certificate__current", "trusted_authority", "changed_by"), name=name)


def _use_of(back_end: BackEnd) -> dict[str, Any]:
    """Return which APIs and pools use it, as far as a page shows them, and how many there are."""
    apis = list(back_end.apis.order_by("display_name", "name").only("name", "display_name", "path")[: _SHOWN_APIS + 1])
    used_by = len(apis) if len(apis) <= _SHOWN_APIS else back_end.apis.count()
    return {
        "apis": apis[:_SHOWN_APIS],
        "used_by": used_by,
        "more": used_by - len(apis[:_SHOWN_APIS]),
        "pools": actions.pools_of(back_end),
    }
