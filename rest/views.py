"""The pages about access tokens: which there are, making one (it is shown once), keys of shared accesses, revoking."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from apis.models import KeyKind
from portal.http import PortalRequest, wants_fragment
from portal.people.access import role_required
from portal.responses import see_other
from portal.signin.confirming import is_confirmed, recently_confirmed, to_confirm
from rest import actions
from rest.forms import BEARER, CredentialForm
from rest.listing import listed
from rest.models import AccessToken, Credential, SharedAccess


@require_safe
@role_required
def index(request: PortalRequest) -> HttpResponse:
    """List the credentials of the REST API: one's own, to whoever manages them all; ``q`` searches, ``page`` turns the page."""
    now, shown = timezone.now(), listed(request)
    context = {
        "listing": shown,
        "page": shown.page,
        "rows": [(row, row.is_in_force(now=now)) for row in shown.page],
        "fragment": wants_fragment(request),
    }
    return render(request, "rest/_list.html" if context["fragment"] else "rest/index.html", context)


@sensitive_variables("made", "token", "shown")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("rest.add_accesstoken", raise_exception=True)
@recently_confirmed
def new(request: PortalRequest) -> HttpResponse:
    """Make a credential and show what it is, this once."""
    form = CredentialForm(request.POST if request.method == "POST" else None, initial={"user": request.user.get_username()})
    if not form.is_valid():
        return render(request, "rest/new.html", {"form": form}, status=422 if form.is_bound else 200)
    now = timezone.now()
    chosen = form.chosen(now=now)
    if form.cleaned_data["kind"] == BEARER:
        made = actions.create_token(**chosen, by=request.user, now=now)
        return _not_kept(render(request, "rest/made.html", {"row": made.row, "token": made.token.value.decode()}))
    return _keys_page(request, actions.create_shared_access(**chosen, by=request.user, now=now))


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: PortalRequest, identifier: str) -> HttpResponse:
    """Let a credential open nothing any more, once it is confirmed."""
    row = _credential(request, identifier)
    if request.method == "POST":
        actions.revoke(row, by=request.user, now=timezone.now())
        messages.success(request, _("%(name)s opens nothing any more.") % {"name": row.name})
        return see_other("rest:index")
    return render(request, "rest/confirm_revoke.html", {"row": row})


@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: PortalRequest, identifier: str) -> HttpResponse:
    """Show the keys of a shared access; who has seen them is noted. A plain GET shows nothing."""
    access = _shared_access(request, identifier)
    if request.method != "POST":
        return see_other("rest:index")
    return _keys_page(request, access) if is_confirmed(request) else to_confirm(request)


@require_http_methods(["GET", "HEAD", "POST"])
def regenerate(request: PortalRequest, identifier: str) -> HttpResponse:
    """Make a new ``key`` (``primary`` or ``secondary``) of a shared access, once it is confirmed, and show both."""
    access = _shared_access(request, identifier)
    if not is_confirmed(request):
        return to_confirm(request)
    kind = (request.POST if request.method == "POST" else request.GET).get("key", "")
    if request.method != "POST" or kind not in KeyKind.values:
        status = 422 if request.method == "POST" else 200
        return render(request, "rest/confirm_regenerate.html", {"row": access, "kinds": KeyKind}, status=status)
    actions.regenerate_access_key(access, KeyKind(kind), by=request.user, now=timezone.now())
    return _keys_page(request, access)


@sensitive_variables("shown", "secrets")
def _keys_page(request: PortalRequest, access: SharedAccess) -> HttpResponse:
    secrets = actions.show_access_keys(access, by=request.user, now=timezone.now())
    shown = [(kind, secrets[kind].value.decode() if kind in secrets else "") for kind in KeyKind]
    return _not_kept(render(request, "rest/made.html", {"row": access, "shown": shown}))


def _not_kept(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


def _credential(request: PortalRequest, identifier: str) -> Credential:
    """Return a credential that the person may manage; of others' nobody learns whether they are there.

    :raises PermissionDenied: if there is none such
    :raises Http404: the same, for whoever manages all
    """
    for model in (AccessToken, SharedAccess):
        row: Credential | None = model.objects.select_related("user").filter(identifier=identifier).first()
        if row and row.may_be_managed_by(request.user):
            return row
    if request.user.has_perm("rest.change_accesstoken"):
        raise Http404
    raise PermissionDenied


def _shared_access(request: PortalRequest, identifier: str) -> SharedAccess:
    row = _credential(request, identifier)
    if not isinstance(row, SharedAccess):
        raise Http404
    return row
