"""One's own profile."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.http import PortalRequest
from portal.people import actions
from portal.people.cards import card_of
from portal.people.forms import ProfileForm
from portal.people.standing import Standing
from portal.preferences import keep, preferences_of, set_language_cookie
from portal.responses import see_other
from portal.signin.confirming import is_confirmed, to_confirm


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: PortalRequest) -> HttpResponse:
    """Show and change what one says of oneself: name, e-mail address, language. The role is shown with what it allows."""
    person = request.user
    kept = preferences_of(person)
    shown = {"name": person.get_full_name(), "email": person.email}
    shown["language"] = (kept and kept.language) or translation.get_language()
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=shown)
    if not form.is_valid():
        context = {"form": form, "card": card_of(Standing.of(person).role)}
        return render(request, "people/profile.html", context, status=422 if form.is_bound else 200)
    chosen = form.cleaned_data
    if chosen["email"] != person.email and not is_confirmed(request):  # links for a forgotten password go to the address
        return to_confirm(request)
    actions.change_profile(person, name=chosen["name"], email=chosen["email"], by=person, now=timezone.now())
    keep(person, language=chosen["language"])
    translation.activate(chosen["language"])  # what is said now is read on the next page
    messages.success(request, _("Your profile was saved."))
    response = see_other("profile")
    set_language_cookie(response, chosen["language"])
    return response
