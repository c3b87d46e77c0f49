"""Trusted authorities of a configuration file."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from certificates import problems
from certificates.authorities import actions
from certificates.authorities.bundle import Bundle
from certificates.authorities.forms import loadable
from certificates.authorities.models import Authority
from certificates.authorities.reading import BadAuthorities, read_authorities
from certificates.pfx import UnreadablePfx
from rest.configuration import others
from rest.configuration.document import Document
from rest.configuration.reading import Context, refuse_unknown
from rest.envelope import Fault, Invalid


def apply(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    """Add a trusted authority, or let it hold other certificates.

    :raises Invalid: naming what cannot be
    """
    sent = refuse_unknown(wanted, ("name", "certificates"), place)
    pem = sent.text("certificates", needed=True)
    sent.check()
    if wanted == before:
        return
    bundle = _read(pem, place, now=context.now)
    row = Authority.objects.named(wanted["name"]).first()
    if row and row.digest == bundle.digest:  # in another order, or with something between
        return
    context.changes.append(f"{'~' if row else '+'} authorities/{wanted['name']}")
    try:
        if row:
            actions.replace(row, bundle, **context.stamp)
        else:
            actions.add(bundle, name=wanted["name"], **context.stamp)
    except actions.AlreadyHeld as refusal:
        message = _("These certificates are the trusted authority %(name)s already.") % {"name": refusal.authority.name}
        raise Invalid(Fault(f"{place}certificates", message)) from refusal


def _read(pem: str, place: str, *, now: datetime) -> Bundle:
    try:
        return loadable(read_authorities(pem, now=now))
    except BadAuthorities as refusal:
        raise Invalid(Fault(f"{place}certificates", str(refusal))) from refusal
    except UnreadablePfx as refusal:
        raise Invalid(Fault(f"{place}certificates", problems.sentence(refusal))) from refusal


@others.delete.register
def _delete(row: Authority, *, by: User | None, now: datetime) -> None:
    try:
        actions.delete(row, by=by, now=now)
    except actions.InUse as refusal:
        raise Invalid(Fault(f"authorities.{row.name}", str(refusal))) from refusal
