"""Changes of policy documents, and what they mean for APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from apis.actions.apis import ApiSecurity, lead_api, secure_api
from apis.actions.callers import ApiCallers, change_callers
from apis.actions.calls import ApiCalls, change_calls
from apis.actions.rows import locked, save_changed
from apis.backends.leading import Lead
from apis.credentials.keeping import is_stored
from apis.models import Api, Credentials, Operation, ServicePolicy
from apis.policies.applying import ApiDraft, draft_of
from apis.policies.checking import checked, legible
from apis.policies.masking import masked
from apis.policies.own import brought_up_to_date, is_up_to_date, rules_now, shown_document
from apis.policies.surroundings import read_own
from apis.policy import Scope, document_with
from apis.policy.model import Rule
from apis.policy.references import Values
from portal.activity import differences, record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


class ChangedMeanwhile(Exception):
    """Somebody else saved the document after the editor had opened it."""


@transaction.atomic
def put_service_document(text: str, *, revision: int | None = None, by: User | None, now: datetime) -> ServicePolicy:
    """Let a document stand around those of all APIs; an empty one is none.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises ChangedMeanwhile: if it has another revision by now
    :raises apis.policy.UnreadablePolicy: if it cannot be taken
    """
    checked(text, None)
    policy = ServicePolicy.current(locked=True)
    if revision is not None and policy.revision != revision:
        raise ChangedMeanwhile
    before, policy.document = policy.document, text if text.strip() else ""
    policy.revision += 1
    policy.changed_at = now
    policy.save()
    record(Event.POLICY_CHANGED, policy, by=by, at=now, changes=differences({"document": before}, {"document": policy.document}))
    return policy


@transaction.atomic
@sensitive_variables("text", "document", "draft")
def put_api_document(api: Api, text: str, *, revision: int | None = None, by: User | None, now: datetime) -> Api:
    """Do what a document says: what an API has settings for becomes its settings, the rest is kept as it is written.

    How the API checks its back end, and what else documents do not hold, stays. An empty document takes all of it away.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises EditedMeanwhile: if it has another revision by now
    :raises Api.DoesNotExist: if it is gone
    :raises apis.policy.UnreadablePolicy: if it cannot be taken
    :raises apis.policies.applying.Unsuitable: if it asks for what this API cannot have
    :raises BackEnd.DoesNotExist: if the back end is gone meanwhile
    :raises NotOverHttp: if a client certificate is to be presented and the Web service URL is http
    :raises PasswordMissing: if the stored password is to be kept and none is stored
    """
    if not Api.objects.filter(pk=api.pk).exists():  # said before anything that its document names
        raise Api.DoesNotExist
    document = checked(text, api)
    draft = draft_of(document.rules, api)
    api = locked(api, revision)
    before, shown = api.document, shown_document(api)
    api = _apply(api, draft, by=by, now=now)
    kept = masked(text, document.rules) if is_up_to_date(document.rules) else document_with(_rules_of(api), document.sections)
    api.document = kept if text.strip() else ""
    if api.document != before:
        save_changed(api, by=by, now=now)
        changes = differences({"document": shown}, {"document": api.document})  # an empty one put back would take settings of tabs away
        record(Event.API_POLICY_CHANGED, api, by=by, at=now, changes=changes)
    return api


@transaction.atomic
def put_operation_document(operation: Operation, text: str, *, revision: int | None = None, by: User | None, now: datetime) -> Operation:
    """Give an operation a document of its own; an empty one is none.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises ChangedMeanwhile: if it has another revision by now
    :raises Operation.DoesNotExist: if it is gone
    :raises apis.policy.UnreadablePolicy: if it cannot be taken
    """
    api = locked(operation.api)
    operation = api.operations.get(pk=operation.pk)
    checked(text, operation)
    if revision is not None and operation.revision != revision:
        raise ChangedMeanwhile
    before, operation.document = operation.document, text if text.strip() else ""
    if before == operation.document:
        return operation
    operation.revision += 1
    operation.save()
    save_changed(api, by=by, now=now)
    changes = differences({"document": before}, {"document": operation.document})
    signature = {"method": operation.method, "url_template": operation.url_template}
    record(Event.OPERATION_CHANGED, api, by=by, at=now, changes=changes, operation=operation.name, **signature)
    return operation


def apply_again(api: Api, before: Values, *, by: User | None, now: datetime) -> None:
    """Bring an API's settings to what its document says, now that a named value is another one.

    What has been changed on a tab since the document was put is not the document's any more, and stays.

    :param before: the named values as they were
    :raises apis.policy.UnreadablePolicy: if the document cannot be taken with those of now
    :raises apis.policies.applying.Unsuitable: if it asks for what this API cannot have
    :raises NotOverHttp: if a client certificate is presented and the Web service URL would be http
    """
    document, written = legible(api.document, api), read_own(api.document, Scope.API, before)
    rules = brought_up_to_date(rules_now(api), written.rules, document.rules)
    _apply(api, draft_of(rules, api), by=by, now=now)


def _apply(api: Api, draft: ApiDraft, *, by: User | None, now: datetime) -> Api:
    if _gives_up_certificate(api, draft):  # before it leads to http, perhaps
        api = secure_api(api, draft.security, by=by, now=now)
    if draft.leads_to != Lead(back_end=api.back_end, base_url=api.base_url):
        api = lead_api(api, draft.leads_to, by=by, now=now)
    if draft.leads_to.back_end is None and not _is_secured_so(api, draft.security):
        api = secure_api(api, draft.security, by=by, now=now)
    if draft.calls != ApiCalls.of(api):
        api = change_calls(api, draft.calls, by=by, now=now)
    if draft.callers != ApiCallers.of(api):
        api = change_callers(api, draft.callers, by=by, now=now)
    return api


def _rules_of(api: Api) -> tuple[Rule, ...]:
    """Return the rules of an API's settings, as they are stored by now."""
    related = ("certificate__current", "basic_credentials", "sharedsecret", "oauthclient__token_authority__current", "back_end")
    return Api.objects.select_related(*related).get(pk=api.pk).own_rules()


def _gives_up_certificate(api: Api, draft: ApiDraft) -> bool:
    """Return whether an API shall no more present the certificate that it has of its own."""
    own = api.certificate is not None and api.back_end is None
    return own and draft.security.certificate is None and draft.leads_to.back_end is None


def _is_secured_so(api: Api, wanted: ApiSecurity) -> bool:
    """Return whether an API proves itself as *wanted* already; documents say nothing else of its security."""
    if api.credentials != wanted.credentials or api.certificate != wanted.certificate:
        return False
    if wanted.proof:
        return is_stored(api, wanted.proof)
    if wanted.credentials != Credentials.BASIC:
        return True
    stored = api.basic_credentials
    return stored.username == wanted.username and wanted.password in {None, stored.opened()}
