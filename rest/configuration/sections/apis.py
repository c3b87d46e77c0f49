"""APIs of a configuration file, with their settings, security, callers and calls."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apis import actions
from apis.actions import ApiCallers, ApiCalls, ApiSettings
from apis.callers_form import CallersForm
from apis.calls_form import CallsForm
from apis.forms import KEY_HEADER_IN_USE, NOT_OVER_HTTP, TAKEN, SettingsForm
from apis.key_names import is_header_name, is_in_use, is_query_name
from apis.models import Api
from apis.naming import RESERVED_NAMES
from apis.policy.model import DEFAULT_KEY_HEADER
from apis.security_form import SecurityForm
from apis.service_url import is_plain_http
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.document import Document
from rest.configuration.reading import check_new_name
from rest.configuration.secrets.keeping import Nowhere
from rest.configuration.sections import back_ends, credentials, documentation, operations, policies, trust
from rest.configuration.sections.apis_shown import KEY_NAMES, SETTINGS, callers, calls, rows, security, settings, show
from rest.configuration.sections.labels import labels_of
from rest.configuration.sections.section import Section, Target
from rest.configuration.shape import making
from rest.entities.apis import KEPT
from rest.envelope import Fault, Invalid

_SECURITY = (
    *("credentials", "certificate", "username", "validate_certificate_chain", "validate_certificate_name"),
    *("trusted_authority", "trusted_ca", "protocol", "asks_later", "older_servers", *credentials.FIELDS),
)
_CALLERS = ("hosts", "caller_certificate", "caller_authority", "caller_authorities", "caller_identities")


def shape() -> making.Shape:
    """Return what an API may look like."""
    names = {name: making.text(longest=100) for name in KEY_NAMES}
    return making.entry(
        {
            **making.of_form(SettingsForm, SETTINGS),
            **names,
            "back_end": making.text(about="The name of a back end, whose credentials and checks count then; empty: none."),
            "security": making.record({**making.of_form(SecurityForm, _SECURITY), **credentials.shapes()}),
            "callers": making.record(making.of_form(CallersForm, _CALLERS)),
            "calls": making.record(making.of_form(CallsForm, calls(Api()))),
            "policy": policies.shape(),
            "documentation": documentation.shape("What the REST API keeps and gives back: contact, license, protocols …"),
            "operations": making.several(operations.shape()),
        }
    )


def apply(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    """Bring one API to what is *wanted*. Over http no certificate is presented: what would be in the way of the other comes first.

    :raises Invalid: naming what cannot be
    """
    check_new_name(wanted, before, place, RESERVED_NAMES)
    sent = Properties(wanted, within=place)
    _check_key_names(sent)
    api = Api.objects.filter(name=wanted["name"]).first()
    if api and not wanted.get("back_end"):
        api = back_ends.lead(context, api, "", place)
    if api and not api.back_end and is_plain_http(str(wanted.get("service_url", ""))) and not api.is_plain_http:
        _secure(context, api, sent.nested("security"), place)
    api = back_ends.lead(context, _save(context, api, sent, place), wanted.get("back_end", ""), place)
    for change, part in _PARTS:
        change(context, api, sent.nested(part), place)
    if wanted.get("policy", api.document) != api.document:
        api = policies.put_on_api(context, api, wanted["policy"], f"{place}policy")
        if before is None or wanted.get("back_end") != before.get("back_end"):
            api = back_ends.lead(context, api, wanted.get("back_end", ""), place)
        for change, part in _PARTS:  # where both say something new, the settings count
            if before is None or wanted.get(part) != before.get(part):
                change(context, api, sent.nested(part), place)
    _note_security(context, api, wanted, before)
    if "documentation" in wanted:
        documentation.keep(api, wanted["documentation"], KEPT, f"{place}documentation.")
    if "operations" in wanted:
        operations.apply(context, api, wanted["operations"], f"{place}operations")


def _check_key_names(sent: Properties) -> None:
    for name, is_name in (("key_header", is_header_name), ("key_query", is_query_name)):
        if not is_name(sent.text(name, KEY_NAMES[name])):
            sent.refuse(name, _("Callers cannot send a key under this name."))
    if is_in_use(sent.text("key_header", DEFAULT_KEY_HEADER)):
        sent.refuse("key_header", KEY_HEADER_IN_USE)
    sent.check()


def _save(context: Context, api: Api | None, sent: Properties, place: str) -> Api:
    wanted = {name: sent.values[name] for name in (*SETTINGS, *KEY_NAMES) if name in sent.values}
    if api and settings(api) == settings(api) | wanted:
        return api
    typed = {name: wanted[name] for name in SETTINGS if name in wanted}
    form = SettingsForm({"subscription_required": True, **typed}, api=api, url_needed=False)
    sent.check_by(form, {})
    names = {name: wanted.get(name, usual) for name, usual in KEY_NAMES.items()}
    chosen = ApiSettings(**{name: form.cleaned_data[name] for name in SETTINGS}, **names)
    try:
        return actions.change_api(api, chosen, **context.stamp) if api else actions.create_api(sent.values["name"], chosen, **context.stamp)
    except actions.Taken as refusal:
        raise Invalid(Fault(f"{place}{refusal.field}", TAKEN.get(refusal.field, str(refusal)))) from refusal
    except actions.NotOverHttp as refusal:
        raise Invalid(Fault(f"{place}service_url", NOT_OVER_HTTP)) from refusal


def _secure(context: Context, api: Api, given: Properties, place: str) -> None:
    """Change an API's security if it is to be another, or a secret is brought along that is not the stored one."""
    if api.back_end:  # whose security it has
        return
    place = f"{place}security."
    before = security(api, Nowhere())
    wanted = trust.by_entry(before | dict(given.values), before, trust.SECURITY, api.trusted_ca)
    wanted = credentials.settled(wanted)
    secret = credentials.brought(context, wanted, place)
    if all(wanted[name] == before[name] for name in before) and not credentials.is_new(api, wanted, secret):
        return
    form = SecurityForm(credentials.typed(wanted, secret, place), api=api)
    Properties(given.values, within=place).check_by(form, {})
    try:
        actions.secure_api(api, form.chosen(), **context.stamp)
    except actions.NotOverHttp as refusal:
        raise Invalid(Fault(f"{place}credentials", NOT_OVER_HTTP)) from refusal
    api.refresh_from_db()


def _note_security(context: Context, api: Api, wanted: Document, before: Document | None) -> None:
    """Tell of a back end's API that what is said of its security does not count, if that is something new."""
    if api.back_end is None:
        return
    said, there = wanted.get("security", {}), security(api, Nowhere())
    if said != (before or {}).get("security", {}) and any(said.get(name, value) != value for name, value in there.items()):
        note = _("%(api)s has the security of its back end %(back_end)s; what the file says of it does not count.")
        context.notes.append(note % {"api": api.name, "back_end": api.back_end.name})


def _change_callers(context: Context, api: Api, given: Properties, place: str) -> None:
    """Change who may call an API if that is to be somebody else."""
    before = callers(api)
    wanted = trust.by_entry(before | dict(given.values), before, trust.CALLERS, api.caller_authorities)
    if wanted == before:
        return
    form = CallersForm(wanted, api=api)
    Properties(given.values, within=f"{place}callers.").check_by(form, {})
    if (chosen := form.chosen()) != ApiCallers.of(api):  # it may be another spelling only
        actions.change_callers(api, chosen, **context.stamp)


def _change_calls(context: Context, api: Api, given: Properties, place: str) -> None:
    """Change how calls go on to an API's back end if that is to be another way."""
    before = calls(api)
    wanted = before | dict(given.values)
    if wanted == before:
        return
    form = CallsForm(wanted, api=api)
    Properties(given.values, within=f"{place}calls.").check_by(form, {})
    if (chosen := form.chosen()) != ApiCalls.of(api):  # it may be another spelling only
        actions.change_calls(api, chosen, **context.stamp)


def _make_way(context: Context, target: Target) -> None:
    """Give APIs that are to have another path, and have now what another one is to have, a path that nothing else has."""
    paths = {str(entry.get("path", "")).strip("/"): name for name, entry in target.wanted["apis"].items()}
    for row in Api.objects.filter(path__in=list(paths)):
        if paths[row.path] != row.name and target.leaves("apis", row.name, "path", row.path):
            actions.change_api(row, ApiSettings(**settings(row) | {"path": f"parked-by-an-import-{row.pk}"}), **context.stamp)


_PARTS = ((_secure, "security"), (_change_callers, "callers"), (_change_calls, "calls"))


def _delete(row: Api, by: User | None, now: datetime) -> None:
    actions.delete_api(row, by=by, now=now)


def _blank() -> Document:
    usual = Api(caller_authorities="")  # its default is the database's
    return {"security": security(usual, Nowhere()), "callers": callers(usual), "calls": calls(usual), "documentation": {}, "back_end": ""}


APIS = Section(
    name="apis",
    label=gettext_lazy("API"),
    shape=shape,
    rows=rows,
    show=show,
    apply=apply,
    delete=_delete,
    make_way=_make_way,
    blank=_blank,
    touches=lambda name, _apis: [name],
    labels=lambda: labels_of(SettingsForm, SecurityForm, CallersForm, CallsForm) | operations.labels(),
)
