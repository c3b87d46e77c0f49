"""Back ends of a configuration file: where they are, how calls are shared, and how the gateway proves itself there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apis import actions as api_actions
from apis.actions import NotOverHttp
from apis.backends import actions
from apis.backends.actions import BackEndSettings
from apis.backends.addresses import as_text
from apis.backends.forms import BackEndForm
from apis.backends.models import BackEnd, BackEndPassword
from apis.forms import NOT_OVER_HTTP
from apis.models import Api, Credentials
from certificates.sealing import Secret
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.reading import check_new_name
from rest.configuration.secrets.keeping import Keeper, Nowhere
from rest.configuration.sections.labels import labels_of
from rest.configuration.sections.section import Section, Target
from rest.configuration.shape import making
from rest.envelope import Fault, Invalid

_TEXTS = ("title", "description", "credentials", "protocol", "health_path")
_FLAGS = ("validate_certificate_chain", "validate_certificate_name", "asks_later", "older_servers", "by_url")
_NUMBERS = ("connect_seconds", "health_seconds", "eject_after", "eject_seconds", "most_connections", "most_waiting", "most_calls")
_NAMED = ("certificate", "username", "trusted_authority", "trusted_ca")
_MEMBER = ("member", "weight", "priority")


def lead(context: Context, api: Api, name: str, place: str) -> Api:
    """Return *api* once it uses the back end of this *name*; empty: none any more.

    :raises Invalid: if there is no such back end, or its calls cannot go there
    """
    if name == (api.back_end.name if api.back_end else ""):
        return api
    row = BackEnd.objects.filter(name=name).first()
    if name and row is None:
        raise Invalid(Fault(f"{place}back_end", _("There is no back end %(named)s.") % {"named": name}))
    try:
        return api_actions.lead_api(api, api_actions.Lead(back_end=row), **context.stamp)
    except NotOverHttp as refusal:
        raise Invalid(Fault(f"{place}back_end", NOT_OVER_HTTP)) from refusal


def _shape() -> making.Shape:
    whole = {"weight": making.whole(least=1, most=1000), "priority": making.whole(least=0, most=100)}
    members = making.several(making.record({"member": making.text(), **whole}, needed=["member"]), "A pool: other entries share the calls.")
    passwords = {"password": making.secret("Of HTTP basic."), "password_file": making.text(about="The same, as a file's name.")}
    addresses = making.texts("Where there are several: each a URL, and behind it weight=… and priority=…, if need be.")
    urls = {name: making.text(longest=2000) for name in ("url", "spelled_url")}
    fields = making.of_form(BackEndForm, (*_TEXTS, *_FLAGS, *_NUMBERS, *_NAMED))
    return making.entry({**urls, "addresses": addresses, "members": members, **fields, **passwords})


def _rows() -> list[BackEnd]:
    """Return all of them, pools behind their members."""
    rows = BackEnd.objects.select_related("certificate", "trusted_authority", "password").order_by("name")
    return sorted(rows, key=lambda row: row.is_pool)


def _show(row: BackEnd, keeper: Keeper) -> Document:
    basic: BackEndPassword | None = getattr(row, "password", None)
    password = keeper.keep(f"backends/{row.name}/password", basic.pk, basic.opened) if basic else None
    members = [{name: one.get(name, usual) for name, usual in zip(_MEMBER, ("", 1, 0), strict=True)} for one in row.addresses]
    return {
        **{name: getattr(row, name) for name in ("name", "url", "spelled_url", *_TEXTS, *_FLAGS, *_NUMBERS)},
        "addresses": as_text(row.addresses).splitlines() if row.addresses and not row.is_pool else [],
        **({"members": members} if row.is_pool else {}),
        "credentials": row.proves_itself_by.value,
        "certificate": row.certificate.name if row.certificate else "",
        "username": basic.username if basic else "",
        **({"password": password} if password else {}),
        "trusted_authority": row.trusted_authority.name if row.trusted_authority else "",
        "trusted_ca": "" if row.trusted_authority else row.trusted_ca,
    }


def _apply(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    check_new_name(wanted, before, place)
    wanted = _blank() | _without_stale_addresses(wanted, before)
    row = BackEnd.objects.filter(name=wanted["name"]).first()
    password = context.password(wanted, place) if _proof(wanted) == Credentials.BASIC else None
    if before == wanted and not _is_new(row, password):
        return
    form = BackEndForm(_as_typed(wanted, password), back_end=row)
    form.fields.pop("name", None)
    if wanted.get("members"):
        form.fields["addresses"].required = False
    Properties(wanted, within=place).check_by(form, {} if wanted["addresses"] else {"addresses": "url"})
    _save(context, row, wanted, _as_chosen(form, wanted), place)


def _without_stale_addresses(wanted: Document, before: Document | None) -> Document:
    """Return what is wanted; another URL alone is all of the addresses there are."""
    moved = before is not None and wanted.get("url") != before["url"] and wanted.get("addresses") == before["addresses"]
    return {**wanted, "addresses": []} if moved else wanted


def _is_new(row: BackEnd | None, password: Secret | None) -> bool:
    kept: BackEndPassword | None = getattr(row, "password", None)
    return password is not None and (kept is None or kept.opened() != password)


def _proof(wanted: Document) -> str:
    """Return how the gateway proves itself; a certificate alone says that it is that."""
    return Credentials.CLIENT_CERTIFICATE.value if wanted["certificate"] else str(wanted["credentials"])


def _as_typed(wanted: Document, password: Secret | None) -> Document:
    addresses = "\n".join(wanted["addresses"] or [str(wanted["url"])])
    typed = password.value.decode("utf-8", "surrogateescape") if password else ""
    return {**wanted, "addresses": addresses, "credentials": _proof(wanted), "password": typed}


def _as_chosen(form: BackEndForm, wanted: Document) -> BackEndSettings:
    if members := wanted.get("members"):
        urls = dict(BackEnd.objects.values_list("name", "url"))
        rows = tuple({"weight": 1, "priority": 0, **one, "url": urls.get(one["member"], "")} for one in members)
        url = rows[0]["url"]
        form.cleaned_data.setdefault("lines", [])
        return replace(form.chosen_settings(), url=url, addresses=rows)
    chosen = form.chosen_settings()
    same = chosen.url == str(wanted["url"])
    return replace(chosen, spelled_url=str(wanted["spelled_url"]) if same else chosen.spelled_url)


def _save(context: Context, row: BackEnd | None, wanted: Document, chosen: BackEndSettings, place: str) -> None:
    try:
        if row:
            actions.change_back_end(row, chosen, **context.stamp)
        else:
            actions.create_back_end(wanted["name"], chosen, **context.stamp)
    except NotOverHttp as refusal:
        raise Invalid(Fault(f"{place}certificate", NOT_OVER_HTTP)) from refusal
    except actions.MembersDiffer as refusal:
        raise Invalid(Fault(f"{place}members", str(refusal))) from refusal


def _make_way(context: Context, target: Target) -> None:
    """Let go of back ends that go, where the APIs that use them are to use another one."""
    for api in Api.objects.filter(back_end__name__in=target.goes["backends"]).select_related("back_end"):
        assert api.back_end is not None  # noqa: S101 - by this it was found
        if target.leaves("apis", api.name, "back_end", api.back_end.name):
            api_actions.lead_api(api, api_actions.Lead(), **context.stamp)


def _delete(row: BackEnd, by: User | None, now: datetime) -> None:
    try:
        actions.delete_back_end(row, by=by, now=now)
    except actions.InUse as refusal:
        raise Invalid(Fault(f"backends.{row.name}", str(refusal))) from refusal


def _blank() -> Document:
    return {name: value for name, value in _show(BackEnd(by_url=False), Nowhere()).items() if name not in {"name", "url"}}


BACKENDS = Section(
    name="backends",
    label=gettext_lazy("Back end"),
    shape=_shape,
    rows=_rows,
    show=_show,
    apply=_apply,
    delete=_delete,
    make_way=_make_way,
    blank=_blank,
    labels=lambda: labels_of(BackEndForm),
    touches=lambda name, apis: [str(api["name"]) for api in apis if api.get("back_end") == name],
    goes_first=True,  # APIs at its URL go back to the usual settings then; what a file says of them comes after
    order=lambda entry: "members" in entry,  # pools behind their members
)
