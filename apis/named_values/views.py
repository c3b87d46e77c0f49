"""The screens of named values."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from apis.access import may
from apis.models import NamedValue
from apis.named_values import actions
from apis.named_values.forms import TAKEN, NamedValueForm, NewNamedValueForm
from apis.named_values.uses import uses_of
from apis.views.common import CONFLICT, OK, UNPROCESSABLE
from portal.history.undo import saved
from portal.http import PortalRequest, wants_fragment
from portal.listing import Column, holding, listing
from portal.responses import see_other
from portal.signin.confirming import recently_confirmed

_COLUMNS = (
    Column(key="name", label=gettext_lazy("Display name"), field="display_name", any_case=True),
    Column(key="secret", label=gettext_lazy("Value"), field="secret"),
    Column(key="changed", label=gettext_lazy("Changed"), field="changed_at"),
)


@require_safe
@may("apis.view_namedvalue")
def index(request: PortalRequest) -> HttpResponse:
    """List the named values: ``q`` searches, ``sort`` and ``page`` do what they say."""
    shown = listing(request, NamedValue.objects.all(), _COLUMNS, search=holding("display_name", "name"))
    template = "named_values/_list.html" if (fragment := wants_fragment(request)) else "named_values/index.html"
    return render(request, template, {"listing": shown, "page": shown.page, "fragment": fragment})


@sensitive_post_parameters("value")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.add_namedvalue")
def new(request: PortalRequest) -> HttpResponse:
    """Keep a value under a name."""
    form = NewNamedValueForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            value = actions.create(form.name_to_give(), form.chosen(), by=request.user, now=timezone.now())
        except actions.Taken as refusal:
            form.add_error(refusal.field, TAKEN)
        else:
            messages.success(request, _("%(name)s was added.") % {"name": value})
            return see_other("named_values:detail", name=value.name)
    return render(request, "named_values/new.html", {"form": form}, status=UNPROCESSABLE if form.errors else OK)


@sensitive_post_parameters("value")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.view_namedvalue", change="apis.change_namedvalue")
def detail(request: PortalRequest, name: str) -> HttpResponse:
    """Show a value, where it is used, and change it."""
    value = get_object_or_404(NamedValue, name=name)
    form = NamedValueForm(request.POST if request.method == "POST" else None, value=value)
    if request.method == "POST" and form.is_valid() and _is_changed(request, value, form):
        saved(request, _("Saved."), "named-value", value)
        return see_other("named_values:detail", name=name)
    return _page(request, value, form)


@sensitive_variables("shown", "text")
@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_namedvalue")
@recently_confirmed
def show(request: PortalRequest, name: str) -> HttpResponse:
    """Show a secret; who has seen it is noted. A plain GET shows nothing."""
    value = get_object_or_404(NamedValue.objects.select_related("sealed"), name=name)
    if request.method != "POST":
        return see_other("named_values:detail", name=name)
    text = actions.show(value, by=request.user, now=timezone.now()).value.decode()
    response = _page(request, value, NamedValueForm(value=value), shown=text)
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.delete_namedvalue")
def delete(request: PortalRequest, name: str) -> HttpResponse:
    """Forget a value once it is confirmed, unless something names it."""
    value = get_object_or_404(NamedValue, name=name)
    uses, status = uses_of(value), OK
    if request.method == "POST":
        try:
            actions.delete(value, by=request.user, now=timezone.now())
        except actions.InUse as refusal:
            uses, status = refusal.uses, CONFLICT
        except NamedValue.DoesNotExist as gone:
            raise Http404 from gone
        else:
            messages.success(request, _("%(name)s was deleted.") % {"name": value})
            return see_other("named_values:index")
    return render(request, "named_values/confirm_delete.html", {"value": value, "uses": uses}, status=status)


@sensitive_variables("form")
def _is_changed(request: PortalRequest, value: NamedValue, form: NamedValueForm) -> bool:
    try:
        actions.change(value, form.chosen(), revision=form.cleaned_data["revision"], by=request.user, now=timezone.now())
    except actions.EditedMeanwhile:
        form.add_error(None, _("Somebody else has saved this since you opened it. Open it anew and bring your change in there."))
    except actions.Taken:
        form.add_error("display_name", TAKEN)
    except actions.InUse as refusal:
        form.add_error("display_name", _("These use it: %(uses)s. Change them first.") % {"uses": refusal})
    except actions.Unfit as refusal:
        form.add_error("value", refusal.sentence)
    except NamedValue.DoesNotExist as gone:
        raise Http404 from gone
    else:
        return True
    return False


def _page(request: PortalRequest, value: NamedValue, form: NamedValueForm, **more: str) -> HttpResponse:
    context = {"value": value, "form": form, "uses": uses_of(value), **more}
    return render(request, "named_values/detail.html", context, status=UNPROCESSABLE if form.errors else OK)
