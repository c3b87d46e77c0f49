"""Certificate entries of a configuration file, client and server certificates, and what belongs to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apis import actions
from apis.credentials.keeping import stored
from apis.models import Api, Credentials
from certificates import actions as certificate_actions
from certificates import problems
from certificates.facts import Facts
from certificates.loading import open_loadable
from certificates.models import RESERVED_NAMES, CertificateVersion, ClientCertificate, ServerCertificate, folded
from certificates.pfx import Pfx, UnreadablePfx
from certificates.rollout import actions as rollout
from certificates.rollout.rules_form import RulesForm
from certificates.rollout.staying import is_kept
from certificates.rollout.steps import NoCanary
from certificates.sealing import SealingError, Secret
from certificates.sources.acme.forms import AcmeForm
from certificates.sources.forms import WatchForm
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.reading import check_new_name
from rest.configuration.secrets.keeping import Keeper
from rest.configuration.sections import parts
from rest.configuration.sections.labels import labels_of
from rest.configuration.sections.renewing import refuse_to_order_first, watch
from rest.configuration.sections.section import Section, Target
from rest.configuration.shape import making
from rest.entities.certificates import ANOTHER_PERSON_CONFIRMS, in_use
from rest.envelope import Fault, Invalid

_PARKED = "parked-"  # where the digest of a version was, while another entry takes its certificate over
Model = type[ClientCertificate | ServerCertificate]
Row = ClientCertificate | ServerCertificate


def shape() -> making.Shape:
    """Return what an entry may look like."""
    return making.entry(
        {
            "thumbprint": making.text(about="Of the certificate that is presented. Only shown: name a file to replace it."),
            "subject": making.text(about="Only shown."),
            "key_pair": making.secret("Certificate, chain and private key, in PEM or as a PFX file."),
            "pfx": making.text(about="The same, as a file's name."),
            "password": making.secret("Of the PFX file."),
            "password_file": making.text(about="The same, as a file's name."),
            **{name: part.shape() for name, part in parts.PARTS.items()},
        }
    )


def pem_of(version: CertificateVersion) -> Secret | None:
    """Return chain and private key of a version in PEM; ``None`` if the key was destroyed or does not open."""
    try:
        identity = version.identity()
    except SealingError:
        return None
    return Secret(identity.certificate_chain_pem + identity.private_key_pem.value)


def _rows(model: Model) -> Any:
    found = model.objects.exclude(current=None).select_related("current")
    return found.prefetch_related(*parts.related()).order_by("name")


def _show(section: str, row: Row, keeper: Keeper) -> Document:
    version = row.current
    assert version is not None  # noqa: S101 - an entry is made with its first version
    pair = keeper.keep(f"{section}/{row.name}/key_pair", version.pk, lambda: pem_of(version))
    shown = {"name": row.name, "thumbprint": version.thumbprint, "subject": version.label}
    return {**shown, **({"key_pair": pair} if pair else {}), **parts.shown(row)}


def _apply(model: Model, context: Context, wanted: Document, before: Document | None, place: str) -> None:
    check_new_name(wanted, before, place, RESERVED_NAMES)
    if _brings(wanted):
        pfx = _read(context, wanted, place)
        if not before or Facts.of(pfx.certificate).thumbprint != before["thumbprint"]:
            _bring(model, context, wanted["name"], pfx, f"{place}{_brings(wanted)}")
    elif before is None and not watch(context, model, wanted["name"], wanted.get("source"), f"{place}source"):
        refuse_to_order_first(wanted.get("source"), f"{place}source")
        raise Invalid(Fault(f"{place}pfx", _("There is no such certificate; name a PFX file, and its password's file as password_file.")))
    elif before and wanted["thumbprint"] != before["thumbprint"]:
        context.notes.append(_("%(name)s: another certificate is there; name a PFX file to replace it.") % {"name": wanted["name"]})


def _brings(wanted: Document) -> str:
    """Return by which field an entry brings its certificate along; empty if it brings none."""
    return next((name for name in ("key_pair", "pfx") if wanted.get(name)), "")


def _read(context: Context, wanted: Document, place: str) -> Pfx:
    """Return the certificate that an entry brings along.

    :raises Invalid: naming what cannot be
    """
    if place not in context.opened:
        context.opened[place] = _opened(context, wanted, place)
    pfx: Pfx = context.opened[place]
    return pfx


def _opened(context: Context, wanted: Document, place: str) -> Pfx:
    field = f"{place}{_brings(wanted)}"
    if wanted.get("key_pair"):
        data = context.given.secret(wanted["key_pair"], field).value
    else:
        data = context.given.content(str(wanted["pfx"]), field)
    password = context.password(wanted, place) or Secret(b"")
    try:
        return open_loadable(data, password, now=context.now)
    except UnreadablePfx as refusal:
        of_password = problems.field(refusal) == "password"
        name = f"{place}{'password' if wanted.get('password') else 'password_file'}" if of_password else field
        raise Invalid(Fault(name, problems.sentence(refusal))) from refusal


def _bring(model: Model, context: Context, name: str, pfx: Pfx, field: str) -> None:
    try:
        if row := model.objects.named(name).first():
            rollout.renew(row, pfx, **context.stamp)
        else:
            certificate_actions.upload_as(model, pfx, name=name, **context.stamp)
    except certificate_actions.AlreadyUploaded as refusal:
        message = _("This certificate is already uploaded as %(name)s.") % {"name": refusal.certificate.name}
        raise Invalid(Fault(field, message)) from refusal
    except certificate_actions.AnotherPersonConfirms as refusal:
        raise Invalid(Fault(field, str(ANOTHER_PERSON_CONFIRMS))) from refusal
    except (rollout.AlreadyPlanned, NoCanary) as refusal:
        raise Invalid(Fault(field, str(refusal.sentence))) from refusal


def _make_way(section: str, model: Model, context: Context, target: Target) -> None:
    """Let entries that go, or are to hold another certificate, hold back none that another one takes over."""
    brought = {key: entry for key, entry in target.wanted[section].items() if _brings(entry)}
    news = {key: _digest(_read(context, entry, f"{section}.{entry['name']}.")) for key, entry in brought.items()}
    wanted = {digest: key for key, digest in news.items()}
    for version in CertificateVersion.objects.filter(kind=model.KIND, thumbprint_sha256__in=list(wanted)).select_related("certificate"):
        key = folded(version.certificate.name)
        if key in target.goes[section]:
            row = model.objects.get(pk=version.certificate_id)
            _let_go(context, row, target)
            _delete(section, row, context.by, context.now)
        elif wanted[version.thumbprint_sha256] != key and news.get(key, version.thumbprint_sha256) != version.thumbprint_sha256:
            CertificateVersion.objects.filter(pk=version.pk).update(thumbprint_sha256=f"{_PARKED}{version.pk}")


def _digest(pfx: Pfx) -> str:
    return Facts.of(pfx.certificate).thumbprint_sha256


def _let_go(context: Context, row: Row, target: Target) -> None:
    for api in Api.objects.filter(certificate=row.pk, back_end=None):
        wanted = target.wanted["apis"].get(api.name, {}).get("security", {})
        if api.name in target.goes["apis"] or folded(wanted.get("certificate", row.name)) != folded(row.name):
            own = stored(api)
            chosen = actions.ApiSecurity(
                credentials=Credentials(api.credentials) if own else Credentials.NONE,
                proof=own.proof(None) if own else None,
                validate_certificate_chain=api.validate_certificate_chain,
                validate_certificate_name=api.validate_certificate_name,
                trusted_ca=api.trusted_ca,
                trusted_authority=api.trusted_authority,
            )
            actions.secure_api(api, chosen, **context.stamp)


def _touches(name: str, apis: list[Document]) -> list[str]:
    return [api["name"] for api in apis if folded(api["security"]["certificate"]) == folded(name)]


def _complete(model: Model, context: Context, wanted: Document, place: str) -> None:
    row = model.objects.named(wanted["name"]).get()
    _forget_parked(context, row, place)
    parts.apply(context, row, wanted, place)


def _forget_parked(context: Context, row: Row, place: str) -> None:
    """Delete the versions whose certificate another entry holds now."""
    for version in row.versions.filter(thumbprint_sha256__startswith=_PARKED):
        if version.pk in {row.current_id, row.ahead_id} or is_kept(version):  # a switch that goes in steps, or an API that stays with it
            raise Invalid(
                Fault(f"{place}pfx", _("Another entry is to hold its certificate, which it presents until its next one is confirmed."))
            )
        context.notes.append(
            _("%(name)s: its version %(number)d is no longer kept, since another entry holds that certificate now.")
            % {"name": row.name, "number": version.number}
        )
        version.delete()


def _delete(section: str, row: Row, by: User | None, now: datetime) -> None:
    try:
        certificate_actions.delete(row, by=by, now=now)
    except certificate_actions.InUse as refusal:
        raise Invalid(Fault(f"{section}.{row.name}", in_use(refusal))) from refusal


def _section(name: str, label: str | Promise, model: Model) -> Section:
    rows: Callable[[], Any] = partial(_rows, model)
    return Section(
        name=name,
        label=label,
        shape=shape,
        rows=rows,
        show=partial(_show, name),
        apply=partial(_apply, model),
        make_way=partial(_make_way, name, model),
        complete=partial(_complete, model),
        delete=partial(_delete, name),
        blank=lambda: {part: each.blank() for part, each in parts.PARTS.items()},
        touches=_touches,
        labels=lambda: {
            "thumbprint": gettext_lazy("Thumbprint"),
            "subject": gettext_lazy("Subject"),
            **labels_of(RulesForm, AcmeForm, WatchForm),
        },
        folds=True,
    )


CLIENT_CERTIFICATES = _section("certificates", gettext_lazy("Client certificate"), ClientCertificate)
SERVER_CERTIFICATES = _section("server_certificates", gettext_lazy("Server certificate"), ServerCertificate)
