"""Putting an API's, an operation's or a subscription's values back: filled into the form of its tab, checked by it, done by its action."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, takewhile
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _

from apis import actions
from apis.callers_form import CallersForm
from apis.calls_form import CallsForm
from apis.credentials.keeping import COLUMNS
from apis.credentials.models import AuthenticationChoice
from apis.forms import NOT_OVER_HTTP, TAKEN, SettingsForm
from apis.history.moments import both_sides, state_now
from apis.history.rewinding import Facts, State
from apis.models import BESIDE_CERTIFICATE, Api, Credentials
from apis.policies.actions import put_api_document
from apis.policies.forms import ApiDocumentForm
from apis.policies.own import rules_now, shown_document
from apis.policy import MASKED_PASSWORD
from apis.security_form import NO_SUCH_CERTIFICATE, SecurityForm
from certificates.authorities.models import AuthorityVersion
from certificates.models import ClientCertificate
from portal.history.restoring import Compared, Refused, Side, valid
from portal.models import Activity, Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PERMISSION = "apis.change_api"
Changed = TypeVar("Changed")
# What belongs together: where one of them changes, all go back.
_GROUPS = (
    ("credentials", "certificate", "username", *COLUMNS),
    ("validate_certificate_chain", "validate_certificate_name"),
    ("cors", "cors_origins", "cors_methods", "cors_headers", "cors_exposed", "cors_max_age", "cors_credentials"),
    ("trusted_authority", "trusted_ca"),
    ("caller_certificate", "caller_authority", "caller_authorities", "caller_identities"),
)
_SECRETS = {"password": (Credentials.BASIC,), "secret": BESIDE_CERTIFICATE}  # by what the log calls them, the credentials they go with
# What is a back end's while an API uses it, by the tab that it stands on.
_OWN = {
    Event.API_SECURED: (*chain.from_iterable(_GROUPS[:2]), "trusted_authority", "trusted_ca", "protocol", "asks_later", "older_servers"),
    Event.API_CALLS_CHANGED: ("connect_seconds",),
}
# What the change of a document writes before its own line.
_BY_DOCUMENTS = frozenset({Event.API_SECURED, Event.API_CHANGED, Event.API_CALLS_CHANGED, Event.API_CALLERS_CHANGED})
_LED = ("service_url", "own_url", "written_url", "back_end")
TEXT_OF = {"trusted_authority": "trusted_ca", "caller_authority": "caller_authorities"}  # by what holds an entry's name
_ADDRESS = {"service_url", "url"}  # what an address that names values comes to
_BY_REST_ALONE = ("key_header", "key_query")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One tab of an API: its form, what stores it, and its page.

    :ivar store: called with the API, what the form has chosen, and ``revision``, ``by`` and ``now``
    """

    form: Callable[..., Any]
    store: Callable[..., Api]
    page: str

    permission = PERMISSION

    def compared(self, line: Activity) -> Compared:
        """Return the values of *line*, what belongs to them, and those of now.

        :raises Refused: if the API is gone, or the log does not tell
        """
        api = api_of(line)
        before, after = both_sides(api, line)
        names, now = with_groups(line.changes), state_now(api).facts or {}
        shown = {"document": shown_document(api)} if "document" in names else {}
        return Compared(
            before=picked(names, before.facts, now) if before.facts is not None else None,
            after=picked(names, after.facts or {}, now) | {name: line.changes[name][1] for name in shown},
            now=picked(names, now, now) | shown,
        )

    def restore(self, line: Activity, side: Side, *, by: User | None, now: datetime) -> str:
        """Put the values of one side back by the tab's action.

        :raises Refused: with the form's sentences, or if a secret would be needed
        """
        api = api_of(line)
        values = self.compared(line).values(side)
        if values is None:
            raise Refused(_("Before this the API was not there. Delete it, if that is what you want."))
        then = both_sides(api, line)[0 if side is Side.BEFORE else 1]
        if "service_url" in values:  # as it was written
            values = {"written_url": (then.facts or {}).get("written_url"), **values}
        refuse_followed(line, values, api.written_url)
        if "document" in values:
            _refuse_document(api, str(values["document"] or ""), line, then=then if side is Side.AFTER else None)
        if not values.get("back_end"):  # whose secrets they are
            refuse_lost(values, then.secrets)
        leaves = api.back_end is not None and not values.get("back_end", api.back_end)
        api = self.put(api, values, by=by, now=now)
        if leaves:
            _put_its_own(api, then.facts or {}, by=by, now=now)
        return reverse(self.page, kwargs={"name": api.name})

    def put(self, api: Api, values: Facts, *, by: User | None, now: datetime) -> Api:
        """Give *api* these values by the tab's action, and return it.

        :raises Refused: with the form's sentences
        """
        form = self.form(filled(self.form(api=api), entry_or_text(values)), api=api)
        chosen = valid(form).chosen()
        if rest := {name: values[name] for name in _BY_REST_ALONE if name in values}:
            chosen = replace(chosen, **rest)
        return with_sentences(lambda: self.store(api, chosen, revision=api.revision, by=by, now=now))


def api_of(line: Activity) -> Api:
    """Return the API that *line* is about.

    :raises Refused: if it is gone
    """
    api = Api.objects.select_related("certificate").filter(pk=line.subject_id).first() if line.subject_id.isdecimal() else None
    if api is None:
        raise Refused(_("The API was deleted. Its keys and passwords went with it, so that it is made anew, not restored."))
    return api


def with_groups(names: Iterable[str], more: Mapping[str, tuple[str, ...]] | None = None) -> list[str]:
    """Return the *names* of fields, with those that belong to them, each once.

    :param more: what belongs to a field, besides what it is on the tabs of APIs
    """
    groups = (
        {name: group for group in _GROUPS for name in group}
        | dict.fromkeys(("own_url", "written_url", "back_end"), _LED)
        | dict(more or {})
    )
    return list(dict.fromkeys(one for name in names if name not in _SECRETS for one in groups.get(name, (name,))))


def picked(names: Iterable[str], then: Facts, now: Facts) -> dict[str, Any]:
    """Return the values of *then*; where an entry is trusted that is trusted now, what it holds now: it holds that wherever it is named."""
    found = {name: then.get(name) for name in names}
    for entry, text in TEXT_OF.items():
        if text in found and found.get(entry) and found[entry] == now.get(entry):
            found[text] = now.get(text)
    return found


def entry_or_text(values: Facts) -> dict[str, Any]:
    """Return *values* as a form takes them: its own address; an authority's entry where the text is a version of it, or else the text."""
    found = dict(values)
    if found.get("own_url") is not None:
        found["service_url"] = found["own_url"]
    if found.get("written_url"):
        found["service_url"] = found["written_url"]
    if "back_end" in found:
        found["back_end"] = found["back_end"] or ""  # which says that there is none
    for entry, text in TEXT_OF.items():
        if text in found:
            is_version = AuthorityVersion.objects.filter(authority__name=found.get(entry) or "", pem=found[text] or "").exists()
            found |= {text: ""} if is_version else {entry: ""}
    return found


def filled(unbound: forms.Form, values: Any) -> dict[str, Any]:
    """Return what a browser would send of a form as it is shown, with *values* filled in."""
    sent = {}
    for name, field in unbound.fields.items():
        value = values[name] if name in values else unbound.get_initial_for_field(field, name)
        if value is not None and value is not False:
            sent[name] = field.prepare_value(value)
    return sent


def with_sentences(change: Callable[[], Changed]) -> Changed:
    """Make a change, and return what it does.

    :raises Refused: with a sentence where the action refuses it
    """
    try:
        return change()
    except actions.EditedMeanwhile as refusal:
        raise Refused(_("Somebody else has just saved it; look again.")) from refusal
    except actions.Taken as refusal:
        raise Refused(TAKEN.get(refusal.field, refusal)) from refusal
    except actions.NotOverHttp as refusal:
        raise Refused(NOT_OVER_HTTP) from refusal
    except actions.BelongsToBackEnd as refusal:
        raise Refused(
            _("Credentials, checks and protocol belong to the back end %(name)s; change them there.") % {"name": refusal.back_end.name}
        ) from refusal
    except actions.PasswordMissing as refusal:
        raise Refused(lost_password()) from refusal
    except ClientCertificate.DoesNotExist as refusal:
        raise Refused(NO_SUCH_CERTIFICATE) from refusal


def _put_its_own(api: Api, then: Facts, *, by: User | None, now: datetime) -> None:
    """Give an API that has left a back end the credentials, checks and times that were its own."""
    for event, names in _OWN.items():
        api = TABS[event].put(api, picked(names, then, state_now(api).facts or {}), by=by, now=now)


def refuse_followed(line: Activity, values: Mapping[str, Any], written: str) -> None:
    """Refuse an address of then that named the values that it names now: what they were is theirs to be put back.

    :param written: the address of now, as it is written
    :raises Refused: with a sentence
    """
    if set(line.changes) <= _ADDRESS and values.get("written_url") and values["written_url"] == written:
        words = _("The address %(written)s has followed what it names. Put that value back, or enter another address.")
        raise Refused(words % {"written": written})


def refuse_lost(values: Mapping[str, Any], secrets: Collection[str]) -> None:
    """Refuse credentials whose password or secret is another one by now, or none.

    :param values: which are to be put back
    :param secrets: which of the secrets have changed since
    :raises Refused: with a sentence
    """
    if values.get("client_authentication") == AuthenticationChoice.CERTIFICATE:  # it has none
        secrets = ()
    lost = {name for name, credentials in _SECRETS.items() if values.get("credentials") in credentials and name in secrets}
    if lost:
        raise Refused(lost_password() if "password" in lost else _lost_secret())


def _refuse_document(api: Api, text: str, line: Activity, *, then: State | None) -> None:
    """Refuse a document that would take away what it never gave, or send the secret of now under the name of then.

    :param then: what the API was after *line*; ``None``: the document is that before it
    :raises Refused: with a sentence
    """
    if then is None:  # the same change may have changed the credentials, in lines of their own
        then = both_sides(api, _first_of_the_change(line))[0]
        if not text.strip() and rules_now(api):  # written before lines held what the editor showed
            raise Refused(_("The log does not tell which settings the API had then, and an empty document would take them all away."))
    known = then.facts or {}
    if MASKED_PASSWORD in text and not known.get("back_end"):  # what a named value holds needs no mask
        refuse_lost({"credentials": known.get("credentials")}, then.secrets)


def _first_of_the_change(line: Activity) -> Activity:
    """Return the first of the lines that the change of a document has written, of which *line* is the last."""
    earlier = Activity.objects.filter(subject_id=line.subject_id, kind=line.kind, at=line.at, id__lt=line.id).order_by("-id")
    first = line
    for one in takewhile(lambda one: one.event in _BY_DOCUMENTS, earlier):
        first = one
    return first


def lost_password() -> str:
    """Return why a password is not put back."""
    return _("The password of then is not kept. Choose HTTP basic under Security and enter it there.")


def _lost_secret() -> str:
    return _("The secret of then is not kept. Choose the credentials under Security and enter it there.")


TABS = {
    Event.API_CREATED: Tab(form=SettingsForm, store=actions.change_api, page="apis:settings"),
    Event.API_CHANGED: Tab(form=SettingsForm, store=actions.change_api, page="apis:settings"),
    Event.API_SECURED: Tab(form=SecurityForm, store=actions.secure_api, page="apis:security"),
    Event.API_CALLERS_CHANGED: Tab(form=CallersForm, store=actions.change_callers, page="apis:callers"),
    Event.API_POLICY_CHANGED: Tab(form=ApiDocumentForm, store=put_api_document, page="apis:policy"),
    Event.API_CALLS_CHANGED: Tab(form=CallsForm, store=actions.change_calls, page="apis:calls"),
}
