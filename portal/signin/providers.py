"""Company accounts: the OpenID Connect providers that the environment names. [pure]

``PORTAL_OIDC_PROVIDERS=entra,google`` names them; ``PORTAL_OIDC_ENTRA_ISSUER`` and so on say what each is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ROLES = {"viewers": "Viewers", "publishers": "Publishers", "administrators": "Administrators"}
_NAME = re.compile(r"[a-z0-9-]{1,40}\Z")

Read = Callable[[str, str], str]


class BadProvider(Exception):
    """A provider is not fully described; the message is a sentence for whoever runs the portal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One of them.

    :ivar roles: the role for each value of the claim; with several the one that may do most counts. Empty: roles are given in the portal
    :ivar tells_auth_time: whether it says when somebody has signed in there (``auth_time``); where not, one is believed who was sent there
        to sign in anew
    """

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...]
    role_claim: str
    roles: dict[str, str]
    tells_auth_time: bool

    def __repr__(self) -> str:
        """Return its id; the secret is not printed."""
        return f"Provider({self.id})"

    @property
    def for_allauth(self) -> dict[str, Any]:
        """What django-allauth calls an app."""
        settings = {"server_url": self.issuer, "scope": list(self.scopes), "oauth_pkce_enabled": True}
        return {"provider_id": self.id, "name": self.name, "client_id": self.client_id, "secret": self.client_secret, "settings": settings}

    def role_of(self, claims: dict[str, Any]) -> str | None:
        """Return the role that *claims* give, ``None`` if none."""
        value = claims.get(self.role_claim)
        values = {str(one) for one in (value if isinstance(value, list) else [value])}
        given = {role for claim, role in self.roles.items() if claim in values}
        return next((role for role in reversed(ROLES.values()) if role in given), None)


def providers(read: Read) -> dict[str, Provider]:
    """Return the providers that the environment names, by id.

    :param read: reads a variable, or the file that ``NAME_FILE`` names, with a default
    :raises BadProvider: if one is not fully described
    """
    names = [name.strip().lower() for name in read("PORTAL_OIDC_PROVIDERS", "").split(",") if name.strip()]
    return {name: _provider(name, read) for name in names}


def _provider(name: str, read: Read) -> Provider:
    if not _NAME.match(name):
        raise BadProvider(f"PORTAL_OIDC_PROVIDERS: {name} is no name for a provider; use letters, digits and hyphens.")
    prefix = f"PORTAL_OIDC_{name.upper().replace('-', '_')}"
    needed = {part: read(f"{prefix}_{part}", "") for part in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")}
    if missing := [f"{prefix}_{part}" for part, value in needed.items() if not value]:
        raise BadProvider(f"PORTAL_OIDC_PROVIDERS names {name}, so {' and '.join(missing)} must be set.")
    return Provider(
        id=name,
        name=read(f"{prefix}_NAME", name),
        issuer=needed["ISSUER"].removesuffix("/"),
        client_id=needed["CLIENT_ID"],
        client_secret=needed["CLIENT_SECRET"],
        scopes=tuple(read(f"{prefix}_SCOPES", "openid profile email").split()),
        role_claim=read(f"{prefix}_ROLE_CLAIM", "roles"),
        roles=_roles(f"{prefix}_ROLES", read),
        tells_auth_time=read(f"{prefix}_TELLS_AUTH_TIME", "1") != "0",
    )


def _roles(variable: str, read: Read) -> dict[str, str]:
    """Return which value of the claim gives which role: ``portal-admins=Administrators,staff=Viewers``."""
    given = [pair.rpartition("=") for pair in read(variable, "").split(",") if pair.strip()]
    if wrong := [role for claim, _is, role in given if not claim.strip() or role.strip().lower() not in ROLES]:
        raise BadProvider(f"{variable} must be value=role with one of the roles {', '.join(ROLES.values())}; {wrong[0].strip()!r} is none.")
    return {claim.strip(): ROLES[role.strip().lower()] for claim, _is, role in given}
