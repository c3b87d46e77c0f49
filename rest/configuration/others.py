"""Certificates and subscriptions of a configuration file, and deleting what it does not mention."""

from __future__ import annotations

from datetime import datetime
from functools import singledispatch

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils.translation import gettext as _

from apis import actions as api_actions
from apis.backends import actions as backend_actions
from apis.backends.models import BackEnd
from apis.models import Api, Subscription, SubscriptionState
from apis.pickers import ALL_APIS, API_PREFIX
from certificates import actions as certificate_actions
from certificates import problems
from certificates.facts import Facts
from certificates.loading import open_loadable
from certificates.models import ClientCertificate, ServerCertificate
from certificates.pfx import Pfx, UnreadablePfx, password_of
from certificates.rollout import actions as rollout
from certificates.rollout.steps import NoCanary
from rest.configuration import parts
from rest.configuration.document import Document
from rest.configuration.reading import Context, refuse_unknown
from rest.entities.certificates import ANOTHER_PERSON_CONFIRMS
from rest.envelope import Fault, Invalid

Entries = type[ClientCertificate | ServerCertificate]


def apply_certificate(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    """Upload or renew a client certificate from the PFX file that the entry names; without one it must be there.

    :raises Invalid: naming what cannot be
    """
    _apply(ClientCertificate, "certificates", context, wanted, before, place)


def apply_server_certificate(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    """Do the same for a server certificate.

    :raises Invalid: naming what cannot be
    """
    _apply(ServerCertificate, "server_certificates", context, wanted, before, place)


def _apply(  # noqa: PLR0913, PLR0917 - what every kind of entry is given, and which kind
    model: Entries, section: str, context: Context, wanted: Document, before: Document | None, place: str
) -> None:
    sent = refuse_unknown(wanted, ("name", "thumbprint", "subject", "pfx", "password_file", *parts.PARTS), place)
    sent.check()
    name = wanted["name"]
    if wanted.get("pfx"):
        pfx = _opened(context, wanted, place)
        if not before or Facts.of(pfx.certificate).thumbprint != before["thumbprint"]:
            context.changes.append(f"{'~' if before else '+'} {section}/{name}")
            _bring(model, context, name, pfx, place)
    elif before and wanted["thumbprint"] != before["thumbprint"]:
        context.notes.append(_("%(name)s: another certificate is there; name a PFX file to replace it.") % {"name": name})
    row = model.objects.named(name).first()
    if row is None:
        raise Invalid(Fault(f"{place}pfx", _("There is no such certificate; name a PFX file, and its password's file as password_file.")))
    parts.apply(context, row, wanted, place)


def _opened(context: Context, wanted: Document, place: str) -> Pfx:
    try:
        data, password = context.file(str(wanted["pfx"]), f"{place}pfx"), password_of(context.password(wanted, place))
        return open_loadable(data, password, now=context.now)
    except UnreadablePfx as refusal:
        field = "password_file" if problems.field(refusal) == "password" else "pfx"
        raise Invalid(Fault(f"{place}{field}", problems.sentence(refusal))) from refusal


def _bring(model: Entries, context: Context, name: str, pfx: Pfx, place: str) -> None:
    try:
        if row := model.objects.named(name).first():
            _renew(context, row, pfx, place)
        else:
            certificate_actions.upload_as(model, pfx, name=name, **context.stamp)
    except certificate_actions.AlreadyUploaded as refusal:
        message = _("This certificate is already uploaded as %(name)s.") % {"name": refusal.certificate.name}
        raise Invalid(Fault(f"{place}pfx", message)) from refusal


def _renew(context: Context, row: ClientCertificate | ServerCertificate, pfx: Pfx, place: str) -> None:
    try:
        rollout.renew(row, pfx, **context.stamp)
    except certificate_actions.AnotherPersonConfirms as refusal:
        raise Invalid(Fault(f"{place}pfx", str(ANOTHER_PERSON_CONFIRMS))) from refusal
    except (rollout.AlreadyPlanned, NoCanary) as refusal:
        raise Invalid(Fault(f"{place}pfx", str(refusal.sentence))) from refusal


def apply_subscription(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    """Create or change a subscription; a new one gets new keys.

    :raises Invalid: naming what cannot be
    """
    sent = refuse_unknown(wanted, ("name", "display_name", "scope", "state"), place)
    display_name = sent.text("display_name", needed=True, longest=100)
    scope = sent.text("scope", ALL_APIS)
    api = Api.objects.filter(name=scope.removeprefix(API_PREFIX)).first() if scope.startswith(API_PREFIX) else None
    if scope != ALL_APIS and api is None:
        sent.refuse("scope", _("Choose all APIs (all-apis) or one of them (api: and its name)."))
    state = sent.text("state", SubscriptionState.ACTIVE.value)
    if state not in SubscriptionState.values:
        sent.refuse("state", _("The state is one of %(states)s.") % {"states": ", ".join(SubscriptionState.values)})
    sent.check()
    if wanted == before:
        return
    row = Subscription.objects.filter(name=wanted["name"]).first()
    context.changes.append(f"{'~' if row else '+'} subscriptions/{wanted['name']}")
    if row is None:
        api_actions.create_subscription(
            name=wanted["name"], display_name=display_name, api=api, state=SubscriptionState(state), **context.stamp
        )
        return
    row = api_actions.change_subscription(row, display_name=display_name, api=api, **context.stamp)
    if row.state != state:
        api_actions.set_subscription_state(row, SubscriptionState(state), **context.stamp)


@singledispatch
def delete(row: Model, *, by: User | None, now: datetime) -> None:  # noqa: ARG001 - each kind below takes them
    """Delete an entry by the action of its kind.

    :raises Invalid: if APIs present a certificate
    """
    raise TypeError(row)


@delete.register
def _subscription(row: Subscription, *, by: User | None, now: datetime) -> None:
    api_actions.delete_subscription(row, by=by, now=now)


@delete.register
def _api(row: Api, *, by: User | None, now: datetime) -> None:
    api_actions.delete_api(row, by=by, now=now)


@delete.register
def _backend(row: BackEnd, *, by: User | None, now: datetime) -> None:
    _delete_back_end(row, by=by, now=now)


def _delete_back_end(row: BackEnd, *, by: User | None, now: datetime) -> None:
    try:
        backend_actions.delete_back_end(row, by=by, now=now)
    except backend_actions.InUse as refusal:
        raise Invalid(Fault(f"backends.{row.name}", str(refusal))) from refusal


@delete.register(ClientCertificate)
@delete.register(ServerCertificate)
def _certificate(row: ClientCertificate | ServerCertificate, *, by: User | None, now: datetime) -> None:
    try:
        certificate_actions.delete(row, by=by, now=now)
    except certificate_actions.InUse as refusal:
        raise Invalid(
            Fault(f"{'certificates' if isinstance(row, ClientCertificate) else 'server_certificates'}.{row.name}", str(refusal))
        ) from refusal
