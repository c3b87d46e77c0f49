"""Security → Trusted authorities: the pages. They translate; :mod:`certificates.authorities.actions` decides."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from certificates.authorities import actions, switching
from certificates.authorities.access import find, may, render
from certificates.authorities.bundle import Bundle
from certificates.authorities.comparison import compare
from certificates.authorities.forms import CertificatesForm, NewAuthorityForm, RollBackForm
from certificates.authorities.models import Authority, AuthorityCandidate, AuthorityVersion, holding_words
from certificates.authorities.switching_views import beside, decide
from certificates.authorities.uses import uses
from certificates.authorities.using import use_of, uses_among
from certificates.models import folded
from certificates.pfx import Problem
from certificates.rollout.actions import AlreadyPlanned
from certificates.rollout.forms import NOW, TRY, DecisionForm
from portal.history.undo import saved
from portal.http import PortalRequest, wants_fragment
from portal.listing import Column, listing
from portal.responses import see_other

_COLUMNS = (
    Column(key="name", label=gettext_lazy("Name"), field="name"),
    Column(key="subject", label=gettext_lazy("Subject"), field="current__label"),
    Column(key="expires", label=gettext_lazy("Expires"), field="current__not_after"),
)

_SHOWN_RECEIPTS = 10


@require_safe
@may("view")
def index(request: PortalRequest) -> HttpResponse:
    """List the entries as cards; ``q`` searches, ``sort`` and ``page`` as in the address."""
    rows = Authority.objects.filter(current__isnull=False).select_related("current")
    shown = listing(request, rows, _COLUMNS, search=holding_words)
    cards = list(shown.page.object_list)
    context = {"listing": shown, "page": shown.page, "uses": uses_among(cards), "waiting": _waiting(cards), "now": timezone.now()}
    template = "_list.html" if (fragment := wants_fragment(request)) else "index.html"
    return render(request, template, {**context, "fragment": fragment})


@sensitive_post_parameters("pem")  # where people paste their private keys
@require_http_methods(["GET", "HEAD", "POST"])
@may("add")
def upload(request: PortalRequest) -> HttpResponse:
    """Store a new entry."""
    form = NewAuthorityForm(request.POST, request.FILES) if request.method == "POST" else NewAuthorityForm()
    held: Authority | None = None
    if form.is_valid() and (bundle := form.read()):
        try:
            authority = actions.add(bundle, name=form.cleaned_data["name"], by=request.user, now=timezone.now())
        except actions.AlreadyHeld as refusal:
            held = refusal.authority
            _say_who_holds_it(form, held)
        except actions.NameTaken as refusal:
            form.add_error("name", _("There is already a trusted authority named %(name)s.") % {"name": refusal.authority.name})
        else:
            messages.success(request, _("%(name)s was uploaded.") % {"name": authority.name})
            return see_other("authorities:detail", authority.name)
    return render(request, "upload.html", {"form": form, "held_by": held}, status=_status_of(form))


@require_safe
@may("view")
def detail(request: PortalRequest, name: str) -> HttpResponse:
    """Show an entry: its certificates, who trusts it, its versions."""
    authority = find(name)
    candidates = AuthorityCandidate.objects.filter(authority=authority).select_related("proposed_by", "confirmed_by")
    context = {
        "authority": authority,
        "candidate": candidates.first(),
        "versions": authority.versions.select_related("created_by"),
        "receipts": authority.receipts.all()[:_SHOWN_RECEIPTS],
        "now": timezone.now(),
        **use_of(authority),
    }
    return render(request, "detail.html", context)


@require_safe
@may("view")
def download(_request: PortalRequest, name: str) -> HttpResponse:
    """Send what an entry holds, in PEM."""
    authority = find(name)
    assert authority.current is not None  # noqa: S101 - an entry is made with its first version
    response = HttpResponse(authority.current.pem, content_type="application/x-pem-file")
    response["Content-Disposition"] = 'attachment; filename="authorities.pem"'
    return response


@sensitive_post_parameters("pem")
@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
def replace(request: PortalRequest, name: str) -> HttpResponse:
    """Let an entry hold other certificates, at once or once they were compared and tried."""
    authority = find(name)
    form = CertificatesForm(request.POST, request.FILES) if request.method == "POST" else CertificatesForm()
    held: Authority | None = None
    planned = False
    if form.is_valid() and (bundle := form.read()):
        try:
            return _replace(request, authority, bundle)
        except actions.AlreadyHeld as refusal:
            held = refusal.authority
            _say_who_holds_it(form, held, asked=authority)
        except switching.AlreadyPlanned:
            planned = True
            form.add_error(form.source, AlreadyPlanned.sentence)
        except Authority.DoesNotExist as gone:
            raise Http404 from gone
    context = {"authority": authority, "form": form, "held_by": held, "planned": planned, **use_of(authority)}
    return render(request, "replace.html", context, status=_status_of(form))


def _replace(request: PortalRequest, authority: Authority, bundle: Bundle) -> HttpResponse:
    """Do what the form says: replace at once what nobody has to be warned of, or propose it.

    :raises actions.AlreadyHeld: if an entry holds these certificates
    :raises switching.AlreadyPlanned: if a switch of the entry is planned
    """
    when, confirmed, now = request.POST.get("when", ""), bool(request.POST.get("confirmed")), timezone.now()
    assert authority.current is not None  # noqa: S101 - an entry is made with its first version
    warned = compare(authority.current.bundle, bundle, now=now).has_to_be_confirmed
    if not when or (when == NOW and (confirmed or not warned)):
        authority = actions.replace(authority, bundle, by=request.user, now=now)
        saved(request, _("%(name)s was replaced.") % {"name": authority.name}, "authority", authority)
        return see_other("authorities:detail", authority.name)
    candidate = switching.propose(authority, bundle, by=request.user, now=now)
    form = DecisionForm(request.POST, lasting=candidate, has_to_be_confirmed=warned)
    if when != TRY and form.is_valid():
        return decide(request, candidate, form)
    if warned:
        messages.warning(request, _("Nothing is replaced yet: read the warnings below, then confirm."))
    else:
        messages.info(request, _("Nothing is replaced yet: the new version is tried, and waits for your word."))
    return see_other("authorities:confirm", authority.name)


@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
def roll_back(request: PortalRequest, name: str) -> HttpResponse:
    """Let an entry hold another of its versions, once it is confirmed; a GET asks, with that version beside what is trusted now."""
    authority = find(name)
    form = RollBackForm(request.POST if request.method == "POST" else request.GET)
    form.fields["version"].queryset = authority.versions.all()  # type: ignore[attr-defined]  # a ModelChoiceField
    if not form.is_valid():
        return render(request, "no_such_version.html", {"form": form, "authority": authority}, status=422)
    version, now = form.cleaned_data["version"], timezone.now()
    if request.method != "POST":
        return _ask_before_rolling_back(request, authority, version, now=now)
    try:
        if request.POST.get("when") == TRY:
            switching.propose(authority, version.bundle, by=request.user, now=now)
            messages.info(request, _("Nothing is replaced yet: the new version is tried, and waits for your word."))
            return see_other("authorities:confirm", authority.name)
        actions.roll_back(authority, version=version.number, by=request.user, now=now)
    except Authority.DoesNotExist as gone:
        raise Http404 from gone
    except actions.AlreadyHeld as refusal:
        return render(request, "no_such_version.html", {"authority": authority, "held_by": refusal.authority}, status=409)
    except switching.AlreadyPlanned:
        return render(request, "no_such_version.html", {"authority": authority, "planned": AlreadyPlanned.sentence}, status=409)
    saved(request, _("%(name)s was rolled back.") % {"name": authority.name}, "authority", authority)
    return see_other("authorities:detail", authority.name)


def _ask_before_rolling_back(request: PortalRequest, authority: Authority, version: AuthorityVersion, *, now: datetime) -> HttpResponse:
    assert authority.current is not None  # noqa: S101 - an entry is made with its first version
    comparison = compare(authority.current.bundle, version.bundle, now=now)
    context = {"authority": authority, "version": version, "apis": uses().needing(authority), **beside(comparison)}
    return render(request, "confirm_roll_back.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@may("delete")
def delete(request: PortalRequest, name: str) -> HttpResponse:
    """Delete an entry after a confirmation; one that is in use stays, and the page says where."""
    authority = find(name)
    use = use_of(authority)
    if request.method == "POST":
        try:
            actions.delete(authority, by=request.user, now=timezone.now())
        except actions.InUse:
            return render(request, "in_use.html", {"authority": authority, **use_of(authority)}, status=409)
        except Authority.DoesNotExist as gone:
            raise Http404 from gone
        messages.success(request, _("%(name)s was deleted.") % {"name": authority.name})
        return see_other("authorities:index")
    return render(request, "in_use.html" if use["used_by"] or use["holders"] else "confirm_delete.html", {"authority": authority, **use})


def _waiting(cards: list[Authority]) -> set[int]:
    """Return which of these have a candidate."""
    return set(AuthorityCandidate.objects.filter(authority__in=cards).values_list("authority", flat=True))


def _say_who_holds_it(form: CertificatesForm, holder: Authority, *, asked: Authority | None = None) -> None:
    if asked is not None and folded(asked.name) == folded(holder.name):
        form.add_error(form.source, _("%(name)s holds these certificates already.") % {"name": holder.name})
    else:
        form.add_error(form.source, _("These certificates are the trusted authority %(name)s already.") % {"name": holder.name})


def _status_of(form: CertificatesForm) -> int:
    if form.has_error(form.source, Problem.BUSY):
        return 429
    return 422 if form.errors else 200
