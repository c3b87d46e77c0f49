"""What an API or a back end of a configuration file sends to prove itself, and where its secrets are."""

from __future__ import annotations

from typing import Any

from apis.credentials.keeping import COLUMNS, KINDS, loaded
from apis.credentials.models import OAuthClient, ProofSecret, SharedSecret
from apis.models import Credentials, UserAndPassword
from apis.policy.references import names_in
from certificates.sealing import Secret
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.secrets.given import text_of
from rest.configuration.secrets.keeping import Keeper
from rest.configuration.shape import making

FIELDS = COLUMNS  # as the forms call them
# By credentials: the field of the form that their secret is typed in, and what it is in words.
_SECRETS = {
    Credentials.BASIC: ("password", "Of HTTP basic."),
    Credentials.SHARED_SECRET: ("shared_secret", "Of the shared secret."),
    Credentials.OAUTH2: ("client_secret", "Of the OAuth client."),
}

KIND_OF: dict[str, type[ProofSecret]] = {Credentials.SHARED_SECRET: SharedSecret, Credentials.OAUTH2: OAuthClient}


def shapes() -> dict[str, making.Shape]:
    """Return the shapes of all secrets: references, or files' names."""
    found: dict[str, making.Shape] = {}
    for name, about in _SECRETS.values():
        found |= {name: making.secret(about, named=name == "password"), f"{name}_file": making.text(about="The same, as a file's name.")}
    return found


def shown(holder: Any, keeper: Keeper, place: str) -> Document:
    """Return what *holder*, an API or a back end, sends, its secret as *keeper* keeps it; what is usual where there is nothing."""
    row = loaded(holder)
    values = {name: usual for kind in KINDS for name, usual in kind().values().items()} | (row.values() if row else {})
    if row is None or row.needs_no_secret:
        return values
    field = _SECRETS[Credentials(holder.credentials)][0]
    secret = keeper.keep(f"{place}/{field}", row.pk, row.opened)
    return values | ({field: secret} if secret else {})


def password(basic: UserAndPassword, keeper: Keeper, place: str) -> Document:
    """Return what stands for the password of HTTP basic: the named value that it is, which is no secret, or what *keeper* leaves of it."""
    if basic.written_password:
        (name,) = names_in(basic.written_password)
        return {"password": {"named_value": name}}
    kept = keeper.keep(f"{place}/password", basic.pk, basic.opened)
    return {"password": kept} if kept else {}


def settled(wanted: Document) -> Document:
    """Return *wanted* without what it says of credentials that are not chosen, as a file does that was changed in one place."""
    chosen = KIND_OF.get(wanted["credentials"])
    return wanted | {name: usual for kind in KINDS if kind is not chosen for name, usual in kind().values().items()}


def brought(context: Context, wanted: Document, place: str) -> Secret | None:
    """Return the secret that a file brings for the credentials that are *wanted*; ``None``: none.

    :raises rest.envelope.Invalid: if it is not where the reference says
    """
    found = _SECRETS.get(wanted["credentials"])
    return context.password(wanted, place, found[0]) if found else None


def is_new(holder: Any, wanted: Document, secret: Secret | None) -> bool:
    """Return whether a *secret* that a file brings is another one than *holder* has, or is for other credentials."""
    if secret is None or holder is None or holder.credentials != wanted["credentials"]:
        return secret is not None
    if row := loaded(holder):
        return row.opened() != secret
    basic = _password_of(holder)
    return basic is None or (Secret(basic.written_password.encode()) if basic.written_password else basic.opened()) != secret


def typed(wanted: Document, secret: Secret | None, place: str) -> Document:
    """Return *wanted* as it would be typed into a form, with this *secret*.

    :raises rest.envelope.Invalid: if it is no text
    """
    fields = {field: "" for field, _about in _SECRETS.values()}
    if secret and wanted["credentials"] in _SECRETS:
        field = _SECRETS[wanted["credentials"]][0]
        fields[field] = text_of(secret, f"{place}{field}")
    return {**wanted, **fields}


def _password_of(holder: Any) -> UserAndPassword | None:
    """Return the password of HTTP basic; it is called otherwise on APIs than on back ends."""
    return getattr(holder, "basic_credentials", None) or getattr(holder, "password", None)
