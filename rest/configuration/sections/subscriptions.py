"""Subscriptions of a configuration file, and their keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apis import actions
from apis.models import Api, KeyKind, Subscription, SubscriptionKey, SubscriptionState
from apis.naming import RESERVED_NAMES
from apis.pickers import ALL_APIS, API_PREFIX
from certificates.sealing import Secret
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.reading import check_new_name
from rest.configuration.secrets.keeping import Keeper
from rest.configuration.sections import documentation
from rest.configuration.sections.section import Section, Target
from rest.configuration.shape import making
from rest.entities.subscriptions import KEPT, is_key
from rest.envelope import Fault, Invalid

KEYS = {KeyKind.PRIMARY: "primary_key", KeyKind.SECONDARY: "secondary_key"}
_LABELS = {
    "display_name": gettext_lazy("Display name"),
    "scope": gettext_lazy("API"),
    "state": gettext_lazy("State"),
    "primary_key": gettext_lazy("Primary key"),
    "secondary_key": gettext_lazy("Secondary key"),
}


def _shape() -> making.Shape:
    return making.entry(
        {
            "display_name": making.text(longest=100),
            "scope": making.text(about="all-apis, or api: and the name of one."),
            "state": making.text(choices=SubscriptionState.values),
            **{name: making.secret("Without it, a new subscription gets a new key.") for name in KEYS.values()},
            "documentation": documentation.shape("What the REST API keeps and gives back: ownerId, stateComment …"),
        }
    )


def _rows() -> Any:
    return Subscription.objects.select_related("api", "remarks").prefetch_related("keys").order_by("name")


def _show(row: Subscription, keeper: Keeper) -> Document:
    there = {key.kind: key for key in row.keys.all()}
    keys = {
        name: keeper.keep(f"subscriptions/{row.name}/{name}", there[kind].pk, there[kind].opened)
        for kind, name in KEYS.items()
        if kind in there
    }
    return {
        "name": row.name,
        "display_name": row.display_name,
        "scope": f"{API_PREFIX}{row.api.name}" if row.api else ALL_APIS,
        "state": row.state,
        **{name: key for name, key in keys.items() if key},
        "documentation": documentation.of(row),
    }


def brought_keys(context: Context, wanted: Document, place: str) -> dict[KeyKind, str]:
    """Return the keys that an entry brings along.

    :raises Invalid: naming one that no caller can send, or the second of two that are the same
    """
    found = {kind: context.given.secret(wanted[name], f"{place}{name}") for kind, name in KEYS.items() if wanted.get(name)}
    keys = {kind: _text(key, f"{place}{KEYS[kind]}") for kind, key in found.items()}
    if len(set(keys.values())) < len(keys):
        raise Invalid(Fault(f"{place}secondary_key", _("The two keys differ.")))
    return keys


def _text(key: Secret, place: str) -> str:
    text = key.value.decode("ascii", "replace")
    if not is_key(text):
        raise Invalid(Fault(place, _("A key has 8 to 256 characters of ASCII and no spaces; 32 random hexadecimal digits are best.")))
    return text


def _apply(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    check_new_name(wanted, before, place, RESERVED_NAMES)
    sent = Properties(wanted, within=place)
    display_name, api = sent.text("display_name", needed=True), _scope(sent)
    state = SubscriptionState(sent.text("state", SubscriptionState.ACTIVE.value))
    sent.check()
    keys = brought_keys(context, wanted, place)
    row = Subscription.objects.filter(name=wanted["name"]).select_related("api", "remarks").first()
    try:
        row = _saved(context, row, wanted["name"], display_name, api, state, keys)
    except actions.KeyTaken as refusal:
        raise Invalid(Fault(f"{place}primary_key", _("Another subscription has one of these keys already."))) from refusal
    documentation.keep(row, wanted.get("documentation", {}), KEPT, f"{place}documentation.")


def _saved(  # noqa: PLR0913, PLR0917 - all that a subscription is
    context: Context,
    row: Subscription | None,
    name: str,
    display_name: str,
    api: Api | None,
    state: SubscriptionState,
    keys: dict[KeyKind, str],
) -> Subscription:
    if row is None:
        return actions.create_subscription(name=name, display_name=display_name, api=api, state=state, keys=keys, **context.stamp)
    others = {kind: key for kind, key in keys.items() if not _has(row, kind, key)}
    if others or (row.display_name, row.api) != (display_name, api):
        row = actions.change_subscription(row, display_name=display_name, api=api, keys=others, **context.stamp)
    if row.state != state:
        row = actions.set_subscription_state(row, state, **context.stamp)
    return Subscription.objects.select_related("remarks").get(pk=row.pk)


def _has(row: Subscription, kind: KeyKind, key: str) -> bool:
    return row.keys.filter(kind=kind, digest=SubscriptionKey.digest_of(key)).exists()


def _scope(sent: Properties) -> Api | None:
    scope = sent.text("scope", ALL_APIS)
    api = Api.objects.filter(name=scope.removeprefix(API_PREFIX)).first() if scope.startswith(API_PREFIX) else None
    if scope != ALL_APIS and api is None:
        sent.refuse("scope", _("Choose all APIs (all-apis) or one of them (api: and its name)."))
    return api


def _make_way(context: Context, target: Target) -> None:
    """Give subscriptions that are to have another key, and have now what another one is to have, a new one meanwhile."""
    found = {name: brought_keys(context, entry, f"subscriptions.{name}.") for name, entry in target.wanted["subscriptions"].items()}
    wanted = {SubscriptionKey.digest_of(key): (name, kind) for name, keys in found.items() for kind, key in keys.items()}
    for held in SubscriptionKey.objects.filter(digest__in=list(wanted)).select_related("subscription"):
        name, kind = held.subscription.name, KeyKind(held.kind)
        other = SubscriptionKey.digest_of(found.get(name, {}).get(kind, "")) != held.digest and kind in found.get(name, {})
        if wanted[held.digest] != (name, kind) and (other or name in target.goes["subscriptions"]):
            actions.regenerate_key(held.subscription, kind, **context.stamp)


def _touches(name: str, apis: list[Document]) -> list[str]:
    row = Subscription.objects.filter(name=name).select_related("api").first()
    return [row.api.name] if row and row.api else [api["name"] for api in apis]


def _delete(row: Subscription, by: User | None, now: datetime) -> None:
    actions.delete_subscription(row, by=by, now=now)


SUBSCRIPTIONS = Section(
    name="subscriptions",
    label=gettext_lazy("Subscription"),
    shape=_shape,
    rows=_rows,
    show=_show,
    apply=_apply,
    delete=_delete,
    make_way=_make_way,
    touches=_touches,
    labels=lambda: dict(_LABELS),
)
