"""The editor of policy documents, its check while one types, and the forms of statements."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from apis import actions
from apis.access import may
from apis.backends.models import BackEnd
from apis.forms import NOT_OVER_HTTP
from apis.models import NamedValue, ServicePolicy
from apis.policies.actions import ChangedMeanwhile
from apis.policies.checking import scope_of
from apis.policies.forms import DocumentForm
from apis.policies.places import Edited, edited
from apis.policies.proving import Unsuitable
from apis.policies.statement_forms import STATEMENT_FORMS, StatementForm
from apis.policies.words import in_words
from apis.policy import UnreadablePolicy
from apis.policy.highlight import highlight
from apis.policy.inserting import inserted
from apis.policy.vocabulary import vocabulary
from apis.security_form import ENTER_THE_PASSWORD, NO_SUCH_CERTIFICATE
from apis.views.common import OK, UNPROCESSABLE, tab
from certificates.models import ClientCertificate
from certificates.sealing import SealingError
from portal.history.undo import saved
from portal.http import PortalRequest
from portal.responses import see_other

_MOST_OFFERED = 500  # named values that an editor completes


@sensitive_post_parameters("document")
@sensitive_variables("form", "what")
@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.view_api", change="apis.change_api")
def editor(request: PortalRequest, name: str = "", operation: str = "") -> HttpResponse:
    """Show and change a document, with what holds in the end beside it."""
    what = edited(name, operation)
    form = _form(request, what)
    if request.method == "POST" and form.is_valid() and _is_saved(request, what, form, form.cleaned_data["document"]):
        return see_other(what.url())
    return _page(request, what, "editor", form=form, beside=_beside(what, form))


@sensitive_post_parameters("document")
@sensitive_variables("form")
@require_POST
@may("apis.change_api")
def check(request: PortalRequest, name: str = "", operation: str = "") -> HttpResponse:
    """Answer what is wrong with the document that is being written, or what it makes; nothing is stored."""
    what = edited(name, operation)
    form = _form(request, what)
    return render(request, "apis/policies/_beside.html", {"beside": _beside(what, form), "unsaved": form.has_changed(), "checked": True})


@require_http_methods(["GET", "HEAD", "POST"])
@may("apis.change_api")
def add(request: PortalRequest, statement: str, name: str = "", operation: str = "") -> HttpResponse:
    """Add a statement by a form."""
    what = edited(name, operation)
    if statement not in STATEMENT_FORMS:
        raise Http404
    form = STATEMENT_FORMS[statement](request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        text = inserted(what.text(), form.section(), form.element())
        if _is_saved(request, what, form, text):
            return see_other(what.url())
    return _page(request, what, "statement", form=form)


@sensitive_variables("text")
def _is_saved(request: PortalRequest, what: Edited, form: DocumentForm | StatementForm, text: str) -> bool:
    """Store a document, or note in *form* why that cannot be."""
    try:
        what.save(text, revision=form.cleaned_data.get("revision"), by=request.user, now=timezone.now())
    except (ChangedMeanwhile, actions.EditedMeanwhile):
        form.add_error(None, _("Somebody else has saved this since you opened it. Open it anew and bring your change in there."))
    except UnreadablePolicy as refusal:
        form.add_error(None, in_words(refusal.sentence))
    except Unsuitable as refusal:
        form.add_error(None, str(refusal))
    except actions.NotOverHttp:
        form.add_error(None, NOT_OVER_HTTP)
    except actions.PasswordMissing:
        form.add_error(None, ENTER_THE_PASSWORD)
    except BackEnd.DoesNotExist:
        form.add_error(None, _("The back end was deleted meanwhile."))
    except ClientCertificate.DoesNotExist:
        form.add_error(None, NO_SUCH_CERTIFICATE)
    else:
        _tell(request, what)
        return True
    return False


def _tell(request: PortalRequest, what: Edited) -> None:
    if what.api:
        saved(request, _("Saved."), "api", what.api)
    else:
        saved(request, _("Saved."), "policy", ServicePolicy.current())


def _form(request: PortalRequest, what: Edited) -> DocumentForm:
    if request.method == "POST":
        return DocumentForm(request.POST, place=what.place, text=_shown(what), revision=what.revision())
    return DocumentForm(None, place=what.place, text=what.text(), revision=what.revision())  # never less of it than there is


def _shown(what: Edited) -> str:
    """Return the document; without its password, where that does not open."""
    try:
        return what.text()
    except SealingError:
        return what.api.document if what.api else ""


def _beside(what: Edited, form: DocumentForm) -> dict[str, Any]:
    """Return what stands beside the editor: the effective document, or why there is none."""
    if form.is_bound and not form.is_valid():
        return {"problem": " ".join(str(error) for errors in form.errors.values() for error in errors), "line": form.line_at_fault}
    text = form.cleaned_data["document"] if form.is_bound else form.initial["document"]
    try:
        return {"pieces": list(highlight(what.effective(text)))}
    except UnreadablePolicy as refusal:
        return {"problem": in_words(refusal.sentence)}  # perhaps of a document around it
    except SealingError:
        return {"problem": _("A stored secret does not open. Enter it anew, and the policy stands here.")}


def _named_values(request: PortalRequest) -> list[str]:
    """Return the names that the editor completes."""
    if not request.user.has_perm("apis.view_namedvalue"):
        return []
    return list(NamedValue.objects.values_list("display_name", flat=True)[:_MOST_OFFERED])


def _page(request: PortalRequest, what: Edited, template: str, *, form: DocumentForm | StatementForm, **context: Any) -> HttpResponse:
    """Render a page within the API's tabs, or by itself."""
    status = UNPROCESSABLE if form.errors else OK
    links = [(name, one.title, what.url("add", statement=name)) for name, one in STATEMENT_FORMS.items()]
    shared = {
        "form": form,
        "what": what,
        "operation": what.operation,
        "links": links,
        "editor_url": what.url(),
        "check_url": what.url("check"),
        "completes": json.dumps(vocabulary(scope_of(what.place))),
        "values": json.dumps(_named_values(request)),
        "frame": "apis/api.html" if what.api else "base.html",
    }
    path = f"apis/policies/{template}.html"
    if what.api is None:
        return render(request, path, shared | context, status=status)
    return tab(request, what.api, "policy", status=status, template=path, **shared, **context)
