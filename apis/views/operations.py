"""The Operations tab: which calls the gateway lets through."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apis import actions
from apis.access import may
from apis.forms import NAME_TAKEN, TAKEN, EditOperationForm, OperationForm
from apis.models import Operation
from apis.naming import free_name
from apis.views.common import OK, UNPROCESSABLE, api_of, edited_meanwhile, tab
from portal.history.undo import saved
from portal.http import PortalRequest
from portal.responses import see_other


@require_safe
@may("apis.view_api")
def index(request: PortalRequest, name: str) -> HttpResponse:
    """List an API's operations."""
    api = api_of(name)
    operations = list(api.operations.all())
    lets_everything_through = any((one.method, one.url_template) == ("*", "/*") for one in operations)
    return tab(request, api, "operations", operations=operations, lets_everything_through=lets_everything_through)


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_api")
def new(request: PortalRequest, name: str) -> HttpResponse:
    """Add an operation."""
    api = api_of(name)
    form = OperationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            free = free_name(Operation.objects.filter(api=api), chosen["display_name"], fallback="operation")
            operation = actions.add_operation(api, name=free, by=request.user, now=timezone.now(), **chosen)
        except actions.Taken as refusal:
            _tell(form, refusal)
        else:
            saved(request, _("%(operation)s was added.") % {"operation": operation.display_name}, "api", api)
            return see_other("apis:operations", name=api.name)
    return _form_page(request, name, form)


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_api")
def edit(request: PortalRequest, name: str, operation: str) -> HttpResponse:
    """Change an operation."""
    row = get_object_or_404(Operation.objects.select_related("api"), api__name=name, name=operation)
    form = EditOperationForm(request.POST if request.method == "POST" else None, operation=row)
    if request.method == "POST" and form.is_valid():
        try:
            row = actions.change_operation(row, by=request.user, now=timezone.now(), **form.cleaned_data)
        except actions.Taken as refusal:
            _tell(form, refusal)
        except actions.EditedMeanwhile as refusal:
            row.refresh_from_db()
            return edited_meanwhile(request, refusal.api, "operations", mine=form, theirs=EditOperationForm(operation=row))
        else:
            saved(request, _("%(operation)s was saved.") % {"operation": row.display_name}, "api", row.api)
            return see_other("apis:operations", name=name)
    return _form_page(request, name, form, row)


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_api")
def delete(request: PortalRequest, name: str, operation: str) -> HttpResponse:
    """Delete an operation once it is confirmed."""
    row = get_object_or_404(Operation.objects.select_related("api"), api__name=name, name=operation)
    if request.method == "POST":
        actions.delete_operation(row, by=request.user, now=timezone.now())
        saved(request, _("%(operation)s was deleted.") % {"operation": row.display_name}, "api", row.api)
        return see_other("apis:operations", name=name)
    return tab(request, api_of(name), "operations", template="apis/confirm_delete_operation.html", operation=row)


def _form_page(request: PortalRequest, name: str, form: OperationForm, operation: Operation | None = None) -> HttpResponse:
    status = UNPROCESSABLE if form.errors else OK
    return tab(request, api_of(name), "operations", template="apis/operation.html", status=status, form=form, operation=operation)


def _tell(form: OperationForm, refusal: actions.Taken) -> None:
    if refusal.field == "name":  # somebody else has just added one of the same display name
        form.add_error("display_name", NAME_TAKEN[Operation])
    else:
        form.add_error(refusal.field, TAKEN[refusal.field])
