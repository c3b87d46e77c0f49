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
from portal.subjects import KINDS, addresses

SENTENCES: dict[Event, str | Promise] = {
    Event.CERTIFICATE_UPLOADED: gettext_lazy("{who} uploaded the certificate {subject}"),
    Event.CERTIFICATE_REPLACED: gettext_lazy("{who} replaced the certificate {subject}"),
    Event.CERTIFICATE_ROLLED_BACK: gettext_lazy("{who} rolled back the certificate {subject}"),
    Event.CERTIFICATE_DELETED: gettext_lazy("{who} deleted the certificate {subject}"),
    Event.SERVER_CERTIFICATE_UPLOADED: gettext_lazy("{who} uploaded the server certificate {subject}"),
    Event.SERVER_CERTIFICATE_REPLACED: gettext_lazy("{who} replaced the server certificate {subject}"),
    Event.SERVER_CERTIFICATE_ROLLED_BACK: gettext_lazy("{who} rolled back the server certificate {subject}"),
    Event.SERVER_CERTIFICATE_DELETED: gettext_lazy("{who} deleted the server certificate {subject}"),
    Event.API_CREATED: gettext_lazy("{who} added the API {subject}"),
    Event.API_CHANGED: gettext_lazy("{who} changed the settings of the API {subject}"),
    Event.API_CALLS_CHANGED: gettext_lazy("{who} changed how calls of the API {subject} go on"),
    Event.API_CALLERS_CHANGED: gettext_lazy("{who} changed who may call the API {subject}"),
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
    if details.get("validate_certificate_chain") is False:
        facts.append(_("the back end's certificate is not checked"))
    return facts
