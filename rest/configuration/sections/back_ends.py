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
from apis.backends.forms import NAME_TAKEN, BackEndForm
from apis.backends.models import BackEnd, BackEndPassword
from apis.forms import NOT_OVER_HTTP
from apis.models import BESIDE_CERTIFICATE, Api, Credentials
from certificates.sealing import Secret
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.reading import check_new_name
from rest.configuration.secrets.keeping import Keeper, Nowhere
from rest.configuration.sections import credentials, pools
from rest.configuration.sections.labels import labels_of
from rest.configuration.sections.section import Section, Target
from rest.configuration.shape import making
from rest.entities.backends import MEMBERS_DIFFER
from rest.envelope import Fault, Invalid

_TEXTS = ("title", "description", "credentials", "protocol", "health_path")
_FLAGS = ("validate_certificate_chain", "validate_certificate_name", "asks_later", "older_servers", "by_url")
_NUMBERS = ("connect_seconds", "health_seconds", "eject_after", "eject_seconds", "most_connections", "most_waiting", "most_calls")
_NAMED = ("certificate", "username", "trusted_authority", "trusted_ca", *credentials.FIELDS)


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
    addresses = making.texts("Where there are several: each a URL, and behind it weight=… and priority=…, if need be.")
    urls = {name: making.text(longest=2000) for name in ("url", "spelled_url")}
    fields = making.of_form(BackEndForm, (*_TEXTS, *_FLAGS, *_NUMBERS, *_NAMED))
    return making.entry({**urls, "addresses": addresses, "members": pools.members_shape(), **fields, **credentials.shapes()})


def _rows() -> list[BackEnd]:
    """Return all of them, pools behind their members."""
    rows = BackEnd.objects.select_related(
        "certificate", "trusted_authority", "password", "sharedsecret", "oauthclient__token_authority"
    ).order_by("name")
    return sorted(rows, key=lambda row: row.is_pool)


def _show(row: BackEnd, keeper: Keeper) -> Document:
    if row.is_pool:
        return pools.show(row)
    place = f"backends/{row.name}"
    basic: BackEndPassword | None = getattr(row, "password", None)
    return {
        **{name: getattr(row, name) for name in ("name", *_TEXTS, *_FLAGS, *_NUMBERS)},
        "url": row.written_url,
        "spelled_url": "" if row.written_url != row.url else row.spelled_url,
        "addresses": as_text(row.addresses).splitlines(),
        "credentials": row.proves_itself_by.value,
        "certificate": row.certificate.name if row.certificate else "",
        "username": basic.shown_username if basic else "",
        **(credentials.password(basic, keeper, place) if basic else {}),
        **credentials.shown(row, keeper, place),
        "trusted_authority": row.trusted_authority.name if row.trusted_authority else "",
        "trusted_ca": "" if row.trusted_authority else row.trusted_ca,
    }


def _apply(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    check_new_name(wanted, before, place)
    if before is None and BackEnd.objects.filter(name__iexact=wanted["name"]).exists():
        raise Invalid(Fault(f"{place}name", NAME_TAKEN))
    row = BackEnd.objects.filter(name=wanted["name"]).first()
    if wanted.get("members"):
        pools.check_own(wanted, _blank() | (before or {}), place)
        if wanted != before:
            _save(context, row, wanted, pools.chosen(wanted, row, place), place)
        return
    wanted = credentials.settled(_settled(_blank() | wanted, before))
    secret = credentials.brought(context, wanted, place)
    secret = secret if credentials.is_new(row, wanted, secret) else None
    if secret or before is None or any(wanted[name] != value for name, value in before.items()):
        _save(context, row, wanted, _chosen(wanted, before, row, secret, place), place)


def _settled(wanted: Document, before: Document | None) -> Document:
    """Return what is wanted without what another value of the file has done away with: another URL alone is all of the addresses."""
    moved = before is not None and wanted.get("url") != before.get("url") and wanted["addresses"] == before.get("addresses")
    proof = _proof(wanted, _blank() | (before or {}))
    certificate = wanted["certificate"] if proof in {Credentials.CLIENT_CERTIFICATE, *BESIDE_CERTIFICATE} else ""
    return {**wanted, "addresses": [] if moved else wanted["addresses"], "credentials": proof, "certificate": certificate}


def _proof(wanted: Document, before: Document) -> str:
    """Return how the gateway proves itself; another certificate alone, or none any more, says that as well."""
    said = wanted["credentials"]
    if said != before["credentials"] or wanted["certificate"] == before["certificate"] or said in BESIDE_CERTIFICATE:
        return str(wanted["credentials"])
    if wanted["certificate"]:
        return Credentials.CLIENT_CERTIFICATE.value
    is_certificate = wanted["credentials"] == Credentials.CLIENT_CERTIFICATE
    return Credentials.NONE.value if is_certificate else str(wanted["credentials"])


def _chosen(wanted: Document, before: Document | None, row: BackEnd | None, secret: Secret | None, place: str) -> BackEndSettings:
    """Return the settings of a back end that is no pool.

    :raises Invalid: naming what cannot be
    """
    url = str(wanted.get("url", ""))
    single = BackEnd(pk=row.pk) if row and row.is_pool else row  # what a pool has of its members is none of its own
    form = BackEndForm(_as_typed(wanted, url, secret, place), back_end=single)
    form.fields.pop("name", None)
    Properties(wanted, within=place).check_by(form, {} if wanted["addresses"] else {"addresses": "url"})
    chosen = form.chosen_settings()
    is_said = bool(url) and (before is None or url != before.get("url"))
    if is_said and wanted["addresses"] and url.rstrip("/") not in {chosen.url, form.cleaned_data["addresses"].split()[0].rstrip("/")}:
        raise Invalid(Fault(f"{place}url", _("This is not the first of the addresses. Leave out one of the two, or let them be the same.")))
    return replace(chosen, spelled_url=str(wanted["spelled_url"])) if chosen.url == url else chosen


def _as_typed(wanted: Document, url: str, secret: Secret | None, place: str) -> Document:
    return {**credentials.typed(wanted, secret, place), "addresses": "\n".join(wanted["addresses"] or [url])}


def _save(context: Context, row: BackEnd | None, wanted: Document, chosen: BackEndSettings, place: str) -> None:
    try:
        if row:
            actions.change_back_end(row, chosen, pools_follow=False, **context.stamp)
        else:
            actions.create_back_end(wanted["name"], chosen, **context.stamp)
    except NotOverHttp as refusal:
        raise Invalid(Fault(f"{place}certificate", NOT_OVER_HTTP)) from refusal
    except actions.MembersDiffer as refusal:
        raise Invalid(Fault(f"{place}members", MEMBERS_DIFFER % {"pool": refusal.pool})) from refusal


def _complete(context: Context, wanted: Document, _place: str) -> None:
    """Let the pools of a back end follow, now that all of their members are what they are to be."""
    try:
        actions.follow(BackEnd.objects.get(name=wanted["name"]), **context.stamp)
    except actions.MembersDiffer as refusal:
        raise Invalid(Fault(f"backends.{refusal.pool}.members", MEMBERS_DIFFER % {"pool": refusal.pool})) from refusal


def _make_way(context: Context, target: Target) -> None:
    """Let go of back ends that go, where the APIs that use them are to use another one, and pools to have other members."""
    for api in Api.objects.filter(back_end__name__in=target.goes["backends"]).select_related("back_end"):
        assert api.back_end is not None  # noqa: S101 - by this it was found
        if target.leaves("apis", api.name, "back_end", api.back_end.name):
            api_actions.lead_api(api, api_actions.Lead(), **context.stamp)
    for pool in BackEnd.objects.filter(name__in=target.wanted["backends"]):
        if target.goes["backends"].intersection(pool.members):
            actions.change_back_end(pool, replace(BackEndSettings.of(pool), addresses=()), pools_follow=False, **context.stamp)


def _delete(row: BackEnd, by: User | None, now: datetime) -> None:
    try:
        actions.delete_back_end(row, by=by, now=now)
    except actions.InUse as refusal:
        names = ", ".join([*(api.name for api in refusal.apis), *(pool.name for pool in refusal.pools)])
        sentence = _("These use the back end: %(names)s. Let them use another one first.") % {"names": names}
        raise Invalid(Fault(f"backends.{row.name}", sentence)) from refusal


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
    complete=_complete,
    blank=_blank,
    labels=lambda: labels_of(BackEndForm),
    touches=lambda name, apis: [str(api["name"]) for api in apis if api.get("back_end") == name],
    goes_first=True,  # APIs at its URL go back to the usual settings then; what a file says of them comes after
    order=lambda entry: bool(entry.get("members")),  # pools behind their members
)
