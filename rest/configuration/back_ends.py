"""Back ends of a configuration file, and the APIs that use them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from apis import actions as api_actions
from apis.actions import NotOverHttp
from apis.backends import actions
from apis.backends.actions import BackEndSettings
from apis.backends.addresses import as_text
from apis.backends.forms import BackEndForm
from apis.backends.models import BackEnd, BackEndPassword
from apis.forms import NOT_OVER_HTTP
from apis.models import Api, Credentials
from rest.configuration.document import Document
from rest.configuration.reading import Context, refuse_other_kinds, refuse_unknown
from rest.envelope import Fault, Invalid

_TEXTS = ("title", "description", "credentials", "protocol", "health_path")
_FLAGS = ("validate_certificate_chain", "validate_certificate_name", "asks_later", "older_servers", "by_url")
_NUMBERS = ("connect_seconds", "health_seconds", "eject_after", "eject_seconds", "most_connections", "most_waiting", "most_calls")
_MEMBER = ("member", "weight", "priority")


def shown(row: BackEnd) -> Document:
    """Return a back end; instead of a password a file names ``password_file``."""
    basic = BackEndPassword.objects.filter(back_end=row).only("username").first() if row.pk else None
    members = {"members": [{name: one[name] for name in _MEMBER} for one in row.addresses]} if row.is_pool else {}
    return {
        "name": row.name,
        "url": row.url,
        "addresses": as_text(row.addresses).splitlines() if row.addresses and not row.is_pool else [],
        **members,
        **{name: getattr(row, name) for name in (*_TEXTS, *_FLAGS, *_NUMBERS)},
        "credentials": row.proves_itself_by.value,
        "certificate": row.certificate.name if row.certificate else "",
        "username": basic.username if basic else "",
        "trusted_authority": row.trusted_authority.name if row.trusted_authority else "",
        "trusted_ca": "" if row.trusted_authority else row.trusted_ca,
    }


def apply(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    """Create or change a back end.

    :raises Invalid: naming what cannot be
    """
    usual = shown(BackEnd(name=wanted["name"]))
    sent = refuse_unknown(wanted, (*usual, "members", "password_file"), place)
    refuse_other_kinds(sent, {name: usual[name] for name in (*_TEXTS, *_FLAGS, "addresses")})
    sent.check()
    row = BackEnd.objects.filter(name=wanted["name"]).first()
    password = context.password(wanted, place)
    if before and all(wanted[name] == before[name] for name in before) and not password:
        return
    form = BackEndForm(_as_sent(usual | wanted, password), back_end=row)
    form.fields.pop("name", None)
    sent.check_by(form, {} if wanted.get("addresses") else {"addresses": "url"})
    context.changes.append(f"{'~' if row else '+'} backends/{wanted['name']}")
    _save(context, row, wanted["name"], _with_members(form.chosen_settings(), wanted), place)


def _as_sent(wanted: Document, password: str) -> dict[str, Any]:
    """Return what the form of a back end would send."""
    presents = Credentials.CLIENT_CERTIFICATE.value if wanted["certificate"] else wanted["credentials"]
    addresses = "\n".join(wanted["addresses"] or [str(wanted["url"])])
    return {**wanted, "addresses": addresses, "credentials": presents, "password": password}


def _with_members(chosen: BackEndSettings, wanted: Document) -> BackEndSettings:
    if not (members := wanted.get("members")):
        return chosen
    urls = dict(BackEnd.objects.values_list("name", "url"))
    return replace(chosen, addresses=tuple({**one, "url": urls.get(one["member"], "")} for one in members))


def _save(context: Context, row: BackEnd | None, name: str, chosen: BackEndSettings, place: str) -> None:
    try:
        if row:
            actions.change_back_end(row, chosen, **context.stamp)
        else:
            actions.create_back_end(name, chosen, **context.stamp)
    except NotOverHttp as refusal:
        raise Invalid(Fault(f"{place}certificate", NOT_OVER_HTTP)) from refusal
    except actions.MembersDiffer as refusal:
        raise Invalid(Fault(f"{place}members", str(refusal))) from refusal


def lead(context: Context, wanted: Document, place: str) -> None:
    """Let an API use the back end that its entry names; nothing happens where it names none.

    :raises Invalid: if there is no such back end
    """
    if not (name := wanted.get("back_end")):
        return
    api, row = Api.objects.get(name=wanted["name"]), BackEnd.objects.filter(name=name).first()
    if row is None:
        raise Invalid(Fault(f"{place}back_end", _("There is no back end %(named)s.") % {"named": name}))
    if api.back_end != row:
        context.changes.append(f"~ apis/{api.name}/back_end")
        api_actions.lead_api(api, api_actions.Lead(back_end=row), **context.stamp)
