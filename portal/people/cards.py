"""What each role may do, in words; the ticks are the permissions that its group has."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Permission
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.roles import Role

# What people ask before they give a role, and the permission that decides it.
_ABILITIES: tuple[tuple[str | Promise, str], ...] = (
    (_("See APIs, certificates, subscriptions, gateways and activity, but no secret"), "apis.view_api"),
    (_("Add, change and delete APIs, and test them"), "apis.change_api"),
    (_("Upload, replace and delete client certificates"), "certificates.change_clientcertificate"),
    (_("See and regenerate subscription keys"), "apis.change_subscription"),
    (_("Add and remove gateways"), "gateway.delete_gateway"),
    (_("Make and revoke access tokens"), "rest.add_accesstoken"),
    (_("Invite, change and delete people, and open closed sign-ins"), "auth.change_user"),
)
_SUMMARIES: dict[Role, str | Promise] = {
    Role.VIEWER: _("Looks, and changes nothing."),
    Role.PUBLISHER: _("Publishes APIs."),
    Role.ADMINISTRATOR: _("Runs the portal."),
}


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing that can be done, and whether the role may."""

    words: str | Promise
    granted: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A role, as people choose it."""

    role: Role
    summary: str | Promise
    abilities: list[Ability]


def cards() -> list[Card]:
    """Return the roles, the one that may least first. One query."""
    granted = Permission.objects.filter(group__name__in=Role.values)
    pairs = set(granted.values_list("group__name", "content_type__app_label", "codename"))
    return [
        Card(role, _SUMMARIES[role], [Ability(words, (role.value, *permission.split(".")) in pairs) for words, permission in _ABILITIES])
        for role in Role
    ]


def card_of(role: str) -> Card | None:
    """Return the card of a role's value; ``None`` for no role."""
    return next((card for card in cards() if card.role == role), None)
