"""The pages about people, for those who manage them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import errors
from portal.administrators import LastAdministrator
from portal.http import PortalRequest, wants_fragment
from portal.locks import lift
from portal.models import FailedGuess, Invitation
from portal.people import actions
from portal.people.access import may_manage
from portal.people.cards import cards
from portal.people.forms import RoleForm
from portal.people.listing import listed, lock_of
from portal.people.standing import with_roles
from portal.responses import SeeOther, see_other
from portal.signin import second_factors
from portal.signin.confirming import recently_confirmed
from portal.signin.sessions import sessions_of


@require_safe
@permission_required("auth.view_user", raise_exception=True)
def index(request: PortalRequest) -> HttpResponse:
    """List people: ``q`` searches, ``sort`` and ``page`` do what they say; above them who is invited."""
    now = timezone.now()
    shown = listed(request, now=now)
    context = {
        "listing": shown,
        "page": shown.page,
        "fragment": wants_fragment(request),
        "invitations": Invitation.objects.filter(person=None).select_related("invited_by"),
        "now": now,
    }
    return render(request, "people/_list.html" if context["fragment"] else "people/index.html", context)


@require_safe
@permission_required("auth.view_user", raise_exception=True)
def detail(request: PortalRequest, name: str) -> HttpResponse:
    """Show one person."""
    return _page(request, _found(name))


@require_POST
@permission_required("auth.change_user", raise_exception=True)
@recently_confirmed
def role(request: PortalRequest, name: str) -> HttpResponse:
    """Give a person another ``role``."""
    person = _changeable(request, name)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _page(request, person, form)
    chosen = form.cleaned_data["role"]
    try:
        actions.set_role(person, chosen, by=request.user, now=timezone.now())
    except LastAdministrator:
        return errors.last_administrator(request)
    messages.success(request, _("%(name)s has the role %(role)s now.") % {"name": name, "role": chosen.label})
    return _back(request, person)


@require_POST
@permission_required("auth.change_user", raise_exception=True)
@recently_confirmed
def deactivate(request: PortalRequest, name: str) -> HttpResponse:
    """Keep a person out."""
    person = _changeable(request, name)
    try:
        actions.deactivate(person, by=request.user, now=timezone.now())
    except LastAdministrator:
        return errors.last_administrator(request)
    messages.success(request, _("%(name)s was deactivated and signed out everywhere.") % {"name": name})
    return _back(request, person)


@require_POST
@permission_required("auth.change_user", raise_exception=True)
@recently_confirmed
def activate(request: PortalRequest, name: str) -> HttpResponse:
    """Let a person in again."""
    person = _changeable(request, name)
    actions.activate(person, by=request.user, now=timezone.now())
    messages.success(request, _("%(name)s may sign in again.") % {"name": name})
    return _back(request, person)


@require_POST
@permission_required("auth.change_user", raise_exception=True)
@recently_confirmed
def end_sessions(request: PortalRequest, name: str) -> HttpResponse:
    """Sign a person out everywhere."""
    person = _changeable(request, name)
    actions.sign_out_everywhere(person, by=request.user, now=timezone.now())
    messages.success(request, _("%(name)s was signed out everywhere.") % {"name": name})
    return _back(request, person)


@require_POST
@permission_required("auth.change_user", raise_exception=True)
@recently_confirmed
def reset_second_factor(request: PortalRequest, name: str) -> HttpResponse:
    """Take a person's second factors away, for somebody who has lost them, and sign them out everywhere."""
    person = _changeable(request, name)
    second_factors.reset_second_factor(person, by=request.user, now=timezone.now())
    messages.success(request, _("%(name)s has no second factor any more.") % {"name": name})
    return _back(request, person)


@require_POST
@permission_required("auth.change_user", raise_exception=True)
def unlock(request: PortalRequest, name: str) -> HttpResponse:
    """Open an account that is closed after too many failures."""
    person, now = _found(name), timezone.now()
    lock = lock_of(person, now=now)
    failure = FailedGuess.objects.filter(pk=lock.pk).first() if lock else None
    if failure:  # else it has opened by itself meanwhile
        lift(failure, of_account=True, by=request.user, now=now)
    messages.success(request, _("%(name)s is open again.") % {"name": name})
    return see_other("people:detail", name=name)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("auth.delete_user", raise_exception=True)
@recently_confirmed
def delete(request: PortalRequest, name: str) -> HttpResponse:
    """Delete a person, once it is confirmed."""
    person = _changeable(request, name)
    if request.method != "POST":
        return render(request, "people/confirm_delete.html", {"person": person})
    try:
        actions.delete(person, by=request.user, now=timezone.now())
    except actions.Oneself:
        return errors.oneself(request)
    except LastAdministrator:
        return errors.last_administrator(request)
    messages.success(request, _("%(name)s was deleted.") % {"name": name})
    return see_other("people:index")


def _page(request: PortalRequest, person: User, form: RoleForm | None = None) -> HttpResponse:
    now = timezone.now()
    context = {
        "person": person,
        "form": form or RoleForm(initial={"role": person.role}),  # type: ignore[attr-defined]  # with_roles adds it
        "cards": cards(),
        "lock": lock_of(person, now=now),
        "sessions": sessions_of(person).count(),
        "second_factors": second_factors.factors_of(person).count(),
        "link": Invitation.objects.open(now=now).filter(person=person).first(),
        "may_manage": may_manage(request.user, person),
    }
    return render(request, "people/detail.html", context, status=422 if form else 200)


def _back(request: PortalRequest, person: User) -> SeeOther:
    """Lead to the person's page; whoever has changed themselves is signed out with all their sessions."""
    if person == request.user:
        logout(request)
    return see_other("people:detail", name=person.get_username())


def _found(name: str) -> User:
    person: User = get_object_or_404(with_roles(User.objects.all()), username=name)
    return person


def _changeable(request: PortalRequest, name: str) -> User:
    """Return the person.

    :raises Http404: if there is none
    :raises PermissionDenied: if who asks may not change them
    """
    person = _found(name)
    if not may_manage(request.user, person):
        raise PermissionDenied
    return person
