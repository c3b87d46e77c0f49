"""The activity log in words: one sentence per event, and the facts that belong to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.history.words import Change, changes_of, moment, whole
from portal.models import Activity, Event
from portal.roles import Role
from portal.subjects import KINDS, addresses

SENTENCES: dict[Event, str | Promise] = {
    Event.CERTIFICATE_UPLOADED: gettext_lazy("{who} uploaded the certificate {subject}"),
    Event.CERTIFICATE_REPLACED: gettext_lazy("{who} replaced the certificate {subject}"),
    Event.CERTIFICATE_ROLLED_BACK: gettext_lazy("{who} rolled back the certificate {subject}"),
    Event.CERTIFICATE_DELETED: gettext_lazy("{who} deleted the certificate {subject}"),
    Event.CERTIFICATE_PROPOSED: gettext_lazy("{who} proposed a version of the certificate {subject}"),
    Event.CERTIFICATE_PLANNED: gettext_lazy("{who} planned a switch of the certificate {subject}"),
    Event.CERTIFICATE_DISCARDED: gettext_lazy("{who} discarded the proposed version of the certificate {subject}"),
    Event.CERTIFICATE_RULES_CHANGED: gettext_lazy("{who} changed how the certificate {subject} is switched"),
    Event.CERTIFICATE_KEY_DESTROYED: gettext_lazy("{who} destroyed a private key of the certificate {subject}"),
    Event.CERTIFICATE_CANARY_BEGAN: gettext_lazy("{who} gave a new version of the certificate {subject} to its canary"),
    Event.CERTIFICATE_PUT_BACK: gettext_lazy("{who} put the version before of the certificate {subject} back"),
    Event.CERTIFICATE_MOVE_PLANNED: gettext_lazy("{who} planned to move APIs to the certificate {subject}"),
    Event.CERTIFICATE_MOVE_DISCARDED: gettext_lazy("{who} discarded the planned move of APIs to the certificate {subject}"),
    Event.CERTIFICATE_APIS_MOVED: gettext_lazy("{who} moved APIs to the certificate {subject}"),
    Event.CERTIFICATE_APIS_STAY: gettext_lazy("{who} let APIs stay with an earlier version of the certificate {subject}"),
    Event.SERVER_CERTIFICATE_UPLOADED: gettext_lazy("{who} uploaded the server certificate {subject}"),
    Event.SERVER_CERTIFICATE_REPLACED: gettext_lazy("{who} replaced the server certificate {subject}"),
    Event.SERVER_CERTIFICATE_ROLLED_BACK: gettext_lazy("{who} rolled back the server certificate {subject}"),
    Event.SERVER_CERTIFICATE_DELETED: gettext_lazy("{who} deleted the server certificate {subject}"),
    Event.SIGNING_REQUEST_MADE: gettext_lazy("{who} made a key and a signing request for {subject}"),
    Event.SIGNING_REQUEST_DISCARDED: gettext_lazy("{who} discarded the signing request for {subject}"),
    Event.CERTIFICATE_SOURCE_SET: gettext_lazy("{who} set where the certificate {subject} renews itself from"),
    Event.CERTIFICATE_SOURCE_REMOVED: gettext_lazy("{who} stopped the certificate {subject} from renewing itself"),
    Event.SERVER_CERTIFICATE_SOURCE_SET: gettext_lazy("{who} set where the server certificate {subject} renews itself from"),
    Event.SERVER_CERTIFICATE_SOURCE_REMOVED: gettext_lazy("{who} stopped the server certificate {subject} from renewing itself"),
    Event.SERVER_CERTIFICATE_PROPOSED: gettext_lazy("{who} proposed a version of the server certificate {subject}"),
    Event.SERVER_CERTIFICATE_PLANNED: gettext_lazy("{who} planned a switch of the server certificate {subject}"),
    Event.SERVER_CERTIFICATE_DISCARDED: gettext_lazy("{who} discarded the proposed version of the server certificate {subject}"),
    Event.SERVER_CERTIFICATE_RULES_CHANGED: gettext_lazy("{who} changed how the server certificate {subject} is switched"),
    Event.SERVER_CERTIFICATE_KEY_DESTROYED: gettext_lazy("{who} destroyed a private key of the server certificate {subject}"),
    Event.AUTHORITY_ADDED: gettext_lazy("{who} added the trusted authority {subject}"),
    Event.AUTHORITY_REPLACED: gettext_lazy("{who} replaced the trusted authority {subject}"),
    Event.AUTHORITY_ROLLED_BACK: gettext_lazy("{who} rolled back the trusted authority {subject}"),
    Event.AUTHORITY_DELETED: gettext_lazy("{who} deleted the trusted authority {subject}"),
    Event.AUTHORITY_PROPOSED: gettext_lazy("{who} proposed a version of the trusted authority {subject}"),
    Event.AUTHORITY_PLANNED: gettext_lazy("{who} planned a switch of the trusted authority {subject}"),
    Event.AUTHORITY_DISCARDED: gettext_lazy("{who} discarded the proposed version of the trusted authority {subject}"),
    Event.API_CREATED: gettext_lazy("{who} added the API {subject}"),
    Event.API_CHANGED: gettext_lazy("{who} changed the settings of the API {subject}"),
    Event.API_POLICY_CHANGED: gettext_lazy("{who} changed the policy of the API {subject}"),
    Event.API_CALLS_CHANGED: gettext_lazy("{who} changed how calls of the API {subject} go on"),
    Event.API_CALLERS_CHANGED: gettext_lazy("{who} changed who may call the API {subject}"),
    Event.API_SECURED: gettext_lazy("{who} changed the security of the API {subject}"),
    Event.API_DELETED: gettext_lazy("{who} deleted the API {subject}"),
    Event.OPERATION_ADDED: gettext_lazy("{who} added an operation to the API {subject}"),
    Event.OPERATION_CHANGED: gettext_lazy("{who} changed an operation of the API {subject}"),
    Event.OPERATION_DELETED: gettext_lazy("{who} deleted an operation of the API {subject}"),
    Event.API_IMPORTED: gettext_lazy("{who} imported the operations of the API {subject} from a document"),
    Event.SUBSCRIPTION_CREATED: gettext_lazy("{who} added the subscription {subject}"),
    Event.SUBSCRIPTION_CHANGED: gettext_lazy("{who} changed the subscription {subject}"),
    Event.SUBSCRIPTION_SUSPENDED: gettext_lazy("{who} suspended the subscription {subject}"),
    Event.SUBSCRIPTION_ACTIVATED: gettext_lazy("{who} activated the subscription {subject}"),
    Event.SUBSCRIPTION_KEY_SHOWN: gettext_lazy("{who} looked at the keys of the subscription {subject}"),
    Event.SUBSCRIPTION_KEY_REGENERATED: gettext_lazy("{who} regenerated a key of the subscription {subject}"),
    Event.SUBSCRIPTION_DELETED: gettext_lazy("{who} deleted the subscription {subject}"),
    Event.GATEWAY_ADDED: gettext_lazy("{who} added the gateway {subject}"),
    Event.GATEWAY_REMOVED: gettext_lazy("{who} removed the gateway {subject}"),
    Event.GATEWAY_RENEWED: gettext_lazy("{who} renewed the certificate of the gateway {subject}"),
    Event.GATEWAY_CERTIFICATE_USED: gettext_lazy("{who} retired the old certificate of the gateway {subject}: it uses the new one"),
    Event.TOKEN_CREATED: gettext_lazy("{who} created the access token {subject}"),
    Event.TOKEN_REVOKED: gettext_lazy("{who} revoked the access token {subject}"),
    Event.TOKEN_KEYS_SHOWN: gettext_lazy("{who} looked at the keys of the shared access {subject}"),
    Event.TOKEN_KEY_REGENERATED: gettext_lazy("{who} regenerated a key of the shared access {subject}"),
    Event.POLICY_CHANGED: gettext_lazy("{who} changed the policy of all APIs"),
    Event.NAMED_VALUE_CREATED: gettext_lazy("{who} added the named value {subject}"),
    Event.NAMED_VALUE_CHANGED: gettext_lazy("{who} changed the named value {subject}"),
    Event.NAMED_VALUE_DELETED: gettext_lazy("{who} deleted the named value {subject}"),
    Event.NAMED_VALUE_SHOWN: gettext_lazy("{who} looked at the secret named value {subject}"),
    Event.BACKEND_CREATED: gettext_lazy("{who} added the back end {subject}"),
    Event.BACKEND_CHANGED: gettext_lazy("{who} changed the back end {subject}"),
    Event.BACKEND_DELETED: gettext_lazy("{who} deleted the back end {subject}"),
    Event.SIGN_IN_LOCK_LIFTED: gettext_lazy("{who} opened a closed sign-in again: {subject}"),
    Event.SECOND_FACTOR_ADDED: gettext_lazy("{who} set up a second factor for {subject}"),
    Event.SECOND_FACTOR_REMOVED: gettext_lazy("{who} removed a second factor of {subject}"),
    Event.SECOND_FACTOR_RESET: gettext_lazy("{who} took away the second factors of {subject}"),
    Event.SECOND_FACTOR_DEMANDED: gettext_lazy("{who} changed whose role has to have a second factor: {subject}"),
    Event.RECOVERY_CODES_MADE: gettext_lazy("{who} made recovery codes for {subject}"),
    Event.PERSON_INVITED: gettext_lazy("{who} invited {subject}"),
    Event.INVITATION_WITHDRAWN: gettext_lazy("{who} withdrew the invitation of {subject}"),
    Event.PERSON_JOINED: gettext_lazy("{who} accepted the invitation"),
    Event.PERSON_ADDED: gettext_lazy("{who} added {subject}"),
    Event.PERSON_CHANGED: gettext_lazy("{who} changed the name or e-mail address of {subject}"),
    Event.PERSON_ROLE_CHANGED: gettext_lazy("{who} changed the role of {subject}"),
    Event.PERSON_SUPERUSER_GIVEN: gettext_lazy("{who} made {subject} a superuser"),
    Event.PERSON_SUPERUSER_TAKEN: gettext_lazy("{who} took the superuser status from {subject}"),
    Event.PERSON_DEACTIVATED: gettext_lazy("{who} deactivated {subject}"),
    Event.PERSON_ACTIVATED: gettext_lazy("{who} activated {subject}"),
    Event.PASSWORD_LINK_MADE: gettext_lazy("{who} made a link for a new password of {subject}"),
    Event.PERSON_PASSWORD_SET: gettext_lazy("{who} set the password of {subject}"),
    Event.SESSIONS_ENDED: gettext_lazy("{who} signed {subject} out everywhere"),
    Event.PERSON_DELETED: gettext_lazy("{who} deleted {subject}"),
    Event.COMPANY_ACCOUNT_MADE: gettext_lazy("{who} added {subject}, who signed in with a company account for the first time"),
    Event.COMPANY_ROLE_TAKEN: gettext_lazy("{who} gave {subject} the role that the company account has now"),
    Event.ENCRYPTION_REWRAPPED: gettext_lazy("{who} rotated the encryption keys"),
    Event.DATABASE_BACKED_UP: gettext_lazy("{who} made a backup"),
    Event.DATABASE_RESTORED: gettext_lazy("{who} restored a backup: {subject}"),
    Event.DATABASE_BEGUN: gettext_lazy("{who} began anew without data"),
    Event.CHANNEL_ADDED: gettext_lazy("{who} added the channel {subject} for notices"),
    Event.CHANNEL_CHANGED: gettext_lazy("{who} changed the channel {subject} for notices"),
    Event.CHANNEL_DELETED: gettext_lazy("{who} deleted the channel {subject} for notices"),
    Event.NOTICES_SCHEDULED: gettext_lazy("{who} changed when notices are sent"),
    Event.CONTACT_ADDED: gettext_lazy("{who} had somebody else told of {subject}"),
    Event.CONTACT_REMOVED: gettext_lazy("{who} had somebody no longer told of {subject}"),
    Event.NOTICE_ACKNOWLEDGED: gettext_lazy("{who} acknowledged the notices about {subject}"),
    Event.NOTICE_RESUMED: gettext_lazy("{who} wants to be told of {subject} again"),
    Event.SIGN_IN_SUCCEEDED: gettext_lazy("{who} signed in"),
    Event.SIGN_IN_ENDED: gettext_lazy("{who} signed out"),
    Event.SIGN_IN_FAILED: gettext_lazy("Somebody failed to sign in as {subject}"),
    Event.SIGN_IN_CLOSED: gettext_lazy("Too many failures have closed signing in for {subject}"),
    Event.TOKEN_USED: gettext_lazy("The access token {subject} is used for {who} (told once a day)"),
    Event.TOKEN_FAILED: gettext_lazy("Somebody called with a wrong access token"),
    Event.ACCESS_REFUSED: gettext_lazy("{who} was refused {subject}"),
    Event.CONFIGURATION_EXPORTED: gettext_lazy("{who} exported the configuration"),
    Event.LOG_EXPORTED: gettext_lazy("{who} exported the activity log"),
    Event.LOG_TRIMMED: gettext_lazy("{who} deleted the activity from before {subject}"),
    Event.LOG_SUMMED: gettext_lazy("More of the same was not told one by one: {subject}"),
}
SOURCES = {  # where a version came from besides an upload
    "watched": gettext_lazy("from its watched place"),
    "acme": gettext_lazy("by ACME"),
    "signing-request": gettext_lazy("the answer to a signing request"),
    "command": gettext_lazy("by the command"),
}
_UNKNOWN, _UNKNOWN_ICON = "{who}: {event} {subject}", "question-mark-circle"  # written by another version, or tampered with


@dataclass(frozen=True, slots=True)
class Told:
    """One line as people read it."""

    line: Activity
    icon: str
    sentence: SafeString
    facts: list[str]
    changes: list[Change]
    whole: str  # as portal.history.words.whole


def tell(lines: Iterable[Activity]) -> list[Told]:
    """Put *lines* into words; subjects that still exist are links. The number of queries does not grow with the lines."""
    lines = list(lines)
    shown_at = addresses(lines)
    return [
        Told(
            line,
            str(KINDS[line.kind][1]) if line.kind in KINDS else _UNKNOWN_ICON,
            _sentence(line, shown_at.get((line.kind, line.subject_id), "")),
            _facts(line.details) if isinstance(line.details, dict) else [],
            changes_of(line),
            whole(line),
        )
        for line in lines
    ]


def _sentence(line: Activity, address: str) -> SafeString:
    named = dict(Event.choices).get(line.subject_name, line.subject_name)  # a sum is about an event
    name = format_html("<bdi>{}</bdi>", named or _("an unknown name"))
    subject = format_html('<a href="{}">{}</a>', address, name) if address else format_html("<strong>{}</strong>", name)
    sentence = SENTENCES.get(line.event, _UNKNOWN)  # type: ignore[call-overload]  # an event is its text
    return format_html(str(sentence), who=_who(line), subject=subject, event=line.event)


def _who(line: Activity) -> SafeString:
    who = format_html("<strong>{}</strong>", line.actor_name or _("The system"))
    if not isinstance(line.through, dict) or not line.through:
        return who
    token, maker = (format_html("<bdi>{}</bdi>", line.through.get(key) or _("The system")) for key in ("token", "made_by"))
    return format_html(_("{who} (by the token {token} of {maker})"), who=who, token=token, maker=maker)


def _facts(details: dict[str, Any]) -> list[str]:
    """Return what is worth reading of the details; the rest is for the REST API and the followers of the log."""
    facts = []
    if version := details.get("version"):
        facts.append(_("version %(number)s") % {"number": version})
    if thumbprint := details.get("thumbprint"):
        facts.append(_("thumbprint … %(last_four)s") % {"last_four": str(thumbprint)[-4:]})
    if isinstance(source := details.get("source"), str) and source in SOURCES:
        facts.append(str(SOURCES[source]))
    if template := details.get("url_template"):
        facts.append(f"{details.get('method', '*')} {template}")
    facts += [str(details[key]) for key in ("service_url", "certificate") if details.get(key)]
    if at := details.get("moment"):
        facts.append(moment(str(at)))
    if place := details.get("place"):
        facts.append(str(place))
    if details.get("validate_certificate_chain") is False:
        facts.append(_("the back end's certificate is not checked"))
    return [*facts, *_facts_of_people(details), *_numbers(details)]


def _facts_of_people(details: dict[str, Any]) -> list[str]:
    """Return what is worth reading about accounts: roles, and from where somebody came."""
    facts = []
    if "old" in details and "new" in details:
        facts.append(f"{_word(details['old'])} → {_word(details['new'])}")
    if role := details.get("role"):
        facts.append(_word(role))
    if isinstance(address := details.get("address"), str) and address:
        facts.append(address)
    if isinstance(roles := details.get("roles"), list) and roles:
        facts.append(", ".join(map(_word, roles)))
    return facts


def _numbers(details: dict[str, Any]) -> list[str]:
    facts = []
    if isinstance(number := details.get("number"), int):
        facts.append(ngettext("%(number)d time", "%(number)d times", number) % {"number": number})
    if isinstance(number := details.get("lines"), int):
        facts.append(ngettext("%(number)d line", "%(number)d lines", number) % {"number": number})
    if isinstance(number := details.get("minutes"), int):
        facts.append(ngettext("for %(number)d minute", "for %(number)d minutes", number) % {"number": number})
    return facts


def _word(value: object) -> str:
    """Return what a role is called in the reader's language."""
    if not value:
        return _("no role")
    return str(Role(value).label) if value in Role.values else str(value)
