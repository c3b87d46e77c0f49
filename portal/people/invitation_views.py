"""Inviting people, and what whoever follows the link sees."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required, permission_required
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from portal.http import PortalRequest
from portal.models import Invitation
from portal.people import invitations, mail
from portal.people.access import may_manage
from portal.people.cards import cards
from portal.people.forms import NAME_TAKEN, InvitationForm
from portal.responses import see_other
from portal.roles import Role
from portal.signin.confirming import recently_confirmed


@sensitive_variables("made")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("auth.add_user", raise_exception=True)
@recently_confirmed
def invite(request: PortalRequest) -> HttpResponse:
    """Invite somebody, and show the link, this once."""
    form = InvitationForm(request.POST if request.method == "POST" else None, initial={"role": Role.VIEWER})
    if form.is_valid():
        try:
            made = invitations.invite(**form.cleaned_data, by=request.user, now=timezone.now())
        except invitations.Taken:
            form.add_error("username", NAME_TAKEN)
        else:
            return _link_page(request, made)
    return render(request, "people/invite.html", {"form": form, "cards": cards()}, status=422 if form.is_bound else 200)


@sensitive_variables("made")
@require_POST
@permission_required("auth.change_user", raise_exception=True)
@recently_confirmed
def password_link(request: PortalRequest, name: str) -> HttpResponse:
    """Make a link with which a person chooses a new password, and show it, this once."""
    person = get_object_or_404(User, username=name, is_active=True)
    if not may_manage(request.user, person):
        raise PermissionDenied
    return _link_page(request, invitations.let_choose_password(person, by=request.user, now=timezone.now()))


@require_POST
@permission_required("auth.change_user", raise_exception=True)
def withdraw(request: PortalRequest, pk: int) -> HttpResponse:
    """Let a link open nothing any more; one that is used meanwhile is gone all the same."""
    invitation = Invitation.objects.filter(pk=pk).select_related("person").first()
    if invitation:
        if invitation.person and not may_manage(request.user, invitation.person):
            raise PermissionDenied
        invitations.withdraw(invitation, by=request.user, now=timezone.now())
        messages.success(request, _("The link for %(name)s opens nothing any more.") % {"name": invitation.username})
    return see_other("people:detail", invitation.username) if invitation and invitation.person else see_other("people:index")


@sensitive_post_parameters()
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Let whoever holds the link choose a password; then they sign in with it."""
    now = timezone.now()
    invitation = Invitation.objects.of_link(token, now=now)
    if invitation is None:
        return _spent(request)
    account = invitation.person or User(username=invitation.username, email=invitation.email)
    form = SetPasswordForm(account, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "people/follow.html", {"form": form, "invitation": invitation}, status=422 if form.is_bound else 200)
    try:
        invitations.accept(invitation, form.cleaned_data["new_password1"], now=now)
    except invitations.Spent:
        return _spent(request)
    logout(request)  # whoever was signed in here before
    messages.success(request, _("Your password was set. Sign in with it."))
    return see_other("login")


@sensitive_variables("made", "link", "context")
def _link_page(request: PortalRequest, made: invitations.Made) -> HttpResponse:
    """Mail the link where that is possible, and show it."""
    link = request.build_absolute_uri(reverse("invitation", args=[made.token]))
    context = {"invitation": made.invitation, "link": link, "mailed": False, "mail_failed": False}
    if mail.can_mail(made.invitation):
        try:
            mail.send(made.invitation, link)
            context["mailed"] = True
        except OSError:
            context["mail_failed"] = True
    return render(request, "people/link.html", context)


def _spent(request: HttpRequest) -> HttpResponse:
    return render(request, "people/spent.html", status=404)
