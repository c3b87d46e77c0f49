"""Security → Client certificates, Server certificates: the pages. They translate; :mod:`certificates.actions` decides."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from certificates import actions, doubts
from certificates import listing as certificate_list
from certificates.access import may
from certificates.forms import PfxForm, RollBackForm, UploadForm
from certificates.holders import holders_of
from certificates.judgement import DoubtKind, Purpose, doubts_of, without_issuer
from certificates.kinds import Pages
from certificates.models import Certificate, CertificateVersion, KeyDestroyed
from certificates.pages import find, render, where_it_goes
from certificates.pfx import Pfx, Problem
from certificates.rollout import actions as rollout
from certificates.rollout.entrance import go_on, may_replace_at_once, propose_roll_back
from certificates.rollout.models import Candidate, rules_of
from certificates.rollout.standing import probation_of
from certificates.rollout.staying import kept_versions, staying_of
from certificates.rollout.views import beside
from certificates.sources.standing import request_for, requests_of, source_of
from certificates.uses import apis_that_need
from portal.history.undo import saved
from portal.http import PortalRequest, wants_fragment
from portal.responses import see_other

_SHOWN_RECEIPTS = 10
_OF_STAYING = ("name", "display_name", "stays_with__number", "stays_with__thumbprint", "stays_with__not_before", "stays_with__not_after")
_SHOWN_APIS = 50  # of those that use a certificate; the others are counted


@require_safe
@may("view")
def index(request: PortalRequest, pages: Pages) -> HttpResponse:
    """List the certificates; ``q`` and ``show`` narrow, ``sort``, ``per`` and ``page`` do what they say."""
    shown = certificate_list.shown(request, pages)
    waiting = {"requests": requests_of(pages.model.KIND)}
    template = "certificates/_list.html" if (fragment := wants_fragment(request)) else "certificates/index.html"
    return render(request, pages, template, {"listing": shown, "page": shown.page, "fragment": fragment, **waiting})


@sensitive_variables("form", "pfx")
@sensitive_post_parameters("password", "pem")
@require_http_methods(["GET", "HEAD", "POST"])
@may("add")
def upload(request: PortalRequest, pages: Pages) -> HttpResponse:
    """Store a new certificate."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    form.fields["name"].help_text = str(pages.name_help)
    held: dict[str, Any] = {}
    if form.is_valid() and (pfx := form.open()):
        try:
            certificate = actions.upload_as(pages.model, pfx, name=form.cleaned_data["name"], by=request.user, now=timezone.now())
        except actions.AlreadyUploaded as refusal:
            held = say_who_holds_it(form, refusal)
        except actions.NameTaken as refusal:
            form.add_error("name", _("There is already a certificate named %(name)s.") % {"name": refusal.certificate.name})
        else:
            messages.success(request, _("%(name)s was uploaded.") % {"name": certificate.name})
            _say_that_it_was_unprotected(request, pfx)
            return see_other(pages.to["detail"], certificate.name)
    return render(request, pages, "certificates/upload.html", {"form": form, **held}, status=status_of(form))


@require_safe
@may("view")
def detail(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Show what a certificate says of itself, its versions and which APIs present it."""
    if (waiting := request_for(pages.model.KIND, name)) and not pages.model.objects.named(name).exists():
        return redirect(pages.to["pending"], waiting.name)
    certificate = find(pages, name)
    assert certificate.current is not None  # noqa: S101 - an entry is made with its first version
    context = {
        "waiting": waiting,
        "source": source_of(certificate),
        "certificate": certificate,
        **_what_it_is(certificate.current),
        "versions": certificate.versions.select_related("created_by", "destroyed_by").defer("wrapped_key", "ciphertext"),
        "candidate": Candidate.objects.filter(certificate=certificate.pk).select_related("proposed_by", "confirmed_by").first(),
        **probation_of(certificate),
        "receipts": certificate.receipts.all()[:_SHOWN_RECEIPTS],
        **_staying_with(certificate),
        "now": timezone.now(),
        **_use_of(certificate),
    }
    return render(request, pages, "certificates/detail.html", context)


@sensitive_variables("form", "pfx")
@sensitive_post_parameters("password", "pem")
@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
def replace(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Add a new version, which every API that uses the entry presents from then on; or propose one, to be compared and tried first."""
    certificate = find(pages, name)
    form = PfxForm(request.POST, request.FILES) if request.method == "POST" else PfxForm()
    held: dict[str, Any] = {}
    if form.is_valid() and (pfx := form.open()):
        try:
            answer = _replace(request, pages, certificate, pfx)
        except actions.AlreadyUploaded as refusal:
            held = say_who_holds_it(form, refusal, certificate)
        except rollout.AlreadyPlanned as refusal:
            form.add_error(form.source, refusal.sentence)
            held = {"planned": not isinstance(refusal, rollout.UnderWay)}
        except Certificate.DoesNotExist as gone:
            raise Http404 from gone
        else:
            _say_that_it_was_unprotected(request, pfx)
            return answer
    context = {"form": form, "certificate": certificate, **held, **_what_switches(certificate)}
    return render(request, pages, "certificates/replace.html", context, status=status_of(form))


@sensitive_variables("pfx")
def _replace(request: PortalRequest, pages: Pages, certificate: Certificate, pfx: Pfx) -> HttpResponse:
    """Do with *pfx* what the form says: replace at once, or propose it.

    :raises actions.AlreadyUploaded: if an entry holds it already
    :raises rollout.AlreadyPlanned: if a switch of the entry is planned
    """
    sent = request.POST
    way = {"confirmed": bool(sent.get("confirmed")), "in_steps": bool(sent.get("canary"))}
    if may_replace_at_once(certificate, pfx, when=sent.get("when", ""), **way):
        certificate = actions.replace(certificate, pfx, by=request.user, now=timezone.now())
        said = _("%(name)s was replaced.") % {"name": certificate.name} + " " + where_it_goes(pages, certificate)
        saved(request, said, pages.live_kind, certificate)
        return see_other(pages.to["detail"], certificate.name)
    candidate = rollout.propose(certificate, pfx, by=request.user, now=timezone.now())
    return go_on(request, pages, candidate)


@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
def roll_back(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Make another version the current one, once it is confirmed; a GET asks, with that version beside what is presented now."""
    certificate = find(pages, name)
    form = RollBackForm(request.POST if request.method == "POST" else request.GET)
    form.fields["version"].queryset = certificate.versions.all()  # type: ignore[attr-defined]  # a ModelChoiceField
    if not form.is_valid():
        return render(request, pages, "certificates/no_such_version.html", {"form": form, "certificate": certificate}, status=422)
    version = form.cleaned_data["version"]
    if request.method != "POST":
        context = {"certificate": certificate, "version": version, "apis": apis_that_need(certificate), **beside(certificate, version.path)}
        return render(request, pages, "certificates/confirm_roll_back.html", context)
    try:
        if request.POST.get("when") or rules_of(certificate).another_person:
            return propose_roll_back(request, pages, certificate, version.number)
        certificate = actions.roll_back(certificate, version=version.number, by=request.user, now=timezone.now())
    except Certificate.DoesNotExist as gone:
        raise Http404 from gone
    except KeyDestroyed:
        context = {"certificate": certificate, "destroyed": version}
        return render(request, pages, "certificates/no_such_version.html", context, status=409)
    said = _("%(name)s was rolled back.") % {"name": name} + " " + where_it_goes(pages, certificate)
    saved(request, said, pages.live_kind, certificate)
    return see_other(pages.to["detail"], name)


@require_http_methods(["GET", "HEAD", "POST"])
@may("delete")
def delete(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Delete a certificate after a confirmation; one that is in use stays, and the page says where."""
    certificate = find(pages, name)
    use = _use_of(certificate)
    if request.method == "POST":
        try:
            actions.delete(certificate, by=request.user, now=timezone.now())
        except actions.InUse:
            return render(request, pages, "certificates/in_use.html", {"certificate": certificate, **_use_of(certificate)}, status=409)
        except Certificate.DoesNotExist as gone:
            raise Http404 from gone
        messages.success(request, _("%(name)s was deleted.") % {"name": name})
        return see_other(pages.to["index"])
    template = "certificates/in_use.html" if use["used_by"] or use["holders"] else "certificates/confirm_delete.html"
    return render(request, pages, template, {"certificate": certificate, **use, **_goes_with(certificate)})


def _goes_with(certificate: Certificate) -> dict[str, Any]:
    """Return what is deleted with an entry besides its versions."""
    candidate = Candidate.objects.filter(certificate=certificate.pk).first()
    return {"receipts": certificate.receipts.count(), "candidate": candidate, "source": source_of(certificate)}


def _what_it_is(version: CertificateVersion) -> dict[str, Any]:
    """Return what a page shows of a version: its facts, its chain and what is wrong with either."""
    now = timezone.now()
    leaf, *above = path = version.path
    purpose = Purpose(version.kind)
    told = (DoubtKind.EXPIRED, DoubtKind.NOT_YET_VALID)  # by a note of their own
    return {
        "facts": leaf,
        "hosts": leaf.host_names,
        "chain": above,
        "without_issuer": without_issuer(path),
        "aside": version.left_aside,
        "doubts": [
            *(doubts.sentence(doubt, purpose) for doubt in doubts_of(path, purpose, now=now) if doubt.kind not in told),
            *doubts.at_renewal(path, purpose, now=now),
        ],
    }


def _staying_with(certificate: Certificate) -> dict[str, Any]:
    """Return the APIs that stay with an earlier version, as far as a page shows them, and how many stay with which."""
    if not (kept := kept_versions(certificate)):
        return {"kept": {}}
    apis = staying_of(certificate).select_related("stays_with").order_by("display_name", "name").only(*_OF_STAYING)
    return {"staying": apis[:_SHOWN_APIS], "kept": kept, "staying_more": max(0, sum(kept.values()) - _SHOWN_APIS)}


def _use_of(certificate: Certificate) -> dict[str, Any]:
    """Return which APIs need it, as far as a page shows them, and how many there are."""
    users = apis_that_need(certificate)
    shown = users.select_related("stays_with").only("name", "display_name", "certificate", "stays_with__thumbprint")
    apis = list(shown.order_by("display_name", "name")[: _SHOWN_APIS + 1])
    used_by = len(apis) if len(apis) <= _SHOWN_APIS else users.count()
    more = used_by - len(apis[:_SHOWN_APIS])
    return {"apis": apis[:_SHOWN_APIS], "used_by": used_by, "more": more, "holders": holders_of(certificate)}


def _what_switches(certificate: Certificate) -> dict[str, int]:
    """Return how many APIs present the next version once it is there, and how many stay with an earlier one."""
    staying = sum(kept_versions(certificate).values())
    return {"switching": apis_that_need(certificate).count() - staying, "staying": staying}


def say_who_holds_it(form: PfxForm, refusal: actions.AlreadyUploaded, asked: Certificate | None = None) -> dict[str, Any]:
    """Put the sentence at the file; the page links to the entry, or offers to roll back to an earlier version of *asked* itself."""
    names = {"name": refusal.certificate.name, "number": refusal.version.number}
    if asked is None or refusal.certificate != asked:
        sentence = _("This certificate is already uploaded as %(name)s.")
    elif refusal.is_earlier:
        sentence = _("This is version %(number)d of %(name)s. Roll back to it in place of uploading it again.")
    else:
        sentence = _("This is the current version of %(name)s already.")
    form.add_error(form.source, sentence % names)
    earlier = refusal.version if asked == refusal.certificate and refusal.is_earlier else None
    return {"held_by": refusal.certificate, "earlier": earlier}


def _say_that_it_was_unprotected(request: PortalRequest, pfx: Pfx) -> None:
    if pfx.unprotected:
        messages.info(request, doubts.UNPROTECTED)


def status_of(form: PfxForm) -> int:
    """Return the status that a page with *form* is answered with."""
    if form.has_error(form.source, Problem.BUSY):
        return 429
    return 422 if form.errors else 200
