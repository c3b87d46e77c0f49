"""APIs. What this gateway has no notion of (revisions, versions) is refused by name; documentation is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _

from apis import actions
from apis.backends.by_url import apply_to
from apis.exchange import words
from apis.exchange.actions import UnfitPolicy, import_operations
from apis.forms import KEY_HEADER_IN_USE, NOT_OVER_HTTP, TAKEN, SettingsForm
from apis.key_names import is_header_name, is_in_use, is_query_name
from apis.models import Api
from apis.naming import RESERVED_NAMES
from apis.policy.model import DEFAULT_KEY_HEADER, DEFAULT_KEY_QUERY
from portal.live import Kind
from rest import etags
from rest.bodies import MIB, Properties
from rest.collection import Collection
from rest.entities import exports, imports, remarks
from rest.entities.imports import Imported
from rest.envelope import Conflict, Fault, Invalid
from rest.fields import Fixed, Flag, Text

KEPT: remarks.Kinds = {
    "protocols": Properties.texts,
    "contact": Properties.nested,
    "license": Properties.nested,
    "authenticationSettings": Properties.nested,  # said to those who call; neither here nor there does the gateway check it
    **dict.fromkeys(("termsOfServiceUrl", "apiRevisionDescription", "apiVersionDescription"), Properties.text),
}
_NO_AUTHENTICATION = {"oAuth2": None, "openid": None}
_NOT_HERE = ("sourceApiId", "apiVersion", "apiVersionSetId", "apiVersionSet")
_TARGETS = {"display_name": "displayName", "service_url": "serviceUrl", "path": "path", "description": "description"}
_FIRST_REVISION = re.compile(r";rev=1\Z", re.IGNORECASE)
_REVISION = re.compile(r";rev=(\d+)\Z", re.IGNORECASE)


def current_revision(name: str) -> str:
    """Return an API's name without ``;rev=1``, which some clients put behind it: APIs have one revision here."""
    return _FIRST_REVISION.sub("", name)


def revision_said(name: str) -> str:
    """Return what :func:`current_revision` leaves out of *name*, as it is written there."""
    return name[len(current_revision(name)) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDraft:
    """What a body asks for."""

    settings: actions.ApiSettings
    sent: Properties
    whole: bool
    imported: Imported | None = None


class Apis(Collection[Api, ApiDraft]):
    """The APIs."""

    segment = "apis"
    id_name = "apiId"
    permission = "apis.{}_api"
    fields: ClassVar = {
        "name": Text("name"),
        "displayName": Text("display_name"),
        "description": Text("description"),
        "path": Text("path"),
        "subscriptionRequired": Flag("subscription_required"),
        "subscriptionKeyParameterNames/header": Text("key_header"),
        "subscriptionKeyParameterNames/query": Text("key_query"),
        "type": Fixed("http"),
        "apiRevision": Fixed("1"),
        "isCurrent": Fixed("true"),
        "isOnline": Fixed("true"),
        "provisioningState": Fixed("Succeeded"),
    }
    shown_only = (
        *("id", "serviceUrl", "protocols", "termsOfServiceUrl", "apiRevisionDescription", "apiVersionDescription"),
        *("contact/name", "contact/email", "contact/url", "license/name", "license/url"),
        *("authenticationSettings/oAuth2/authorizationServerId", "authenticationSettings/oAuth2/scope"),
        *("authenticationSettings/openid/openidProviderId", "authenticationSettings/oAuth2", "authenticationSettings/openid"),
    )
    deleted_status = 204
    most_bytes = 6 * MIB  # a definition of 4 MiB, quoted
    live_kind = Kind.API
    imported: Imported | None = None  # with the API that this call puts

    def rows(self) -> QuerySet[Api]:
        """Return all APIs, by name."""
        return Api.objects.select_related("remarks").order_by("name")

    def answer_entity(self, name: str) -> HttpResponse:
        """Answer a call of one API's address, or its definition where that is asked for."""
        name = current_revision(name)
        if self.call.request.method == "GET" and self.call.request.GET.get("export", "").lower() == "true":
            self._require("view")
            self.check_name(name)
            return exports.answer(self.call, self.get(name), self.call.service.id_of(*self.path_of(name)))
        return super().answer_entity(name)

    def put(self, name: str, sent: Properties) -> None:
        """Make or change an API as its PUT does."""
        super().put(current_revision(name), sent)

    def check_name(self, name: str) -> None:
        """Refuse an id that no API can have, other revisions among them."""
        super().check_name(name)
        if _REVISION.search(name):
            raise Invalid(Fault(self.id_name, _("An API has one revision here.")))

    def name_of(self, row: Api) -> str:
        """Return the API's name."""
        return row.name

    def etag(self, row: Api) -> str:
        """Return the ETag; it changes with the API's settings, security and operations."""
        return etags.etag(row.pk, row.revision)

    def show(self, row: Api) -> dict[str, Any]:
        """Return the settings, and what was kept."""
        kept = remarks.of(row)
        return {
            "displayName": row.display_name,
            "description": row.description or None,
            "path": row.path,
            "type": "http",
            "serviceUrl": remarks.spelled(row, "serviceUrl", row.written_address) or None,
            "protocols": ["https"],
            "subscriptionRequired": row.subscription_required,
            "subscriptionKeyParameterNames": {"header": row.key_header, "query": row.key_query},
            "apiRevision": "1",
            "isCurrent": True,
            "isOnline": True,
            "provisioningState": "Succeeded",  # clients wait until they read this
            **kept,
            "authenticationSettings": _NO_AUTHENTICATION | kept.get("authenticationSettings", {}),
        }

    def warnings(self, row: Api) -> list[str]:
        """Return what of an imported definition is left out, and that nobody checks the tokens which callers are told to bring."""
        told = remarks.of(row).get("authenticationSettings", {})
        unchecked = [_("The gateway does not check the tokens that authenticationSettings ask callers for.")] if any(told.values()) else []
        return [*(self.imported.told() if self.imported else []), *unchecked]

    def read(self, sent: Properties, row: Api | None, *, whole: bool) -> ApiDraft:
        """Check settings as the Settings tab does."""
        before = None if whole else row
        _refuse_what_is_not_here(sent)
        sent, self.imported = imports.taken(sent, row, whole=whole)
        remarks.check(sent, KEPT)
        header, query = _key_names(sent, before)
        form = SettingsForm(_form_data(sent, before, row), api=row, url_needed=False)
        sent.check_by(form, _TARGETS)
        chosen = form.cleaned_data
        settings = actions.ApiSettings(
            **{name: chosen[name] for name in (*_TARGETS, "subscription_required")}, key_header=header, key_query=query
        )
        return ApiDraft(settings=settings, sent=sent, whole=whole, imported=self.imported)

    def create(self, name: str, draft: ApiDraft) -> Api:
        """Add an API; it gets the settings of the back end entity at its Web service URL."""
        if name in RESERVED_NAMES:
            raise Invalid(Fault(self.id_name, _("This word cannot be a name.")))
        try:
            api = actions.create_api(name, draft.settings, by=self.call.user, now=self.call.now)
        except actions.Taken as refusal:
            raise _taken(refusal) from refusal
        return self._finish(api, draft)

    def change(self, row: Api, draft: ApiDraft) -> Api:
        """Change an API's settings; how it proves itself to its back end stays."""
        try:
            api = actions.change_api(row, draft.settings, by=self.call.user, now=self.call.now)
        except actions.Taken as refusal:
            raise _taken(refusal) from refusal
        except actions.NotOverHttp as refusal:
            raise Invalid(Fault("serviceUrl", NOT_OVER_HTTP)) from refusal
        return self._finish(api, draft)

    def remove(self, row: Api) -> None:
        """Delete an API with its operations and subscriptions."""
        actions.delete_api(row, by=self.call.user, now=self.call.now)

    def _finish(self, api: Api, draft: ApiDraft) -> Api:
        if draft.imported:
            read, kind = draft.imported.read, draft.imported.kind
            try:
                import_operations(api, read, kind=kind, by=self.call.user, now=self.call.now)
            except UnfitPolicy as refusal:
                raise Invalid(Fault("value", words.unfit(refusal))) from refusal
            api.refresh_from_db()
        remarks.keep(api, draft.sent, KEPT, whole=draft.whole)
        if "serviceUrl" in draft.sent:
            remarks.spell(api, "serviceUrl", draft.sent.text("serviceUrl"), api.written_address)
        return apply_to(api, by=self.call.user, now=self.call.now)


def _form_data(sent: Properties, before: Api | None, row: Api | None) -> dict[str, Any]:
    """Return what the form of the Settings tab would send.

    :param before: the API whose values stand where nothing was sent, if they do
    :param row: the API that is there: whatever was sent, it keeps an address that a definition may have given it, until another is sent or
        an empty one
    """
    needed = before is None
    address = row.written_address if row and (before or "serviceUrl" not in sent) else ""
    description = before.description if before and "description" not in sent else ""
    return {
        "display_name": sent.text("displayName", before.display_name if before else "", needed=needed),
        "service_url": sent.text("serviceUrl", address),
        "path": sent.text("path", before.path if before else "", needed=needed, empty=True),
        "description": sent.text("description", description),
        "subscription_required": sent.flag("subscriptionRequired", before.subscription_required if before else True),
    }


def _key_names(sent: Properties, before: Api | None) -> tuple[str, str]:
    """Return where callers put the key: header and query parameter."""
    if before and "subscriptionKeyParameterNames" not in sent:
        return before.key_header, before.key_query
    names = sent.nested("subscriptionKeyParameterNames")
    header, query = names.text("header") or DEFAULT_KEY_HEADER, names.text("query") or DEFAULT_KEY_QUERY
    if not is_header_name(header):
        names.refuse("header", _("This is not the name of a header that a caller can send."))
    elif is_in_use(header):
        names.refuse("header", KEY_HEADER_IN_USE)
    if not is_query_name(query):
        names.refuse("query", _("Use letters, digits and - . _ ~."))
    return header, query


def _refuse_what_is_not_here(sent: Properties) -> None:
    sent.unsupported(_NOT_HERE, _("APIs have neither versions nor further revisions here."))
    if sent.text("type", "http") != "http":
        sent.refuse("type", _("Only http APIs are possible here."))
    if sent.text("apiType", "http") != "http":
        sent.refuse("apiType", _("Only http APIs are possible here."))
    if sent.text("apiRevision", "1") not in {"", "1"}:
        sent.refuse("apiRevision", _("An API has one revision here."))
    if not sent.flag("isCurrent", True):
        sent.refuse("isCurrent", _("An API has one revision here."))
    if not set(sent.texts("protocols")) <= {"http", "https"}:
        sent.refuse("protocols", _("Only http and https are possible here."))
    for name in ("oAuth2", "openid"):
        sent.nested("authenticationSettings").nested(name)
    for name in ("oAuth2AuthenticationSettings", "openidAuthenticationSettings"):
        sent.nested("authenticationSettings").records(name)


def _taken(refusal: actions.Taken) -> Invalid | Conflict:
    if refusal.field == "path":
        return Invalid(Fault("path", TAKEN["path"]))
    return Conflict(str(refusal))  # the name, at this very moment
