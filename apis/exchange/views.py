"""Importing a definition, as a new API or into one that is there: where it is, a preview, confirming. And exporting one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from apis import actions
from apis.access import may
from apis.definitions.model import Definition
from apis.exchange import words
from apis.exchange.actions import UnfitPolicy, import_operations, operations_of
from apis.exchange.exporting import FORMATS, exported
from apis.exchange.forms import DifferenceForm, KeptForm, SourceForm
from apis.exchange.planning import Read, plan
from apis.exchange.planning import operations_of as read_operations
from apis.exchange.settings import suggested_by
from apis.forms import NAME_TAKEN, TAKEN, NewApiForm
from apis.models import Api
from apis.naming import free_name
from apis.views.common import CONFLICT, OK, UNPROCESSABLE, api_of, gateway_address, tab
from portal.http import PortalRequest
from portal.responses import see_other


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.add_api")
def new(request: PortalRequest) -> HttpResponse:
    """Import a definition as a new API."""
    if "kept" in request.POST:
        return _create(request)
    form = SourceForm(*_posted(request))
    if not form.is_valid():
        return render(request, "apis/exchange/source.html", {"form": form}, status=UNPROCESSABLE if form.is_bound else OK)
    return _preview_new(request, KeptForm(initial=form.kept()), form.definition, _settings_form(form))


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_api")
def into(request: PortalRequest, name: str) -> HttpResponse:
    """Import a definition into an API that is there: the difference, then what of it is confirmed."""
    api = api_of(name)
    if "kept" in request.POST:
        return _apply(request, api)
    form = SourceForm(*_posted(request))
    if not form.is_valid():
        status = UNPROCESSABLE if form.is_bound else OK
        return tab(request, api, "operations", template="apis/exchange/source_into.html", status=status, form=form)
    confirming = DifferenceForm(initial={**form.kept(), "delete_missing": True, "revision": api.revision})
    return _difference(request, api, confirming, form.definition)


@require_safe
@may("apis.view_api")
def export(request: PortalRequest, name: str) -> HttpResponse:
    """Answer an API's definition as a file, in the ``format`` asked for."""
    api = api_of(name)
    if (kind := request.GET.get("format", "openapi")) not in FORMATS:
        return HttpResponseBadRequest(_("There are the formats %(formats)s.") % {"formats": ", ".join(FORMATS)}, content_type="text/plain")
    form = FORMATS[kind]
    content = exported(api, kind, gateway_address(request, api) + api.gateway_path)
    headers = {"Content-Disposition": f'attachment; filename="{api.pk}.{form.suffix}"'}
    if api.name.isascii():
        headers["Content-Disposition"] = f'attachment; filename="{api.name}.{form.suffix}"'
    return HttpResponse(content, content_type=form.content_type, headers=headers)


def _posted(request: PortalRequest) -> tuple[Any, ...]:
    return (request.POST, request.FILES) if request.method == "POST" else ()


def _read(definition: Definition, chosen: Mapping[str, Any]) -> Read:
    return read_operations(definition, query_in_template=chosen["query_in_template"])


def _settings_form(source: SourceForm) -> NewApiForm:
    """Return the form of the new API's settings with what the document suggests."""
    suggested, _asides = suggested_by(source.definition, origin=source.origin)
    stem = free_name(Api.objects.all(), suggested.display_name, fallback="api")
    initial = {
        "display_name": suggested.display_name,
        "service_url": suggested.service_url,
        "description": suggested.description,
        "path": stem if stem.isascii() else "",
        "subscription_required": True,
    }
    return NewApiForm(initial=initial, url_needed=False)


def _create(request: PortalRequest) -> HttpResponse:
    kept, form = KeptForm(request.POST), NewApiForm(request.POST, url_needed=False)
    if not kept.is_valid():
        messages.error(request, " ".join(str(error) for error in kept.errors.get("kept", [])) or _("Import the document again."))
        return see_other("apis:import")
    if form.is_valid():
        try:
            api = _created(request, kept, form)
        except actions.Taken as refusal:
            form.add_error(refusal.field, NAME_TAKEN[Api] if refusal.field == "name" else TAKEN["path"])
        else:
            return see_other("apis:operations", name=api.name)
    return _preview_new(request, kept, kept.definition, form, status=UNPROCESSABLE)


@transaction.atomic
def _created(request: PortalRequest, kept: KeptForm, form: NewApiForm) -> Api:
    now = timezone.now()
    api = actions.create_api(form.name_to_give(), form.chosen(), by=request.user, now=now)
    read = _read(kept.definition, kept.cleaned_data)
    done = import_operations(api, read, kind=kept.definition.kind, by=request.user, now=now)
    number = len(done.added)
    text = ngettext("%(api)s was added with %(number)d operation.", "%(api)s was added with %(number)d operations.", number)
    messages.success(request, text % {"api": api.display_name, "number": number})
    return api


def _preview_new(request: PortalRequest, kept: KeptForm, definition: Definition, form: NewApiForm, *, status: int = OK) -> HttpResponse:
    chosen = kept.cleaned_data if kept.is_bound else kept.initial
    read = _read(definition, chosen)
    _suggested, asides = suggested_by(definition, origin=chosen["origin"])
    context = {
        "form": form,
        "kept": kept,
        "kind": definition.kind,
        "operations": read.operations,
        "asides": [words.aside(one) for one in (*asides, *read.asides)],
    }
    return render(request, "apis/exchange/preview.html", context, status=status)


def _apply(request: PortalRequest, api: Api) -> HttpResponse:
    form = DifferenceForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return see_other("apis:import_into", name=api.name)
    chosen = form.cleaned_data
    try:
        done = import_operations(
            api,
            _read(form.definition, chosen),
            kind=form.definition.kind,
            keep_gone=not chosen["delete_missing"],
            revision=chosen["revision"],
            by=request.user,
            now=timezone.now(),
        )
    except actions.EditedMeanwhile:
        api = api_of(api.name)
        again = DifferenceForm(initial={**chosen, "revision": api.revision})
        return _difference(request, api, again, form.definition, edited=True)
    except UnfitPolicy as refusal:
        return _difference(request, api, DifferenceForm(initial=chosen), form.definition, refusal=words.unfit(refusal))
    words_of = {"added": len(done.added), "changed": len(done.changed), "gone": len(done.gone) if chosen["delete_missing"] else 0}
    messages.success(request, _("Imported: %(added)d added, %(changed)d changed, %(gone)d deleted.") % words_of)
    return see_other("apis:operations", name=api.name)


def _difference(request: PortalRequest, api: Api, form: DifferenceForm, definition: Definition, **told: Any) -> HttpResponse:
    read = _read(definition, form.initial)
    context = {
        "form": form,
        "kind": definition.kind,
        "plan": plan(operations_of(api), read.operations),
        "asides": [words.aside(one) for one in read.asides],
        **told,
    }
    status = CONFLICT if "edited" in told else UNPROCESSABLE if "refusal" in told else OK
    return tab(request, api, "operations", template="apis/exchange/difference.html", status=status, **context)
