"""How versions come from the pages of an entry into a switch: at once, as ever, or as a candidate."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from certificates.facts import Facts
from certificates.judgement import Purpose
from certificates.kinds import Pages
from certificates.models import Certificate, CertificateVersion
from certificates.pfx import Pfx
from certificates.rollout import actions
from certificates.rollout.comparison import compare
from certificates.rollout.forms import ACCEPTING, NOW, TRY, ConfirmForm
from certificates.rollout.models import Candidate, rules_of
from certificates.rollout.views import compared, decide
from portal.http import PortalRequest
from portal.responses import see_other


@sensitive_variables("pfx")
def may_replace_at_once(certificate: Certificate, pfx: Pfx, *, when: str, confirmed: bool, in_steps: bool) -> bool:
    """Return whether *pfx* goes the simple way, without a candidate.

    :param when: what was said of it; empty: nothing, which is how it was done before there were candidates
    :param confirmed: whether it was said that what is warned of is meant
    :param in_steps: whether it was said which API is to be first
    """
    rules = rules_of(certificate)
    if rules.another_person or rules.canary or in_steps or when not in {"", NOW}:
        return False
    if not when or confirmed:
        return True
    assert certificate.current is not None  # noqa: S101 - an entry is made with its first version
    new = [Facts.of(der) for der in (pfx.certificate, *pfx.chain)]
    return not compare(certificate.current.path, new, Purpose(certificate.kind), now=timezone.now()).has_to_be_confirmed


def go_on(request: PortalRequest, pages: Pages, candidate: Candidate) -> HttpResponse:
    """Decide upon a new candidate, if the form that has brought it says all that it takes; else send to the page that asks."""
    comparison = compared(candidate)
    certificate = candidate.certificate
    said = request.POST.copy()
    if not said.get("when"):
        said["when"] = NOW
    form = ConfirmForm(said, candidate=candidate, has_to_be_confirmed=comparison.has_to_be_confirmed)
    another = rules_of(certificate).another_person
    if request.POST.get("when") not in {TRY, ACCEPTING} and not another and form.is_valid():
        return decide(request, pages, candidate, form)
    if another:
        messages.info(request, _("Nothing is replaced yet: this certificate demands that another person confirms it, on this page."))
    elif comparison.has_to_be_confirmed:
        messages.warning(request, _("Nothing is replaced yet: read the warnings below, then confirm."))
    else:
        messages.info(request, _("Nothing is replaced yet: the new version is tried, and waits for your word."))
    return see_other(pages.to["confirm"], certificate.name)


def propose_roll_back(request: PortalRequest, pages: Pages, certificate: Certificate, version: int) -> HttpResponse:
    """Let an earlier version be the candidate, and go on as :func:`go_on` does; what is current already stays."""
    try:
        candidate = actions.propose_version(certificate, version=version, by=request.user, now=timezone.now())
    except actions.AlreadyPlanned as refusal:
        messages.error(request, refusal.sentence)
    except CertificateVersion.DoesNotExist:
        messages.info(request, _("This is the current version of %(name)s already.") % {"name": certificate.name})
    else:
        return go_on(request, pages, candidate)
    return see_other(pages.to["detail"], certificate.name)
