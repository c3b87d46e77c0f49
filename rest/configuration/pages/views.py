"""Export and import: a download, a plan in sentences, its confirmation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from portal.http import PortalRequest
from portal.responses import see_other
from portal.signin.confirming import recently_confirmed
from rest.configuration.context import Context
from rest.configuration.differences import Change
from rest.configuration.exporting import configuration, note_export
from rest.configuration.importing import Imported, bring_about
from rest.configuration.pages.forms import LEFT_OUT, ConfirmForm, DownloadForm, UploadForm
from rest.configuration.secrets.given import Given
from rest.configuration.secrets.marks import Mark
from rest.configuration.secrets.sealed import Keys
from rest.configuration.sentences import calls_in_words, sentences, touched
from rest.configuration.text import write
from rest.envelope import Fault, Invalid

_administers = permission_required("signin.change_secondfactordemand", raise_exception=True)  # a file can change that, too
_UNPROCESSABLE, _CONFLICT = 422, 409


@dataclass(frozen=True, slots=True)
class _Line:
    """A change as the page shows it."""

    change: Change
    sentences: list[str]
    calls: str


@require_safe
@_administers
def index(request: PortalRequest) -> HttpResponse:
    """Show what can be downloaded and uploaded."""
    return _index(request)


@require_POST
@sensitive_post_parameters("passphrase")
@_administers
@recently_confirmed
def download(request: PortalRequest) -> HttpResponse:
    """Answer the whole configuration as a file."""
    form = DownloadForm(request.POST)
    if not form.is_valid():
        return _index(request, download=form, status=_UNPROCESSABLE)
    now, secrets = timezone.now(), form.cleaned_data["secrets"]
    text = write(configuration(form.keeper()))
    note_export(by=request.user, now=now, secrets="" if secrets == LEFT_OUT else secrets)
    headers = {"Content-Disposition": f'attachment; filename="configuration-{now:%Y-%m-%d}.yaml"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)


@require_POST
@sensitive_post_parameters("opens", "kept")
@sensitive_variables("form", "confirm")
@_administers
@recently_confirmed
def bring(request: PortalRequest) -> HttpResponse:
    """Show what an uploaded file would change; once that is confirmed, change it."""
    if "kept" in request.POST:
        return _confirmed(request)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _index(request, upload=form, status=_UNPROCESSABLE)
    try:
        planned = _brought(request, form.document, form.keys(), delete=form.cleaned_data["delete_unmentioned"], only="")
    except Invalid as refusal:
        return _index(request, upload=form, faults=refusal.faults, status=_UNPROCESSABLE)
    confirm = ConfirmForm(initial={**form.kept(), "digest": _digest(planned)})
    confirm.document = form.document
    return _plan(request, confirm, planned)


def _confirmed(request: PortalRequest) -> HttpResponse:
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return see_other("configuration:index")
    chosen = form.cleaned_data
    try:
        brought = _brought(request, form.document, form.keys(), delete=chosen["delete_unmentioned"], only=chosen["digest"])
    except Invalid as refusal:
        return _refused(request, form, refusal)
    if (digest := _digest(brought)) != chosen["digest"]:
        again = ConfirmForm(initial={**chosen, "digest": digest, "opens": ""})
        again.document = form.document
        return _plan(request, again, brought, meanwhile=True)
    number = len(brought.changes)
    messages.success(request, ngettext("%(number)d change was made.", "%(number)d changes were made.", number) % {"number": number})
    for note in brought.notes:
        messages.warning(request, note)
    return see_other("configuration:index")


def _refused(request: PortalRequest, form: ConfirmForm, refusal: Invalid) -> HttpResponse:
    """Ask again for what opens the secrets; what else has come in between is told beside the files."""
    closed = [str(fault.message) for fault in refusal.faults if fault.target == "secrets"]
    if not closed:
        return _index(request, faults=refusal.faults, status=_UNPROCESSABLE)
    for sentence in closed:
        form.add_error("opens", sentence)
    return render(request, "configuration/plan.html", {"form": form}, status=_UNPROCESSABLE)


@transaction.atomic
def _brought(request: PortalRequest, document: Any, keys: Keys, *, delete: bool, only: str) -> Imported:
    """Bring about what a document says, and take it back unless it comes to what was shown, whose digest is *only*.

    Neither files nor the environment of the server are read for somebody who uploads.
    """
    context = Context(given=Given(), by=request.user, now=timezone.now(), delete=delete)
    try:
        brought = bring_about(document, context, keys)
    except Invalid:
        transaction.set_rollback(True)
        raise
    transaction.set_rollback(_digest(brought) != only)
    return brought


def _digest(imported: Imported) -> str:
    """Return what tells one plan from another."""
    told = [
        (str(change), [(field.name, _shown(field.before), _shown(field.after)) for field in change.fields]) for change in imported.changes
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _shown(value: Any) -> Any:
    """Return what a page shows of a value: of a secret that it is one. Where one is made, each time another one is."""
    return "secret" if isinstance(value, Mark) else value


def _plan(request: PortalRequest, form: ConfirmForm, planned: Imported, *, meanwhile: bool = False) -> HttpResponse:
    lines = [_Line(change, sentences(change), _calls(change, planned)) for change in planned.changes]
    context = {
        "form": form,
        "gone": [line for line in lines if line.change.sign == "-"],
        "others": [line for line in lines if line.change.sign != "-"],
        "notes": planned.notes,
        "meanwhile": meanwhile,
    }
    return render(request, "configuration/plan.html", context, status=_CONFLICT if meanwhile else 200)


def _calls(change: Change, planned: Imported) -> str:
    calls = touched(change, planned)
    return calls_in_words(calls) if calls else ""


def _index(
    request: PortalRequest,
    *,
    download: DownloadForm | None = None,
    upload: UploadForm | None = None,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
) -> HttpResponse:
    context = {"download": download or DownloadForm(), "upload": upload or UploadForm(), "faults": faults, "form": download or upload}
    return render(request, "configuration/index.html", context, status=status)
