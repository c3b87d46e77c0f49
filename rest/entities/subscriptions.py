"""Subscriptions and their keys, which only ``listSecrets`` shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Case, QuerySet, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Concat
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apis import actions
from apis.models import Api, KeyKind, Subscription, SubscriptionState
from apis.naming import RESERVED_NAMES
from portal.live import Kind
from rest import etags
from rest.bodies import Properties
from rest.call import Service
from rest.collection import NO_CONTENT, Collection
from rest.entities import remarks
from rest.entities.apis import current_revision, revision_said
from rest.envelope import Conflict, Fault, Invalid, MethodNotAllowed
from rest.fields import Fixed, Moment, Text
from rest.names import spelled

# Every published state but active means that the keys open nothing; the word is kept and given back.
_CLOSED = ("suspended", "submitted", "rejected", "cancelled", "expired")
STATES = ("active", *_CLOSED)
KEPT: remarks.Kinds = {
    "allowTracing": Properties.flag,
    **dict.fromkeys(("ownerId", "stateComment", "state"), Properties.text),
}
_SCOPE = re.compile(r"(?P<service>.*?)/?apis(?:/(?P<api>[^/]+))?/?\Z", re.IGNORECASE)
_KEY = re.compile(r"[\x21-\x7e]{8,256}\Z")
_KEYS = {"primaryKey": KeyKind.PRIMARY, "secondaryKey": KeyKind.SECONDARY}


def is_key(text: str) -> bool:
    """Return whether callers can send *text* as their key."""
    return _KEY.match(text) is not None


def _kept(name: str) -> Coalesce:
    """Return what was kept of a property, as an expression of a subscription's; an empty text if nothing was."""
    return Coalesce(KeyTextTransform(name, "remarks__properties"), Value(""), output_field=TextField())


_SHOWN_STATE = Case(
    When(state=SubscriptionState.ACTIVE, then=Value(SubscriptionState.ACTIVE.value)),
    When(remarks__properties__state__in=_CLOSED, then=_kept("state")),
    default=Value(SubscriptionState.SUSPENDED.value),
    output_field=TextField(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionDraft:
    """What a body asks for."""

    display_name: str
    api: Api | None
    state: SubscriptionState
    keys: dict[KeyKind, str]
    sent: Properties
    whole: bool


class Subscriptions(Collection[Subscription, SubscriptionDraft]):
    """The subscriptions."""

    segment = "subscriptions"
    id_name = "sid"
    permission = "apis.{}_subscription"
    fields: ClassVar = {
        "name": Text("name"),
        "displayName": Text("display_name"),
        "state": Text("shown_state", normal=str.lower),
        "stateComment": Text("comment"),
        "ownerId": Text("owner"),
        "userId": Text("owner"),
        "productId": Fixed(""),
        "scope": Text("scope"),
        "createdDate": Moment("created_at"),
    }
    shown_only = ("id", "allowTracing")
    live_kind = Kind.SUBSCRIPTION

    def rows(self) -> QuerySet[Subscription]:
        """Return all subscriptions, by name, with what clients see and search of them."""
        everything = f"{self.call.service.prefix}/apis"
        one_api = Concat(Value(f"{everything}/"), remarks.spelling("scope", "api__name"), output_field=TextField())
        scope = Case(When(api=None, then=Value(everything)), default=one_api, output_field=TextField())
        seen = {"scope": scope, "shown_state": _SHOWN_STATE, "comment": _kept("stateComment"), "owner": _kept("ownerId")}
        return Subscription.objects.select_related("api", "remarks").annotate(**seen).order_by("name")

    def name_of(self, row: Subscription) -> str:
        """Return the subscription's name."""
        return row.name

    def etag(self, row: Subscription) -> str:
        """Return the ETag."""
        return etags.etag(row.pk, row.revision)

    def show(self, row: Subscription) -> dict[str, Any]:
        """Return everything but the keys."""
        kept = remarks.of(row)
        return {
            "ownerId": None,
            "allowTracing": False,
            "stateComment": None,
            **kept,
            "scope": row.scope,  # type: ignore[attr-defined]  # of rows()
            "displayName": row.display_name,
            "state": row.shown_state,  # type: ignore[attr-defined]  # of rows()
            "createdDate": row.created_at,
        }

    @sensitive_variables()
    def read(self, sent: Properties, row: Subscription | None, *, whole: bool) -> SubscriptionDraft:
        """Check what was sent; a missing state is active for a new subscription and stays for another."""
        before = None if whole else row
        display_name = sent.text("displayName", before.display_name if before else "", needed=before is None, longest=100)
        if before and not display_name.strip():
            sent.refuse("displayName", _("This must not be empty."))
        sent.plain("displayName")
        sent.unsupported(("productId",), _("There are no products here; name APIs by scope."))
        sent.unsupported(("expirationDate",), _("Subscriptions do not expire here; suspend or delete them."))
        api = before.api if before and "scope" not in sent else _api(sent, self.call.service)
        keys = {kind: key for name, kind in _KEYS.items() if (key := _key(sent, name))}
        if len(set(keys.values())) < len(keys):
            sent.refuse("secondaryKey", _("The two keys differ."))
        remarks.check(sent, KEPT)
        state = _state(sent, row)
        sent.check()
        return SubscriptionDraft(display_name=display_name, api=api, state=state, keys=keys, sent=sent, whole=whole)

    @sensitive_variables()
    def create(self, name: str, draft: SubscriptionDraft) -> Subscription:
        """Add a subscription; keys that were not sent are made."""
        if name in RESERVED_NAMES:
            raise Invalid(Fault(self.id_name, _("This word cannot be a name.")))
        try:
            subscription = actions.create_subscription(
                name=name,
                display_name=draft.display_name,
                api=draft.api,
                state=draft.state,
                keys=draft.keys,
                by=self.call.user,
                now=self.call.now,
            )
        except actions.KeyTaken as refusal:
            raise _key_taken(draft) from refusal
        except actions.Taken as refusal:  # at this very moment
            raise Conflict(str(refusal)) from refusal
        _keep(subscription, draft, whole=True)
        return subscription

    @sensitive_variables()
    def change(self, row: Subscription, draft: SubscriptionDraft) -> Subscription:
        """Change a subscription; keys that were not sent stay."""
        try:
            subscription = actions.change_subscription(
                row, display_name=draft.display_name, api=draft.api, keys=draft.keys, by=self.call.user, now=self.call.now
            )
        except actions.KeyTaken as refusal:
            raise _key_taken(draft) from refusal
        if draft.state != row.state:
            subscription = actions.set_subscription_state(subscription, draft.state, by=self.call.user, now=self.call.now)
        _keep(subscription, draft, whole=draft.whole)
        return subscription

    def remove(self, row: Subscription) -> None:
        """Delete a subscription; its keys open nothing from now on."""
        actions.delete_subscription(row, by=self.call.user, now=self.call.now)

    @sensitive_variables()
    def answer_list_secrets(self, name: str) -> HttpResponse:
        """Answer ``POST …/listSecrets``: both keys. Who has seen them is noted."""
        row = self._for_keys(name)
        keys = actions.show_keys(row, by=self.call.user, now=self.call.now)
        shown = {target: keys[kind].value.decode() for target, kind in _KEYS.items() if kind in keys}
        return self._json(shown, headers={"ETag": self.etag(row)})

    def answer_regenerate(self, name: str, kind: KeyKind) -> HttpResponse:
        """Answer ``POST …/regeneratePrimaryKey`` and its like."""
        actions.regenerate_key(self._for_keys(name), kind, by=self.call.user, now=self.call.now)
        return HttpResponse(status=NO_CONTENT)

    def _for_keys(self, name: str) -> Subscription:
        if self.call.request.method != "POST":
            raise MethodNotAllowed(("POST",))
        self.call.require(self.permission.format("change"))
        self.check_name(name)
        return self.get(name)


def _api(sent: Properties, service: Service) -> Api | None:
    """Return the API of a scope, ``None`` for all: ``/apis``, ``/apis/orders``, or either with the address of *service* before it."""
    scope = sent.text("scope", needed=True)
    if not scope.strip():
        return None
    match = _SCOPE.match(scope)
    if match is None:
        sent.refuse("scope", _("The scope is /apis for all APIs, or /apis/ and the name of one; there are no products here."))
        return None
    if match["service"].lower() not in {"", service.prefix.lower()}:
        sent.refuse("scope", _("The scope names another service; this one is %(service)s.") % {"service": service.prefix})
        return None
    if match["api"] is None:
        return None
    api = spelled(Api.objects.all(), current_revision(match["api"])).first() if "\0" not in match["api"] else None
    if api is None:
        sent.refuse("scope", _("There is no API %(name)s.") % {"name": match["api"]})
    return api


def _keep(row: Subscription, draft: SubscriptionDraft, *, whole: bool) -> None:
    """Keep what was said of *row*, and that its scope names the API's one revision, which clients compare as a text."""
    remarks.keep(row, draft.sent, KEPT, whole=whole)
    if "scope" in draft.sent:
        name = draft.api.name if draft.api else ""
        remarks.spell(row, "scope", name + revision_said(draft.sent.text("scope").rstrip("/")) if name else "", name)


def _state(sent: Properties, row: Subscription | None) -> SubscriptionState:
    before = SubscriptionState(row.state) if row else SubscriptionState.ACTIVE
    named = sent.text("state").lower()
    if not named:
        return before
    if named == SubscriptionState.ACTIVE:
        return SubscriptionState.ACTIVE
    if named not in _CLOSED:
        sent.refuse("state", _("The state is one of %(states)s.") % {"states": ", ".join(STATES)})
    return SubscriptionState.SUSPENDED


def _key(sent: Properties, name: str) -> str:
    key = sent.text(name)
    if key and not is_key(key):
        sent.refuse(name, _("A key has 8 to 256 characters of ASCII and no spaces; 32 random hexadecimal digits are best."))
    return key


def _key_taken(draft: SubscriptionDraft) -> Invalid:
    names = [name for name, kind in _KEYS.items() if kind in draft.keys]
    return Invalid(*(Fault(name, _("Another subscription has this key, or it has had it as its other one.")) for name in names))
