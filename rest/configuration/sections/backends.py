"""Back end entities of a configuration file: settings for whatever API's Web service URL lies at theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apis.actions import NotOverHttp
from apis.forms import NOT_OVER_HTTP
from certificates.models import ClientCertificate
from rest import backend_actions
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.reading import check_new_name
from rest.configuration.secrets.keeping import Keeper
from rest.configuration.sections.section import Section
from rest.configuration.shape import making
from rest.entities.backends import checked_url
from rest.envelope import Fault, Invalid
from rest.models import Backend

_TEXTS = {"title": 300, "description": 2000}
_FLAGS = ("validate_certificate_chain", "validate_certificate_name")


def _shape() -> making.Shape:
    texts = {name: making.text(longest=longest) for name, longest in _TEXTS.items()}
    url = {name: making.text(longest=2000) for name in ("url", "spelled_url")}
    return making.entry({**url, **texts, **{name: making.flag() for name in _FLAGS}, "certificate": making.text()})


def _rows() -> Any:
    return Backend.objects.select_related("certificate").order_by("name")


def _show(row: Backend, _keeper: Keeper) -> Document:
    return {
        **{name: getattr(row, name) for name in ("name", "url", "spelled_url", *_TEXTS, *_FLAGS)},
        "certificate": row.certificate.name if row.certificate else "",
    }


def _apply(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    check_new_name(wanted, before, place)
    chosen = _chosen(Properties(wanted, within=place), before)
    if wanted == before:
        return
    row = Backend.objects.filter(name=wanted["name"]).first()
    try:
        if row:
            backend_actions.change_backend(row, chosen, **context.stamp)
        else:
            backend_actions.create_backend(wanted["name"], chosen, **context.stamp)
    except NotOverHttp as refusal:
        raise Invalid(Fault(f"{place}certificate", NOT_OVER_HTTP)) from refusal


def _chosen(sent: Properties, before: Document | None) -> backend_actions.BackendSettings:
    named = sent.text("certificate")
    certificate = ClientCertificate.objects.named(named).first()
    if named and certificate is None:
        sent.refuse("certificate", _("There is no client certificate %(named)s.") % {"named": named})
    chain, name = (sent.flag(flag, True) for flag in _FLAGS)
    url = checked_url(sent, before["url"] if before else "")
    same = before is not None and url == before["url"]
    chosen = backend_actions.BackendSettings(
        url=url,
        spelled_url=sent.text("spelled_url") if same or before is None else "",
        title=sent.text("title"),
        description=sent.text("description"),
        validate_certificate_chain=chain,
        validate_certificate_name=chain and name,
        certificate=certificate,
    )
    sent.check()
    return chosen


def _delete(row: Backend, by: User | None, now: datetime) -> None:
    backend_actions.delete_backend(row, by=by, now=now)


BACKENDS = Section(
    name="backends",
    label=gettext_lazy("Back end"),
    shape=_shape,
    rows=_rows,
    show=_show,
    apply=_apply,
    delete=_delete,
    goes_first=True,  # APIs at its URL go back to the usual settings then; what a file says of them comes after
)
