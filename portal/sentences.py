"""The activity log in words: one sentence per event, and the facts that belong to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.models import Activity, Event
from portal.roles import Role
from portal.subjects import KINDS, addresses

SENTENCES: dict[Event, str | Promise] = {
    Event.CERTIFICATE_UPLOADED: gettext_lazy("{who} uploaded the certificate {subject}"),
    Event.CERTIFICATE_REPLACED: gettext_lazy("{who} replaced the certificate {subject}"),
    Event.CERTIFICATE_ROLLED_BACK: gettext_lazy("{who} rolled back the certificate {subject}"),
    Event.CERTIFICATE_DELETED: gettext_lazy("{who} deleted the certificate {subject}"),
    Event.API_CREATED: gettext_lazy("{who} added the API {subject}"),
    Event.API_CHANGED: gettext_lazy("{who} changed the settings of the API {subject}"),
    Event.API_CALLS_CHANGED: gettext_lazy("{who} changed how calls of the API {subject} go on"),
    Event.API_SECURED: gettext_lazy("{who} changed the security of the API {subject}"),
    Event.API_DELETED: gettext_lazy("{who} deleted the API {subject}"),
    Event.OPERATION_ADDED: gettext_lazy("{who} added an operation to the API {subject}"),
    Event.OPERATION_CHANGED: gettext_lazy("{who} changed an operation of the API {subject}"),
    Event.OPERATION_DELETED: gettext_lazy("{who} deleted an operation of the API {subject}"),
    Event.SUBSCRIPTION_CREATED: gettext_lazy("{who} added the subscription {subject}"),
    Event.SUBSCRIPTION_CHANGED: gettext_lazy("{who} changed the subscription {subject}"),
    Event.SUBSCRIPTION_SUSPENDED: gettext_lazy("{who} suspended the subscription {subject}"),
    Event.SUBSCRIPTION_ACTIVATED: gettext_lazy("{who} activated the subscription {subject}"),
    Event.SUBSCRIPTION_KEY_SHOWN: gettext_lazy("{who} looked at the keys of the subscription {subject}"),
    Event.SUBSCRIPTION_KEY_REGENERATED: gettext_lazy("{who} regenerated a key of the subscription {subject}"),
    Event.SUBSCRIPTION_DELETED: gettext_lazy("{who} deleted the subscription {subject}"),
    Event.GATEWAY_ADDED: gettext_lazy("{who} added the gateway {subject}"),
    Event.GATEWAY_REMOVED: gettext_lazy("{who} removed the gateway {subject}"),
    Event.TOKEN_CREATED: gettext_lazy("{who} created the access token {subject}"),
    Event.TOKEN_REVOKED: gettext_lazy("{who} revoked the access token {subject}"),
    Event.TOKEN_KEYS_SHOWN: gettext_lazy("{who} looked at the keys of the shared access {subject}"),
    Event.TOKEN_KEY_REGENERATED: gettext_lazy("{who} regenerated a key of the shared access {subject}"),
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
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line as people read it."""

    line: Activity
    icon: str
    sentence: SafeString
    facts: list[str]


def tell(lines: Iterable[Activity]) -> list[Told]:
    """Put *lines* into words; subjects that still exist are links. The number of queries does not grow with the lines."""
    lines = list(lines)
    shown_at = addresses(lines)
    return [
        Told(line, str(KINDS[line.kind][1]), _sentence(line, shown_at.get((line.kind, line.subject_id), "")), _facts(line.details))
        for line in lines
    ]


def _sentence(line: Activity, address: str) -> SafeString:
    who = format_html("<strong>{}</strong>", line.actor_name or _("The system"))
    name = format_html("<bdi>{}</bdi>", line.subject_name)
    subject = format_html('<a href="{}">{}</a>', address, name) if address else format_html("<strong>{}</strong>", name)
    return format_html(str(SENTENCES[Event(line.event)]), who=who, subject=subject)


def _facts(details: dict[str, Any]) -> list[str]:
    """Return what is worth reading of the details; the rest is for the REST API and the followers of the log."""
    facts = []
    if version := details.get("version"):
        facts.append(_("version %(number)s") % {"number": version})
    if thumbprint := details.get("thumbprint"):
        facts.append(_("thumbprint … %(last_four)s") % {"last_four": str(thumbprint)[-4:]})
    if template := details.get("url_template"):
        facts.append(f"{details.get('method', '*')} {template}")
    facts += [str(details[key]) for key in ("service_url", "certificate") if details.get(key)]
    if "old" in details and "new" in details:
        facts.append(f"{_word(details['old'])} → {_word(details['new'])}")
    if role := details.get("role"):
        facts.append(_word(role))
    if details.get("validate_certificate_chain") is False:
        facts.append(_("the back end's certificate is not checked"))
    return facts


def _word(value: str) -> str:
    """Return what a value is called in the reader's language."""
    if not value:
        return _("no role")
    return str(Role(value).label) if value in Role.values else value
