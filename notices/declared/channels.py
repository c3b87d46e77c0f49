"""Channels in a configuration file. Where they post to, and what they sign with, are secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certificates.sealing import SealingError, Secret
from notices import actions
from notices.channels import SIGNED, SIGNED_ALWAYS
from notices.forms import ChannelForm
from notices.models import Channel, ChannelKind
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.reading import check_new_name
from rest.configuration.secrets.given import text_of
from rest.configuration.secrets.keeping import Keeper
from rest.configuration.sections.labels import labels_of
from rest.configuration.sections.section import Section
from rest.configuration.shape import making
from rest.envelope import Fault, Invalid

_SECRETS = ("url", "secret")
_NOTHING = Secret(b"")


def _shape() -> making.Shape:
    return making.entry(
        {
            "kind": making.text(choices=ChannelKind.values),
            "address": making.text(longest=254, about="For mail only."),
            "url": making.secret("For all but mail."),
            "secret": making.secret("What messages are signed with, where they are."),
            "language": making.text(choices=[code for code, _name in settings.LANGUAGES]),
        }
    )


def _rows() -> Any:
    return Channel.objects.select_related("secret").order_by("name")


def _show(row: Channel, keeper: Keeper) -> Document:
    held = _held(row)
    mark = row.secret.pk if held else None
    references = {
        name: keeper.keep(f"channels/{row.name}/{name}", mark if held.get(name) else None, lambda name=name: held[name])  # type: ignore[misc]
        for name in _SECRETS
    }
    address = row.place if row.kind == ChannelKind.MAIL else ""
    shown = {"name": row.name, "kind": row.kind, "address": address, "language": row.language}
    return shown | {name: reference for name, reference in references.items() if reference}


def _held(row: Channel) -> dict[str, Secret]:
    """Return the URL and the secret of a channel, if it has them and they open."""
    if row.kind == ChannelKind.MAIL:
        return {}
    try:
        url, secret = row.secret.told()
    except SealingError:
        return {}
    found = {"url": Secret(url.encode())}
    return found | ({"secret": secret} if secret.value and row.kind in SIGNED else {})


def _apply(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    check_new_name(wanted, before, place, {"new"})
    row = Channel.objects.select_related("secret").filter(name=wanted["name"]).first()
    brought = {name: context.given.secret(wanted[name], f"{place}{name}") for name in _SECRETS if wanted.get(name)}
    if row and wanted.get("kind") != row.kind:  # another kind is another channel
        actions.delete_channel(row, **context.stamp)
        row = None
    if row is None:
        _add(context, wanted, brought, place)
        return
    held = _held(row)
    others = {name: secret for name, secret in brought.items() if secret != held.get(name)}
    moved = row.kind == ChannelKind.MAIL and wanted.get("address") != row.place
    if others or moved or wanted.get("language") != row.language:
        _change(context, row, wanted, others, place)


def _add(context: Context, wanted: Document, brought: dict[str, Secret], place: str) -> None:
    usual = {"language": settings.LANGUAGE_CODE}
    form = _checked(ChannelForm({**usual, **wanted, **_typed(brought, place)}), wanted, place)
    kind = ChannelKind(form.cleaned_data["kind"])
    told = form.cleaned_data
    try:
        _channel, made = actions.add_channel(
            name=wanted["name"], kind=kind, address=form.destination, secret=told["secret"], language=told["language"], **context.stamp
        )
    except actions.NameTaken as refusal:
        raise Invalid(Fault(f"{place}name", _("Another channel has this name."))) from refusal
    if made and kind in SIGNED_ALWAYS:
        note = _("%(name)s: its messages are signed with a new secret. Enter one on its page, or bring one along.")
        context.notes.append(note % {"name": wanted["name"]})


def _change(context: Context, row: Channel, wanted: Document, others: dict[str, Secret], place: str) -> None:
    kind = ChannelKind(row.kind)
    form = _checked(ChannelForm({**wanted, **_typed(others, place)}, there=kind), wanted, place)
    address = form.destination if kind == ChannelKind.MAIL or "url" in others else ""
    secret = form.cleaned_data.get("secret", "")
    try:
        actions.change_channel(row, address=address, secret=secret, language=form.cleaned_data["language"], **context.stamp)
    except actions.Lost as refusal:
        raise Invalid(Fault(f"{place}{refusal.field}", _("What was there does not open any more; bring this along."))) from refusal


def _checked(form: ChannelForm, wanted: Document, place: str) -> ChannelForm:
    Properties(wanted, within=place).check_by(form, {})
    return form


def _typed(secrets: dict[str, Secret], place: str) -> dict[str, str]:
    return {name: text_of(secrets.get(name, _NOTHING), f"{place}{name}") for name in _SECRETS}


def _delete(row: Channel, by: User | None, now: datetime) -> None:
    actions.delete_channel(row, by=by, now=now)


CHANNELS = Section(
    name="channels",
    label=gettext_lazy("Channel"),
    shape=_shape,
    rows=_rows,
    show=_show,
    apply=_apply,
    delete=_delete,
    labels=lambda: labels_of(ChannelForm),
)
