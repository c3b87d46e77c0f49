"""The left menu "API Management"."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    picture: str = ""  # where it stands as a card
    told: str | Promise = ""  # what the card says of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A line of the menu with the pages within it, which fold away."""

    head: Entry
    pages: tuple[Entry, ...]
    is_open: bool


SECURITY = "shield-check"
SETTINGS = "cog-6-tooth"
_ENTRIES = (
    Entry(label=_("Dashboard"), icon="home", url_name="dashboard"),
    Entry(label=_("APIs"), icon="cube", url_name="apis:index"),
    Entry(label=_("Policy of all APIs"), url_name="policies:service", within="cube"),
    Entry(label=_("Named values"), url_name="named_values:index", within="cube"),
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
    Entry(label=_("Settings"), icon=SETTINGS, url_name="settings"),
    Entry(
        label=_("Notices"),
        url_name="notices:index",
        within=SETTINGS,
        permission="notices.change_schedule",
        picture="bell",
        told=_("Who is told, and when, that something ends or fails: channels, days before the end, mail."),
    ),
    Entry(
        label=_("Sign-in settings"),
        url_name="sign_in_settings",
        within=SETTINGS,
        permission="signin.change_secondfactordemand",
        picture="finger-print",
        told=_("Which roles have to have a second factor."),
    ),
    Entry(
        label=_("Export and import"),
        url_name="configuration:index",
        within=SETTINGS,
        permission="signin.change_secondfactordemand",
        picture="arrow-down-tray",
        told=_("The whole configuration as a file, and what a file would change."),
    ),
    Entry(
        label=_("Retention"),
        url_name="retention",
        within=SETTINGS,
        picture="archive-box",
        told=_("How long figures, failures and activity are kept, and where that is set."),
    ),
    Entry(
        label=_("About"),
        url_name="about",
        within=SETTINGS,
        picture="information-circle",
        told=_("The version, how each part is, and the licences of what it is made of."),
    ),
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
        shown.append(replace(entry, url=reverse(entry.url_name), current=current))
    shown.append(Entry(label=_("Help"), icon="question-mark-circle", url=page_about(match), current=here == "guide"))
    return shown


def groups(request: HttpRequest) -> list[Group]:
    """Return the menu folded: open is the group that the reader is in, and *Security*, but not beside the long one of *Settings*."""
    shown = entries(request)
    folded = [(head, tuple(one for one in shown if one.within == head.icon)) for head in shown if not head.within]
    here = next((head.icon for head, pages in folded if head.current or any(page.current for page in pages)), "")
    opened = {here} if here == SETTINGS else {here, SECURITY}
    return [Group(head=head, pages=pages, is_open=head.icon in opened) for head, pages in folded]
