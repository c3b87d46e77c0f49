"""What certificate entries of a configuration file renew themselves from: a watched place, or orders by ACME.

An import orders nothing itself: it is one transaction, in which no authority could look for its proofs, and a plan is one as well.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from certificates.models import Certificate
from certificates.signing import KeyKind
from certificates.sources import actions
from certificates.sources.acme.actions import order_later
from certificates.sources.acme.forms import AcmeForm
from certificates.sources.acme.ordering import HTTP_01
from certificates.sources.models import Source, SourceKind
from certificates.sources.trouble import Trouble
from certificates.sources.watched import WatchedPlace
from rest.configuration.context import Context
from rest.configuration.reading import refuse_unknown
from rest.configuration.shape import making
from rest.envelope import Fault, Invalid

PLACE = ("path", "password_file", "key_file", "chain_file")
_ORDER = ("directory", "names", "challenge", "key", "email")
_BINDING = "binding"
_TARGETS = {"binding": f"{_BINDING}.identifier", "binding_key": f"{_BINDING}.key"}


def watch(context: Context, model: type[Any], name: str, wanted: Any, place: str) -> bool:
    """Make the entry *name* of what lies at a watched place, if *wanted* is a source of that kind; return whether it is.

    :raises Invalid: naming what cannot be
    """
    if not wanted or wanted["kind"] != SourceKind.WATCHED:
        return False
    sent = refuse_unknown(wanted, ("kind", *PLACE), f"{place}.")
    values = {field: sent.text(field, needed=field == "path") for field in PLACE}
    sent.check()
    try:
        actions.watch(model, WatchedPlace.of(values, settings.WATCHED_FOLDERS), name=name, **context.stamp)
    except Trouble as trouble:
        raise Invalid(Fault(f"{place}.{trouble.field}", str(trouble))) from trouble
    return True


@sensitive_variables("form")
def order(context: Context, row: Certificate, wanted: Any, place: str) -> None:
    """Let an entry renew itself by ACME as a file says; what it does already goes on, with the account that it has.

    :raises Invalid: naming what cannot be
    """
    sent = refuse_unknown(wanted, ("kind", *_ORDER, _BINDING), f"{place}.")
    there = Source.objects.filter(certificate=row.pk, kind=SourceKind.ACME).first()
    if there and shown(there) == {name: value for name, value in wanted.items() if name != _BINDING}:
        return
    form = _filled_in(context, wanted, place)
    sent.check_by(form, _TARGETS)
    wish = form.wish()
    if there and there.settings == wish.settings():
        return
    order_later(row, wish, binding=form.bound_to(), **context.stamp)
    note = _("%(name)s: it is ordered from %(directory)s when it has to be renewed; its page says when, and how that went.")
    context.notes.append(note % {"name": row.name, "directory": wish.directory})


def refuse_to_order_first(wanted: Any, place: str) -> None:
    """Refuse an order for an entry that is not there.

    :raises Invalid: if *wanted* is one
    """
    if wanted and wanted["kind"] == SourceKind.ACME:
        message = _("There is no such certificate yet, and a file orders none: order it on the page, or bring one along.")
        raise Invalid(Fault(place, message))


def shown(source: Source) -> dict[str, Any]:
    """Return a source as a file has it."""
    names = {"names": source.settings["names"].split()} if source.kind == SourceKind.ACME else {}
    return {"kind": source.kind, **source.settings, **names}


def shape_of_order() -> dict[str, making.Shape]:
    """Return what a file may say of orders by ACME."""
    binding = {
        "identifier": making.text(about="That the authority gave you."),
        "key": making.secret("That it gave you with it, in base64. Used once."),
    }
    return {
        "directory": making.text(about="Of an ACME authority that administrators allow."),
        "names": making.texts("Host names or IP addresses to order.") | {"type": ["array", "string"]},
        "challenge": making.text(about="http-01 or dns-01."),
        "key": making.text(choices=[one.value for one in KeyKind]),
        "email": making.text(about="Where the authority writes to."),
        _BINDING: making.record(binding, about="Where the authority ties accounts to its own, for an account that is not there yet."),
    }


@sensitive_variables("key", "said")
def _filled_in(context: Context, wanted: Any, place: str) -> AcmeForm:
    """Return the page's form with what a file says.

    :raises Invalid: if the key is not where the file says
    """
    names, bound = wanted.get("names", []), wanted.get(_BINDING) or {}
    key = context.given.text(bound["key"], f"{place}.{_BINDING}.key") if bound.get("key") else ""
    said = {name: wanted.get(name, "") for name in _ORDER} | {"names": names if isinstance(names, str) else "\n".join(names)}
    said["challenge"] = said["challenge"] or HTTP_01
    said["key"] = said["key"] or KeyKind.EC_P256.value
    return AcmeForm(said | {"binding": bound.get("identifier", ""), "binding_key": key})
