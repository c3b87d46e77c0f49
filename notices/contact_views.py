"""Whom an entry belongs to, and acknowledging what is told. For whoever may change what it is about."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from certificates.kinds import PAGES, Pages
from certificates.models import Certificate
from notices import actions
from notices.forms import ContactForm
from notices.models import Contact
from notices.standing import standing_of
from notices.subjects.finding import subject_by_key
from portal.history.undo import saved
from portal.http import PortalRequest
from portal.responses import SeeOther, see_other


@require_http_methods(["GET", "HEAD", "POST"])
def contacts(request: PortalRequest, kind: str, name: str) -> HttpResponse:
    """Show who is told of an entry, and add somebody."""
    pages, entry = _entry(request, kind, name)
    form = ContactForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        added = actions.add_contact(entry, **form.cleaned_data, by=request.user, now=timezone.now())
        if added:
            saved(request, _("Notices about %(name)s go there, too.") % {"name": entry.name}, "telling", entry)
        else:
            messages.info(request, _("Notices about %(name)s went there already.") % {"name": entry.name})
        return see_other("notices:contacts", kind, entry.name)
    context = {"form": form, "entry": entry, "kind": kind, "pages": pages, **standing_of(entry)}
    return render(request, "notices/contacts.html", context, status=422 if form.errors else 200)


@require_POST
def remove(request: PortalRequest, kind: str, name: str) -> HttpResponse:
    """Have somebody no longer told of an entry; nothing happens if they are not."""
    entry = _entry(request, kind, name)[1]
    number = request.POST.get("contact", "")
    contact = Contact.objects.filter(certificate=entry, pk=int(number[:18]) if number.isascii() and number.isdecimal() else 0).first()
    if contact:
        actions.remove_contact(contact, by=request.user, now=timezone.now())
        gone = _("Notices about %(name)s no longer go to %(contact)s.") % {"name": entry.name, "contact": contact}
        saved(request, gone, "telling", entry)
    return see_other("notices:contacts", kind, entry.name)


@require_POST
@permission_required("certificates.change_clientcertificate", raise_exception=True)
def acknowledge(request: PortalRequest) -> HttpResponse:
    """Have nothing more told of the version of a ``subject`` (its key) that there is now; with ``resume``, tell of it again."""
    subject = subject_by_key(request.POST.get("subject", ""), now=timezone.now())
    if subject and not request.user.has_perm(subject.told_to):
        raise PermissionDenied
    if subject is None:
        messages.info(request, _("There is nothing more to tell of it."))
    elif "resume" in request.POST:
        actions.resume(subject, by=request.user, now=timezone.now())
        messages.success(request, _("Of %(name)s is told again.") % {"name": subject.name})
    else:
        actions.acknowledge(subject, by=request.user, now=timezone.now())
        messages.success(request, _("Of %(name)s nothing more is told, until it is renewed.") % {"name": subject.name})
    return SeeOther(_back(request))


def _entry(request: PortalRequest, kind: str, name: str) -> tuple[Pages, Certificate]:
    pages = next((pages for known, pages in PAGES.items() if known.value == kind), None)
    if pages is None:
        raise Http404
    if not request.user.has_perm(pages.permission("change")):
        raise PermissionDenied
    return pages, get_object_or_404(pages.model.objects.with_current().named(name))


def _back(request: PortalRequest) -> str:
    page = request.POST.get("next", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()) else reverse("dashboard")
