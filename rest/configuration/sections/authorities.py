"""Trusted authorities of a configuration file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certificates import problems
from certificates.authorities import actions
from certificates.authorities.bundle import Bundle, bundle_of
from certificates.authorities.forms import MAX_PEM, loadable
from certificates.authorities.models import Authority
from certificates.authorities.reading import BadAuthorities, read_authorities
from certificates.models import RESERVED_NAMES, folded
from certificates.pfx import UnreadablePfx
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.reading import check_new_name
from rest.configuration.secrets.keeping import Keeper
from rest.configuration.sections.section import Section, Target
from rest.configuration.shape import making
from rest.entities.authorities import in_use
from rest.envelope import Fault, Invalid


def digest_of(pem: str) -> str:
    """Return what tells these certificates from others; empty if they cannot be read."""
    try:
        return bundle_of(pem).digest
    except ValueError:
        return ""


def _rows() -> Any:
    return Authority.objects.exclude(current=None).select_related("current").order_by("name")


def _show(row: Authority, _keeper: Keeper) -> Document:
    assert row.current is not None  # noqa: S101 - an entry is made with its first version
    return {"name": row.name, "certificates": row.current.pem}


def _apply(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    check_new_name(wanted, before, place, RESERVED_NAMES)
    sent = Properties(wanted, within=place)
    pem = sent.text("certificates", needed=True)
    sent.check()
    bundle = _read(pem, place, now=context.now)
    row = Authority.objects.named(wanted["name"]).first()
    if row and row.digest == bundle.digest:  # in another order, or with something between
        return
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


def _make_way(_context: Context, target: Target) -> None:
    """Let entries that are to hold other certificates, or go, hold back none that another one is to hold.

    Only the digest, by which no two entries are equal, is given up; what the entry holds is changed, or deleted, by its own action.
    """
    wanted = {digest_of(str(entry.get("certificates", ""))): key for key, entry in target.wanted["authorities"].items()}
    for row in Authority.objects.filter(digest__in=[digest for digest in wanted if digest]).select_related("current"):
        key = AUTHORITIES.key({"name": row.name})
        now_there = target.before["authorities"].get(key, {}).get("certificates")
        if wanted[row.digest] != key and target.leaves("authorities", key, "certificates", now_there):
            Authority.objects.filter(pk=row.pk).update(digest=f"parked-{row.pk}")


def _touches(name: str, apis: list[Document]) -> list[str]:
    named = (("security", "trusted_authority"), ("callers", "caller_authority"))
    return [api["name"] for api in apis if any(folded(api[part][field]) == folded(name) for part, field in named)]


def _delete(row: Authority, by: User | None, now: datetime) -> None:
    try:
        actions.delete(row, by=by, now=now)
    except actions.InUse as refusal:
        raise Invalid(Fault(f"authorities.{row.name}", in_use(refusal))) from refusal


AUTHORITIES = Section(
    name="authorities",
    label=gettext_lazy("Trusted authority"),
    shape=lambda: making.entry({"certificates": making.text(longest=MAX_PEM, about="In PEM form.")}),
    rows=_rows,
    show=_show,
    apply=_apply,
    delete=_delete,
    make_way=_make_way,
    touches=_touches,
    labels=lambda: {"certificates": gettext_lazy("Certificates")},
    folds=True,
)
