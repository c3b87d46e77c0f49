"""The left menu "API Management"."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.guide import page_about
from portal.roles import has_role


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the menu."""

    label: str | Promise
    icon: str = ""
    url_name: str = ""
    url: str = ""
    within: str = ""  # the heading that it stands below, by its icon
    current: bool = False
    permission: str = ""
    leads: bool = False  # to the first of those within it


SECURITY = "shield-check"
_ENTRIES = (
    Entry(label=_("Dashboard"), icon="home", url_name="dashboard"),
    Entry(label=_("APIs"), icon="cube", url_name="apis:index"),
    Entry(label=_("Back ends"), icon="globe-alt", url_name="backends:index"),
    Entry(label=_("Subscriptions"), icon="ticket", url_name="subscriptions:index"),
    Entry(label=_("Security"), icon=SECURITY, url_name="certificates:index", leads=True),
    Entry(label=_("Client certificates"), url_name="certificates:index", within=SECURITY),
    Entry(label=_("Server certificates"), url_name="server_certificates:index", within=SECURITY),
    Entry(label=_("Trusted authorities"), url_name="authorities:index", within=SECURITY),
    Entry(label=_("Sources"), url_name="sources:index", within=SECURITY),
    Entry(label=_("Timeline"), url_name="timeline:index", within=SECURITY),
    Entry(label=_("Certificate doctor"), url_name="doctor:index", within=SECURITY),
    Entry(
        label=pgettext_lazy("page", "Failures"),
        icon="exclamation-triangle",
        url_name="failures:index",
        permission="gateway.view_failedcall",
    ),
    Entry(label=_("Gateways"), icon="server-stack", url_name="gateways:index"),
    Entry(label=_("Activity"), icon="clock", url_name="activity"),
    Entry(label=_("Access tokens"), icon="key", url_name="rest:index"),
    Entry(label=_("People"), icon="users", url_name="people:index", permission="auth.view_user"),
    Entry(label=_("Closed sign-ins"), url_name="locks", within="users", permission="auth.change_user"),
    Entry(label=_("Sign-in settings"), url_name="sign_in_settings", within="users", permission="signin.change_secondfactordemand"),
    Entry(label=_("Notices"), icon="bell", url_name="notices:index", permission="notices.change_schedule"),
)


def entries(request: HttpRequest) -> list[Entry]:
    """Return the lines for the reader of *request*, the one they are on marked; the last is the guide's page about where they are."""
    match = request.resolver_match
    here = (match.namespace or match.view_name) if match else ""
    shown = []
    for entry in _ENTRIES if has_role(request.user) else _ENTRIES[:1]:
        if entry.permission and not request.user.has_perm(entry.permission):
            continue
        current = not entry.leads and entry.url_name.partition(":")[0] == here
        shown.append(Entry(label=entry.label, icon=entry.icon, url=reverse(entry.url_name), within=entry.within, current=current))
    shown.append(Entry(label=_("Help"), icon="question-mark-circle", url=page_about(match), current=here == "guide"))
    return shown
