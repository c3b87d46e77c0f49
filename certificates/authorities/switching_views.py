"""The pages of a switch of authorities: compare, try, confirm. They translate; :mod:`certificates.authorities.switching` decides."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from certificates.authorities import actions, switching
from certificates.authorities.access import find, may, render
from certificates.authorities.comparison import Comparison, compare
from certificates.authorities.models import AuthorityCandidate, AuthorityTry
from certificates.authorities.using import use_of
from certificates.authorities.words import FATES, caution_sentence, outcome_word, reason_sentence
from certificates.rollout.forms import NOW, DecisionForm
from certificates.rollout.models import Outcome, When
from certificates.rollout.tables import outcomes_of, tried_table
from certificates.rollout.views import is_another, see_other_one
from portal.history.undo import saved
from portal.http import PortalRequest, wants_fragment
from portal.responses import see_other

_BADGES = {Outcome.ACCEPTED: "good", Outcome.REFUSED: "bad", Outcome.WAITING: "plain"}


def _of_candidate(view: Callable[[PortalRequest, AuthorityCandidate], HttpResponse]) -> Callable[[PortalRequest, str], HttpResponse]:
    """Give a view the candidate of the entry that its address names; where there is none any more, the entry's page says so."""

    @wraps(view)
    def found(request: PortalRequest, name: str) -> HttpResponse:
        authority = find(name)
        candidates = AuthorityCandidate.objects.select_related("authority__current", "proposed_by", "confirmed_by")
        try:
            candidate = candidates.get(authority=authority)
            if is_another(request, candidate):
                return see_other_one(request, resolve_url("authorities:confirm", authority.name))
            return view(request, candidate)
        except (AuthorityCandidate.DoesNotExist, switching.Gone):
            return _gone(request, authority.name)

    return found


def _gone(request: PortalRequest, name: str) -> HttpResponse:
    """Send to the entry's page: what was to be decided is, by somebody else or because its time had come.

    What only looks again is sent to the page of the decision, which says so (as of other entries, :mod:`certificates.rollout.views`).
    """
    if wants_fragment(request):
        return HttpResponseClientRedirect(resolve_url("authorities:confirm", name))
    messages.info(request, _("No new version of %(name)s waits any more: it is current by now, or was discarded.") % {"name": name})
    return see_other("authorities:detail", name)


@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
@_of_candidate
def confirm(request: PortalRequest, candidate: AuthorityCandidate) -> HttpResponse:
    """Show the candidate beside what is trusted and what came of trying it; take the decision when to switch."""
    comparison = compared(candidate)
    sent = request.POST if request.method == "POST" else None
    form = DecisionForm(sent, lasting=candidate, has_to_be_confirmed=comparison.has_to_be_confirmed)
    if form.is_bound and form.is_valid():
        try:
            return decide(request, candidate, form)
        except actions.AlreadyHeld as refusal:
            form.add_error(None, _("These certificates are the trusted authority %(name)s already.") % {"name": refusal.authority.name})
    context = {
        "authority": candidate.authority,
        "form": form,
        **beside(comparison),
        **use_of(candidate.authority),
        **table_of(candidate),
    }
    return render(request, "confirm.html", context, status=422 if form.errors else 200)


def decide(request: PortalRequest, candidate: AuthorityCandidate, form: DecisionForm) -> HttpResponse:
    """Do what a valid *form* says, and show the entry.

    :raises actions.AlreadyHeld: if another entry has come to hold these certificates
    """
    name, now = candidate.authority.name, timezone.now()
    try:
        if form.cleaned_data["when"] == NOW:
            switching.switch(candidate, by=request.user, now=now)
            saved(request, _("%(name)s was replaced.") % {"name": name}, "authority", candidate.authority)
            return see_other("authorities:detail", name)
        when = When(form.cleaned_data["when"])
        switching.plan(candidate, when=when, at=form.moment, zone=form.cleaned_data["zone"], by=request.user, now=now)
    except switching.Gone:
        return _gone(request, name)
    messages.success(request, _("The switch is planned; until then the present version stays."))
    return see_other("authorities:detail", name)


@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
@_of_candidate
def tries(request: PortalRequest, candidate: AuthorityCandidate) -> HttpResponse:
    """Show what came of trying the candidate, to htmx the table alone; a POST has it tried again."""
    name = candidate.authority.name
    if request.method == "POST":
        switching.ask_try(candidate, now=timezone.now())
    if not wants_fragment(request):
        return see_other("authorities:confirm", name)
    candidate.refresh_from_db()
    response = render(request, "_tries.html", {"authority": candidate.authority, **table_of(candidate)})
    add_never_cache_headers(response)
    return response


@require_POST
@may("change")
@_of_candidate
def discard(request: PortalRequest, candidate: AuthorityCandidate) -> HttpResponse:
    """Forget the candidate."""
    switching.discard(candidate, by=request.user, now=timezone.now())
    messages.success(request, _("The proposed version was discarded. The present one stays."))
    return see_other("authorities:detail", candidate.authority.name)


def beside(comparison: Comparison) -> dict[str, Any]:
    """Return what the page says of a comparison: each certificate with what becomes of it, and what may break calls."""
    return {
        "rows": [(*FATES[fate], facts) for fate, facts in comparison.rows],
        "warnings": [caution_sentence(caution) for caution in comparison.cautions],
    }


def compared(candidate: AuthorityCandidate) -> Comparison:
    """Return the candidate beside what is trusted now."""
    current = candidate.authority.current
    assert current is not None  # noqa: S101 - an entry is made with its first version
    return compare(current.bundle, candidate.bundle, now=timezone.now())


def table_of(candidate: AuthorityCandidate) -> dict[str, Any]:
    """Return the table of tries, and what they sum up to."""
    tries = candidate.tries.all()
    table = tried_table(tries, _cell)
    return {"candidate": candidate, **table, "sum": _sum_of(outcomes_of(tries)), "accepted": candidate.is_accepted}


def _cell(tried: AuthorityTry) -> dict[str, Any]:
    badge = _BADGES.get(Outcome(tried.outcome), "warn")
    return {"tried": tried, "badge": badge, "word": outcome_word(tried), "reason": reason_sentence(tried)}


def _sum_of(outcomes: dict[str, int]) -> str:
    """Return how many tries came out how: 8 trusted, 1 unreachable."""
    number = {outcome: outcomes.get(outcome, 0) for outcome in Outcome}
    patterns = {
        Outcome.ACCEPTED: ngettext("%d trusted", "%d trusted", number[Outcome.ACCEPTED]),
        Outcome.REFUSED: ngettext("%d not trusted", "%d not trusted", number[Outcome.REFUSED]),
        Outcome.UNREACHABLE: ngettext("%d unreachable", "%d unreachable", number[Outcome.UNREACHABLE]),
        Outcome.UNKNOWN: ngettext("%d not known", "%d not known", number[Outcome.UNKNOWN]),
        Outcome.WAITING: ngettext("%d waiting", "%d waiting", number[Outcome.WAITING]),
    }
    return ", ".join(pattern % number[outcome] for outcome, pattern in patterns.items() if number[outcome])
