"""The pages of signing requests: made, downloaded, answered with the signed certificate, discarded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certificates import actions as certificate_actions
from certificates.access import may
from certificates.facts import Facts
from certificates.kinds import Pages
from certificates.models import Certificate, folded
from certificates.pfx import Problem, UnreadablePfx
from certificates.rollout.models import Candidate
from certificates.signing import KeyKind
from certificates.sources import actions
from certificates.sources.forms import AnswerForm, RequestForm
from certificates.sources.models import SigningRequest
from certificates.sources.trouble import Trouble
from portal.http import PortalRequest
from portal.responses import see_other


@require_http_methods(["GET", "HEAD", "POST"])
@may("add")
def make(request: PortalRequest, pages: Pages) -> HttpResponse:
    """Make a key and a signing request; ``name`` in the address names the entry that it is to renew."""
    if request.method != "POST":
        return _form(request, pages, RequestForm(initial=_like(pages, request.GET.get("name", ""))))
    form = RequestForm(request.POST)
    if not form.is_valid():
        return _form(request, pages, form, status=422)
    asked = form.cleaned_data
    if _entry(pages, asked["name"]) and not request.user.has_perm(pages.permission("change")):
        raise PermissionDenied
    try:
        made = actions.request_certificate(
            pages.model.KIND,
            name=asked["name"],
            subject=asked["subject"],
            names=asked["names"],
            key=KeyKind(asked["key"]),
            by=request.user,
            now=timezone.now(),
        )
    except actions.AlreadyRequested as refusal:
        sentence = _("A signing request for %(name)s waits for its certificate already. Bring that, or discard the request first.")
        form.add_error("name", sentence % {"name": refusal.request.name})
        return _form(request, pages, form, status=422, waiting=refusal.request)
    except UnreadablePfx:
        form.add_error("key", _("The key could not be made just now: too much else is going on. Try again in a moment."))
        return _form(request, pages, form, status=429)
    messages.success(request, _("The key was made and sealed. Download the signing request and send it to your authority."))
    return see_other(pages.to["pending"], made.name)


@require_safe
@may("change")
def pending(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Show a signing request that waits for its certificate."""
    return _page(request, pages, _find(pages, name), AnswerForm())


@require_safe
@may("change")
def download(_request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Give the signing request as a file."""
    waiting = _find(pages, name)
    disposition = content_disposition_header(as_attachment=True, filename=f"{waiting.name}.csr")
    return HttpResponse(waiting.pem, content_type="application/pkcs10", headers={"Content-Disposition": disposition or "attachment"})


@sensitive_variables("form")
@sensitive_post_parameters("pem")
@require_POST
@may("change")
def answer(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Take the signed certificate: the entry's next version, or a new entry."""
    waiting = _find(pages, name)
    form = AnswerForm(request.POST, request.FILES)
    renews, now = _entry(pages, waiting.name) is not None, timezone.now()
    if form.is_valid():
        try:
            entry = actions.answer(pages.model, waiting, form.sent(), by=request.user, now=now)
        except UnreadablePfx as refusal:
            form.refuse(refusal)
        except certificate_actions.AlreadyUploaded as refusal:
            form.add_error(form.source, _("This certificate is already uploaded as %(name)s.") % {"name": refusal.certificate.name})
        except Trouble as planned:
            form.add_error(form.source, str(planned))
        except SigningRequest.DoesNotExist as gone:
            raise Http404 from gone
        else:
            messages.success(request, _what_it_is(entry, renews=renews, now=now) % {"name": entry.name})
            return see_other(pages.to["detail"], entry.name)
    return _page(request, pages, waiting, form, status=429 if form.has_error(form.source, Problem.BUSY) else 422)


def _what_it_is(entry: Certificate, *, renews: bool, now: datetime) -> str:
    if Candidate.objects.filter(certificate=entry.pk, proposed_at=now).exists():  # not one that was planned before
        return _("Nothing is replaced yet: another person has to confirm the new version of %(name)s.")
    if entry.canary:
        return _("The API %(api)s presents the new version; the others follow if its back end takes it.") % {"api": entry.canary}
    return _("The signed certificate is the new version of %(name)s.") if renews else _("%(name)s has its certificate.")


@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
def discard(request: PortalRequest, pages: Pages, name: str) -> HttpResponse:
    """Delete a signing request with its key after a confirmation."""
    waiting = _find(pages, name)
    if request.method == "POST":
        try:
            actions.discard(waiting, by=request.user, now=timezone.now())
        except SigningRequest.DoesNotExist as gone:
            raise Http404 from gone
        messages.success(request, _("The signing request for %(name)s and its key were deleted.") % {"name": waiting.name})
        return see_other(pages.to["detail"], waiting.name) if _entry(pages, waiting.name) else see_other(pages.to["index"])
    context = {"pages": pages, "waiting": waiting, "certificate": _entry(pages, waiting.name)}
    return render(request, "certificates/sources/confirm_discard.html", context)


def _find(pages: Pages, name: str) -> SigningRequest:
    return get_object_or_404(SigningRequest.objects.select_related("created_by"), kind=pages.model.KIND, folded_name=folded(name))


def _entry(pages: Pages, name: str) -> Certificate | None:
    return pages.model.objects.named(name).select_related("current").first() if name else None


def _like(pages: Pages, name: str) -> dict[str, Any]:
    """Return what the form begins with: for an entry, what its certificate says."""
    entry = _entry(pages, name)
    if entry is None or entry.current is None:
        return {"key": KeyKind.RSA_3072}
    return {"name": entry.name, **RequestForm.like(Facts.of(bytes(entry.current.der)))}


def _form(request: PortalRequest, pages: Pages, form: RequestForm, *, status: int = 200, **more: Any) -> HttpResponse:
    return render(request, "certificates/sources/request.html", {"pages": pages, "form": form, **more}, status=status)


def _page(request: PortalRequest, pages: Pages, waiting: SigningRequest, form: AnswerForm, *, status: int = 200) -> HttpResponse:
    context = {"pages": pages, "waiting": waiting, "certificate": _entry(pages, waiting.name), "form": form}
    return render(request, "certificates/sources/pending.html", context, status=status)
