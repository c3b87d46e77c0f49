"""Security → Client certificates: the pages. They translate; what may happen is decided in :mod:`certificates.actions`."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certificates import actions, doubts
from certificates.forms import PfxForm, RollBackForm, UploadForm
from certificates.judgement import DoubtKind, doubts_of, without_issuer
from certificates.models import CertificateVersion, ClientCertificate, holding_words
from certificates.pfx import Pfx, Problem
from portal.http import PortalRequest, wants_fragment
from portal.listing import Column, listing
from portal.responses import see_other

_COLUMNS = (
    Column(key="name", label=gettext_lazy("Name"), field="name"),
    Column(key="subject", label=gettext_lazy("Subject"), field="current__label"),
    Column(key="thumbprint", label=gettext_lazy("Thumbprint"), field="current__thumbprint"),
    Column(key="issuer", label=gettext_lazy("Issuer"), field="current__issuer"),
    Column(key="expires", label=gettext_lazy("Expires"), field="current__not_after"),
    Column(key="used", label=gettext_lazy("In use by"), field="used_by"),
)
_SHOWN_APIS = 50  # of those that use a certificate; the others are counted


@require_safe
@permission_required("certificates.view_clientcertificate", raise_exception=True)
def index(request: PortalRequest) -> HttpResponse:
    """List the certificates; ``q`` searches, ``sort`` and ``page`` as in the address."""
    shown = listing(request, ClientCertificate.objects.with_use(), _COLUMNS, search=holding_words)
    template = "certificates/_list.html" if (fragment := wants_fragment(request)) else "certificates/index.html"
    return render(request, template, {"listing": shown, "page": shown.page, "fragment": fragment})


@sensitive_variables("form", "pfx")
@sensitive_post_parameters("password", "pem")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("certificates.add_clientcertificate", raise_exception=True)
def upload(request: PortalRequest) -> HttpResponse:
    """Store a new certificate."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    held: dict[str, Any] = {}
    if form.is_valid() and (pfx := form.open()):
        try:
            certificate = actions.upload(pfx, name=form.cleaned_data["name"], by=request.user, now=timezone.now())
        except actions.AlreadyUploaded as refusal:
            held = _say_who_holds_it(form, refusal)
        except actions.NameTaken as refusal:
            form.add_error("name", _("There is already a certificate named %(name)s.") % {"name": refusal.certificate.name})
        else:
            messages.success(request, _("%(name)s was uploaded.") % {"name": certificate.name})
            _say_that_it_was_unprotected(request, pfx)
            return see_other("certificates:detail", certificate.name)
    return render(request, "certificates/upload.html", {"form": form, **held}, status=_status_of(form))


@require_safe
@permission_required("certificates.view_clientcertificate", raise_exception=True)
def detail(request: PortalRequest, name: str) -> HttpResponse:
    """Show what a certificate says of itself, its versions and which APIs present it."""
    certificate = _find(name)
    assert certificate.current is not None  # noqa: S101 - an entry is made with its first version
    context = {
        "certificate": certificate,
        **_what_it_is(certificate.current),
        "versions": certificate.versions.select_related("created_by").defer("wrapped_key", "ciphertext"),
        "now": timezone.now(),
        **_use_of(certificate),
    }
    return render(request, "certificates/detail.html", context)


@sensitive_variables("form", "pfx")
@sensitive_post_parameters("password", "pem")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("certificates.change_clientcertificate", raise_exception=True)
def replace(request: PortalRequest, name: str) -> HttpResponse:
    """Add a new version, which every API that uses the entry presents from then on."""
    certificate = _find(name)
    form = PfxForm(request.POST, request.FILES) if request.method == "POST" else PfxForm()
    held: dict[str, Any] = {}
    if form.is_valid() and (pfx := form.open()):
        try:
            certificate = actions.replace(certificate, pfx, by=request.user, now=timezone.now())
        except actions.AlreadyUploaded as refusal:
            held = _say_who_holds_it(form, refusal, certificate)
        except ClientCertificate.DoesNotExist as gone:
            raise Http404 from gone
        else:
            messages.success(request, _("%(name)s was replaced.") % {"name": name} + " " + _where_it_goes(certificate))
            _say_that_it_was_unprotected(request, pfx)
            return see_other("certificates:detail", certificate.name)
    context = {"form": form, "certificate": certificate, **held, **_use_of(certificate)}
    return render(request, "certificates/replace.html", context, status=_status_of(form))


@require_POST
@permission_required("certificates.change_clientcertificate", raise_exception=True)
def roll_back(request: PortalRequest, name: str) -> HttpResponse:
    """Make another version the current one."""
    certificate = _find(name)
    form = RollBackForm(request.POST)
    form.fields["version"].queryset = certificate.versions.all()  # type: ignore[attr-defined]  # a ModelChoiceField
    if not form.is_valid():
        return render(request, "certificates/no_such_version.html", {"form": form, "certificate": certificate}, status=422)
    version = form.cleaned_data["version"]
    try:
        certificate = actions.roll_back(certificate, version=version.number, by=request.user, now=timezone.now())
    except ClientCertificate.DoesNotExist as gone:
        raise Http404 from gone
    messages.success(request, _("%(name)s was rolled back.") % {"name": name} + " " + _where_it_goes(certificate))
    return see_other("certificates:detail", name)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("certificates.delete_clientcertificate", raise_exception=True)
def delete(request: PortalRequest, name: str) -> HttpResponse:
    """Delete a certificate after a confirmation; one that is in use stays, and the page says where."""
    certificate = _find(name)
    use = _use_of(certificate)
    if request.method == "POST":
        try:
            actions.delete(certificate, by=request.user, now=timezone.now())
        except actions.InUse:
            return render(request, "certificates/in_use.html", {"certificate": certificate, **_use_of(certificate)}, status=409)
        except ClientCertificate.DoesNotExist as gone:
            raise Http404 from gone
        messages.success(request, _("%(name)s was deleted.") % {"name": name})
        return see_other("certificates:index")
    template = "certificates/in_use.html" if use["used_by"] else "certificates/confirm_delete.html"
    return render(request, template, {"certificate": certificate, **use})


def _find(name: str) -> ClientCertificate:
    """Return the entry of that name, in whatever case, or answer 404."""
    return get_object_or_404(ClientCertificate.objects.named(name).select_related("current__created_by"))


def _what_it_is(version: CertificateVersion) -> dict[str, Any]:
    """Return what a page shows of a version: its facts, its chain and what is wrong with either."""
    now = timezone.now()
    leaf, *above = path = version.path
    told = (DoubtKind.EXPIRED, DoubtKind.NOT_YET_VALID)  # by a note of their own
    return {
        "facts": leaf,
        "chain": above,
        "without_issuer": without_issuer(path),
        "aside": version.left_aside,
        "doubts": [doubts.sentence(doubt) for doubt in doubts_of(path, now=now) if doubt.kind not in told],
    }


def _use_of(certificate: ClientCertificate) -> dict[str, Any]:
    """Return which APIs present it, as far as a page shows them, and how many there are."""
    apis = list(certificate.apis.order_by("display_name", "name").only("name", "display_name", "certificate")[: _SHOWN_APIS + 1])
    used_by = len(apis) if len(apis) <= _SHOWN_APIS else certificate.apis.count()
    return {"apis": apis[:_SHOWN_APIS], "used_by": used_by, "more": used_by - len(apis[:_SHOWN_APIS])}


def _where_it_goes(certificate: ClientCertificate) -> str:
    """Say what becomes of the current version: what is presented only a gateway can tell, and not yet."""
    assert certificate.current is not None  # noqa: S101 - an entry is made with its first version
    number = {"number": certificate.current.number}
    if certificate.apis.exists():
        return _("Version %(number)d goes to the gateways; below stands where it is presented.") % number
    return _("Version %(number)d is current; no API presents it yet.") % number


def _say_who_holds_it(form: PfxForm, refusal: actions.AlreadyUploaded, asked: ClientCertificate | None = None) -> dict[str, Any]:
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


def _status_of(form: PfxForm) -> int:
    if form.has_error(form.source, Problem.BUSY):
        return 429
    return 422 if form.errors else 200
