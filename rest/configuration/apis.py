"""APIs of a configuration file, with their security and operations."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apis import actions
from apis.callers_form import CallersForm
from apis.calls_form import CallsForm
from apis.forms import KEY_HEADER_IN_USE, NOT_OVER_HTTP, TAKEN, OperationForm, SettingsForm
from apis.key_names import is_header_name, is_in_use, is_query_name
from apis.models import Api, Operation
from apis.policy.model import DEFAULT_KEY_HEADER, DEFAULT_KEY_QUERY
from apis.security_form import SecurityForm
from apis.views.common import belongs_to
from certificates.sealing import Secret
from rest.bodies import Properties
from rest.configuration import trust
from rest.configuration.document import Document
from rest.configuration.exporting import callers, calls, security
from rest.configuration.exporting import operation as exported_operation
from rest.configuration.reading import Context, entries_of, merged, refuse_other_kinds, refuse_unknown
from rest.configuration.trust import by_entry
from rest.envelope import Fault, Invalid

_SETTINGS = ("display_name", "description", "service_url", "path", "subscription_required")
_KEY_NAMES = {"key_header": DEFAULT_KEY_HEADER, "key_query": DEFAULT_KEY_QUERY}
_SECURITY = (
    *("credentials", "certificate", "username", "password_file"),
    *("validate_certificate_chain", "validate_certificate_name", "trusted_authority", "trusted_ca"),
    *("protocol", "asks_later", "older_servers"),
)
_OPERATION = ("name", "display_name", "method", "url_template", "description")


def apply(context: Context, wanted: Document, before: Document | None, place: str) -> None:
    """Bring one API to what is *wanted*.

    :raises Invalid: naming what cannot be
    """
    sent = refuse_unknown(wanted, ("name", *_SETTINGS, *_KEY_NAMES, "back_end", "security", "callers", "calls", "operations"), place)
    refuse_other_kinds(sent, {"subscription_required": True})
    for name, is_name in (("key_header", is_header_name), ("key_query", is_query_name)):
        if not is_name(sent.text(name, _KEY_NAMES[name])):
            sent.refuse(name, _("Callers cannot send a key under this name."))
    if is_in_use(sent.text("key_header", DEFAULT_KEY_HEADER)):
        sent.refuse("key_header", KEY_HEADER_IN_USE)
    sent.check()
    api = Api.objects.filter(name=wanted["name"]).first()
    names = (*_SETTINGS, *_KEY_NAMES)
    if api is None or before is None or any(wanted[name] != before[name] for name in names):
        form = SettingsForm(
            {"subscription_required": True, **{name: wanted.get(name, "") for name in _SETTINGS if name in wanted}},
            api=api,
            url_needed=False,
        )
        sent.check_by(form, {})
        chosen = actions.ApiSettings(
            **{name: form.cleaned_data[name] for name in _SETTINGS}, **{name: wanted.get(name, usual) for name, usual in _KEY_NAMES.items()}
        )
        api = _save(context, api, chosen, wanted["name"], place)
    if api.back_end and not wanted.get("back_end"):
        context.changes.append(f"~ apis/{api.name}/back_end")
        api = actions.lead_api(api, actions.Lead(), **context.stamp)
    if not wanted.get("back_end"):  # whose security is the back end's
        _secure(context, api, sent.nested("security"), place)
    _change_callers(context, api, sent.nested("callers"), place)
    _change_calls(context, api, sent.nested("calls"), place)
    sent.check()
    if "operations" in wanted:
        _operations(context, api, list(entries_of(wanted["operations"], f"{place}operations")))


def _save(context: Context, api: Api | None, chosen: actions.ApiSettings, name: str, place: str) -> Api:
    context.changes.append(f"{'~' if api else '+'} apis/{name}")
    try:
        return actions.change_api(api, chosen, **context.stamp) if api else actions.create_api(name, chosen, **context.stamp)
    except actions.Taken as refusal:
        raise Invalid(Fault(f"{place}{refusal.field}", TAKEN.get(refusal.field, str(refusal)))) from refusal
    except actions.NotOverHttp as refusal:
        raise Invalid(Fault(f"{place}service_url", NOT_OVER_HTTP)) from refusal


def _secure(context: Context, api: Api, given: Properties, place: str) -> None:
    """Change an API's security if it is to be another, or a password is brought along that is not the stored one."""
    place = f"{place}security."
    before = security(api)
    sent = refuse_unknown(dict(given.values), _SECURITY, place)
    refuse_other_kinds(sent, before)
    sent.check()
    wanted = by_entry(before | dict(given.values), before, trust.SECURITY, api.trusted_ca)
    password = context.password(wanted, place)
    same = all(wanted[name] == before[name] for name in before)
    if same and (not password or api.basic_credentials.opened() == Secret(password.encode("utf-8", "surrogateescape"))):
        return
    form = SecurityForm({**wanted, "password": password}, api=api)
    sent.check_by(form, {})
    context.changes.append(f"~ apis/{api.name}/security")
    try:
        actions.secure_api(api, form.chosen(), **context.stamp)
    except actions.NotOverHttp as refusal:
        raise Invalid(Fault(f"{place}credentials", NOT_OVER_HTTP)) from refusal
    except actions.BelongsToBackEnd as refusal:
        raise Invalid(Fault(f"{place}credentials", belongs_to(refusal))) from refusal


def _change_callers(context: Context, api: Api, given: Properties, place: str) -> None:
    """Change who may call an API if that is to be somebody else."""
    before = callers(api)
    wanted = by_entry(before | dict(given.values), before, trust.CALLERS, api.caller_authorities)
    sent = refuse_unknown(dict(given.values), tuple(before), f"{place}callers.")
    refuse_other_kinds(sent, before)
    sent.check()
    if wanted == before:
        return
    form = CallersForm(wanted, api=api)
    sent.check_by(form, {})
    if (chosen := form.chosen()) != actions.ApiCallers.of(api):  # it may be another spelling only
        context.changes.append(f"~ apis/{api.name}/callers")
        actions.change_callers(api, chosen, **context.stamp)


def _change_calls(context: Context, api: Api, given: Properties, place: str) -> None:
    """Change how calls go on to an API's back end if that is to be another way."""
    before = calls(api)
    wanted = before | dict(given.values)
    sent = refuse_unknown(dict(given.values), tuple(before), f"{place}calls.")
    refuse_other_kinds(sent, before)
    sent.check()
    if wanted == before:
        return
    form = CallsForm(wanted, api=api)
    sent.check_by(form, {})
    if (chosen := form.chosen()) != actions.ApiCalls.of(api):  # it may be another spelling only
        context.changes.append(f"~ apis/{api.name}/calls")
        actions.change_calls(api, chosen, **context.stamp)


def _operations(context: Context, api: Api, entries: list[tuple[str, Document]]) -> None:
    rows = {row.name: row for row in api.operations.all()}
    if context.delete:
        for name in sorted(set(rows) - {entry["name"] for _place, entry in entries}):
            actions.delete_operation(rows[name], **context.stamp)
            context.changes.append(f"- apis/{api.name}/operations/{name}")
    for place, entry in entries:
        _operation(context, api, rows.get(entry["name"]), entry, place)


def _operation(context: Context, api: Api, row: Operation | None, entry: Document, place: str) -> None:
    before = exported_operation(row) if row else None
    wanted = merged(before, entry, place)
    if wanted == before:
        return
    sent = refuse_unknown(wanted, _OPERATION, place)
    form = OperationForm(wanted)
    sent.check_by(form, {})
    context.changes.append(f"{'~' if row else '+'} apis/{api.name}/operations/{wanted['name']}")
    try:
        if row:
            actions.change_operation(row, **form.cleaned_data, **context.stamp)
        else:
            actions.add_operation(api, name=wanted["name"], **form.cleaned_data, **context.stamp)
    except actions.Taken as refusal:
        raise Invalid(Fault(f"{place}{refusal.field}", TAKEN.get(refusal.field, str(refusal)))) from refusal
