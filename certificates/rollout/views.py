"""The pages of a switch: compare, try, confirm, rules. They translate; :mod:`certificates.rollout.actions` decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from certificates import actions as certificate_actions
from certificates import doubts
from certificates.access import may
from certificates.facts import Facts
from certificates.judgement import Purpose
from certificates.kinds import Pages
from certificates.models import Certificate, Kind
from certificates.pages import find, render, where_it_goes
from certificates.rollout import actions, staying, steps, trying
from certificates.rollout.comparison import Comparison, compare
from certificates.rollout.forms import ACCEPTING, NOW, ConfirmForm
from certificates.rollout.models import Candidate, Outcome, Tried, When, rules_of
from certificates.rollout.proposals import Proposal, TriedAt
from certificates.rollout.tables import outcomes_of, tried_table
from certificates.rollout.words import LABELS, NOBODY_ACCEPTS, NOT_TRIED, STAYING, caution_sentence, reason_sentence
from portal.history.undo import saved
from portal.http import PortalRequest, wants_fragment
from portal.responses import see_other

_SHOWN_BADGES = {Outcome.ACCEPTED: "good", Outcome.NOT_ASKED: "plain", Outcome.REFUSED: "bad", Outcome.WAITING: "plain"}


def _of_candidate(view: Callable[[PortalRequest, Pages, Candidate], HttpResponse]) -> Callable[[PortalRequest, Pages, str], HttpResponse]:
    """Give a view the candidate of the entry that its address names; where there is none any more, the entry's page says so."""

    @wraps(view)
    def found(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
        certificate = find(pages, name)
        candidates = Candidate.objects.select_related("certificate__current", "proposed_by", "confirmed_by")
        try:
            candidate = candidates.get(certificate=certificate.pk)
            if is_another(request, candidate):
                return see_other_one(request, resolve_url(pages.to["confirm"], certificate.name))
            return view(request, pages, candidate)
        except (Candidate.DoesNotExist, actions.Gone):
            return _gone(request, pages, certificate.name)

    return found


def is_another(request: PortalRequest, candidate: Proposal) -> bool:
    """Return whether a form was shown for another candidate than *candidate*; one that does not say is for whichever waits."""
    return request.method == "POST" and request.POST.get("candidate", str(candidate.pk)) != str(candidate.pk)


def see_other_one(request: PortalRequest, page: str) -> HttpResponse:
    """Send to the page of the candidate that waits now, and do nothing with it: who has sent the form has not seen it."""
    messages.warning(request, _("Another version has taken the place of the one that you saw. Look at it, then decide."))
    return HttpResponseClientRedirect(page) if wants_fragment(request) else see_other(page)


def _gone(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Send to the entry's page: what was to be decided is, by somebody else or by the entry's rules.

    What only looks again is sent to the page of the decision, which says so: whoever has just decided is on the way to another one.
    """
    if wants_fragment(request):
        return HttpResponseClientRedirect(resolve_url(pages.to["confirm"], name))
    messages.info(request, _("No new version of %(name)s waits any more: it is current by now, or was discarded.") % {"name": name})
    return see_other(pages.to["detail"], name)


@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
@_of_candidate
def confirm(request: PortalRequest, pages: Pages, candidate: Candidate) -> HttpResponse:
    """Show the candidate beside what is presented and what came of trying it; take the decision when to switch."""
    certificate = candidate.certificate
    comparison = compared(candidate)
    form = ConfirmForm(
        request.POST if request.method == "POST" else None, candidate=candidate, has_to_be_confirmed=comparison.has_to_be_confirmed
    )
    if form.is_bound and form.is_valid():
        try:
            return decide(request, pages, candidate, form)
        except actions.SamePerson:
            form.add_error(None, _("You have brought this version, and this certificate demands that another person confirms it."))
        except steps.NoCanary as refusal:
            form.add_error("canary", str(refusal))
        except staying.NotTried:
            form.add_error("when", str(NOT_TRIED))
        except staying.NobodyAccepts:
            form.add_error("when", str(NOBODY_ACCEPTS))
        except certificate_actions.AlreadyUploaded as refusal:
            form.add_error(None, _("This certificate is already uploaded as %(name)s.") % {"name": refusal.certificate.name})
    context = {"certificate": certificate, "form": form, "candidate": candidate, **shown(candidate, comparison), **table_of(candidate)}
    context["kept"] = sum(staying.kept_versions(certificate).values())
    return render(request, pages, "certificates/rollout/confirm.html", context, status=422 if form.errors else 200)


def decide(request: PortalRequest, pages: Pages, candidate: Candidate, form: ConfirmForm) -> HttpResponse:
    """Do what a valid *form* says, and show the entry.

    :raises actions.SamePerson: if another person has to
    :raises staying.NotTried, staying.NobodyAccepts: if only those shall switch that accept it, and nobody knows of any
    :raises certificate_actions.AlreadyUploaded: if another entry has come to hold this certificate
    """
    name, now = candidate.certificate.name, timezone.now()
    try:
        if form.cleaned_data["when"] == NOW:
            certificate = actions.switch(candidate, by=request.user, now=now, in_steps=form.in_steps)
            saved(request, _what_was_done(pages, certificate), pages.live_kind, certificate)
            return see_other(pages.to["detail"], name)
        if form.cleaned_data["when"] == ACCEPTING:
            return _switch_accepting(request, pages, candidate)
        when = When(form.cleaned_data["when"])
        moment, zone = form.moment, form.cleaned_data["zone"]
        actions.plan(candidate, when=when, at=moment, zone=zone, by=request.user, now=now, in_steps=form.in_steps)
    except actions.Gone:
        return _gone(request, pages, name)
    messages.success(request, _("The switch is planned; until then the present version stays."))
    return see_other(pages.to["detail"], name)


def _switch_accepting(request: PortalRequest, pages: Pages, candidate: Candidate) -> HttpResponse:
    certificate, stay = actions.switch_accepting(candidate, by=request.user, now=timezone.now())
    saved(request, _what_was_done(pages, certificate), pages.live_kind, certificate)
    if stay:
        messages.warning(request, str(STAYING) % {"apis": staying.named(stay)})
    return see_other(pages.to["detail"], certificate.name)


def _what_was_done(pages: Pages, certificate: Certificate) -> str:
    if certificate.canary:
        return _("The API %(api)s presents the new version; the others follow if its back end takes it.") % {"api": certificate.canary}
    return _("%(name)s was replaced.") % {"name": certificate.name} + " " + where_it_goes(pages, certificate)


@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
@_of_candidate
def tries(request: PortalRequest, pages: Pages, candidate: Candidate) -> HttpResponse:
    """Show what came of trying the candidate, to htmx the table alone; a POST has it tried again."""
    certificate = candidate.certificate
    if request.method == "POST":
        actions.ask_try(candidate, now=timezone.now())
    if not wants_fragment(request):
        return see_other(pages.to["confirm"], certificate.name)
    candidate.refresh_from_db()
    response = render(request, pages, "certificates/rollout/_tries.html", {"certificate": certificate, **table_of(candidate)})
    add_never_cache_headers(response)
    return response


@require_POST
@may("change")
@_of_candidate
def discard(request: PortalRequest, pages: Pages, candidate: Candidate) -> HttpResponse:
    """Forget the candidate."""
    certificate = candidate.certificate
    actions.discard(candidate, by=request.user, now=timezone.now())
    messages.success(request, _("The proposed version was discarded. The present one stays."))
    return see_other(pages.to["detail"], certificate.name)


def compared(candidate: Candidate) -> Comparison:
    """Return the candidate beside what is presented now."""
    return _compare(candidate.certificate, candidate.path)


def _compare(certificate: Certificate, path: Sequence[Facts]) -> Comparison:
    assert certificate.current is not None  # noqa: S101 - an entry is made with its first version
    return compare(certificate.current.path, path, Purpose(certificate.kind), now=timezone.now())


def beside(certificate: Certificate, path: Sequence[Facts]) -> dict[str, Any]:
    """Return what a page shows of another certificate (*path*) beside what an entry presents now."""
    return _shown(certificate, path, _compare(certificate, path))


def shown(candidate: Candidate, comparison: Comparison) -> dict[str, Any]:
    """Return what the page shows of a candidate's comparison."""
    return {**_shown(candidate.certificate, candidate.path, comparison), "another_person": rules_of(candidate.certificate).another_person}


def _shown(certificate: Certificate, path: Sequence[Facts], comparison: Comparison) -> dict[str, Any]:
    kind, purpose = Kind(certificate.kind), Purpose(certificate.kind)
    return {
        "comparison": comparison,
        "rows": [(LABELS[row.name], row) for row in comparison.rows],
        "warnings": [
            *(caution_sentence(caution, kind) for caution in comparison.cautions),
            *(doubts.sentence(doubt, purpose) for doubt in comparison.doubts),
            *doubts.at_renewal(path, purpose, now=timezone.now()),
        ],
    }


def table_of(candidate: Candidate) -> dict[str, Any]:
    """Return the table of tries, and what they sum up to."""
    context = {"candidate": candidate, **tries_in_words(candidate.tries.all()), "accepted": trying.is_accepted(candidate)}
    return context | _split_of(candidate)


def tries_in_words(tries: QuerySet[TriedAt]) -> dict[str, Any]:
    """Return the table of *tries*, and how many came out how."""
    return {**tried_table(tries, _cell), "sum": _sum_of(outcomes_of(tries))}


def _split_of(candidate: Candidate) -> dict[str, Any]:
    """Return how many APIs accept a candidate, and the others by what people call them; nothing where all do, or none."""
    refusing = trying.refusing(candidate) if candidate.is_tried else set()
    if not refusing or not (accepting := len(trying.accepting(candidate))):
        return {}
    names = Tried.objects.filter(candidate=candidate, api__in=refusing).order_by("display_name").values_list("display_name", flat=True)
    return {"accepting": accepting, "refusing": staying.first_of(list(names.distinct()))}


def _cell(tried: TriedAt) -> dict[str, Any]:
    badge = _SHOWN_BADGES.get(Outcome(tried.outcome), "warn")
    return {"tried": tried, "badge": badge, "word": tried.get_outcome_display(), "reason": reason_sentence(tried)}


def _sum_of(outcomes: dict[str, int]) -> str:
    """Return how many tries came out how: 8 accepted, 3 refused, 1 unreachable."""
    number = {outcome: outcomes.get(outcome, 0) for outcome in Outcome}
    patterns = {
        Outcome.ACCEPTED: ngettext("%d accepted", "%d accepted", number[Outcome.ACCEPTED]),
        Outcome.NOT_ASKED: ngettext("%d not asked", "%d not asked", number[Outcome.NOT_ASKED]),
        Outcome.REFUSED: ngettext("%d refused", "%d refused", number[Outcome.REFUSED]),
        Outcome.UNREACHABLE: ngettext("%d unreachable", "%d unreachable", number[Outcome.UNREACHABLE]),
        Outcome.UNKNOWN: ngettext("%d not known", "%d not known", number[Outcome.UNKNOWN]),
        Outcome.WAITING: ngettext("%d waiting", "%d waiting", number[Outcome.WAITING]),
    }
    return ", ".join(pattern % number[outcome] for outcome, pattern in patterns.items() if number[outcome])
