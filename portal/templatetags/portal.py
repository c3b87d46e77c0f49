"""Icons, moments, thumbprints and the left menu."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from portal.icons import drawn
from portal.menu import SECURITY, SETTINGS, entries, groups

if TYPE_CHECKING:
    from portal.menu import Group

register = template.Library()

_SOON = timedelta(days=30)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@register.simple_tag
def icon(name: str, *, size: int = 20) -> SafeString:
    """Render the heroicon *name*. It is decoration: words stand beside it, or the element has a label of its own."""
    return mark_safe(drawn(str(name), size))  # noqa: S308 - the package's own markup


@register.simple_tag
def moment(at: datetime | None) -> SafeString:
    """Render a moment as people say it ("2 minutes ago", "in 13 days"), the exact moment on hover."""
    if at is None:
        return format_html('<span class="muted">{}</span>', _("never"))
    return _time(at, _relative(at, timezone.now()))


@register.simple_tag
def exact(at: datetime) -> SafeString:
    """Render a moment exactly, to the minute, in UTC."""
    return _time(at, exactly(at))


@register.simple_tag
def to_the_second(at: datetime) -> SafeString:
    """Render a moment where seconds count, in UTC."""
    return _time(at, precisely(at))


@register.simple_tag
def expiry(
    not_after: datetime, not_before: datetime | None = None, doubts: Sequence[str] | None = None, *, dated: bool = False
) -> SafeString:
    """Render the end of a validity as a badge: the days left, or until when it lasts; the exact moment on hover.

    :param not_before: the beginning, where it may lie ahead: then the badge says that
    :param doubts: why it may be of no use all the same: then it is not called valid
    :param dated: the date stands beside it, and goes without saying where all is well
    """
    now = timezone.now()
    left = not_after - now
    if not_before is not None and not_before > now:
        kind, words = "warn", _("Not valid yet")
    elif left < timedelta(0):
        kind, words = "bad", _("Expired %(when)s") % {"when": _relative(not_after, now)}
    elif left < _SOON:
        kind, words = "warn", _remaining(left)
    elif doubts:
        kind, words = "warn", _("May be refused")
    else:
        kind, words = "good", _("Valid") if dated else _("Valid until %(day)s") % {"day": _day(not_after)}
    if dated and kind == "good":
        return format_html('<span class="badge good">{}</span>', words)
    title = " ".join([exactly(not_after), *(doubts if kind == "warn" and doubts else ())])
    return format_html('<span class="badge {}" title="{}">{}</span>', kind, title, words)


@register.simple_tag
def thumbprint(value: str, *, short: bool = False, copy: bool = True) -> SafeString:
    """Render a thumbprint in groups of four, the last four characters standing out.

    :param short: leave out the middle, for tables
    :param copy: add a button that copies the whole thumbprint
    """
    groups = [value[start : start + 4] for start in range(0, len(value), 4)]
    *first, last = groups or [""]
    shown = [*first[:2], "…"] if short and len(first) > 2 else first  # noqa: PLR2004 - two groups to begin with
    head = format_html_join("", "<i>{}</i>", ((group,) for group in shown))
    button = copy_button(value, _("Copy thumbprint")) if copy and value else ""
    whole = format_html('<span class="thumb" title="{}">{}<b>{}</b></span>', value, head, last)
    return format_html('<span class="print">{}{}</span>', whole, button) if button else whole


@register.simple_tag
def copy_button(value: str, label: str = "") -> SafeString:
    """Render a button that copies *value*; shown only where scripts run.

    :param label: what the button is called where only its icon is seen; empty: it bears the word "Copy"
    """
    return format_html(
        '<button type="button" class="button quiet copy" data-copy="{}" data-copied="{}"{}>{}{}</button>',
        value,
        _("Copied"),
        format_html(' aria-label="{}" title="{}"', label, label) if label else "",
        icon("clipboard-document", size=16),
        format_html("<span>{}</span>", "" if label else _("Copy")),
    )


@register.inclusion_tag("_menu.html", takes_context=True)
def menu(context: RequestContext) -> dict[str, list[Group]]:
    """Render the left menu; an entry is left out while its address does not exist or is closed to the reader."""
    request = context.get("request")
    return {"groups": groups(request) if request is not None and hasattr(request, "user") else []}


@register.inclusion_tag("_tabs.html", takes_context=True)
def security_tabs(context: RequestContext) -> dict[str, Any]:
    """Render the pages of *Security* as tabs: client certificates first."""
    return {"tabs": [entry for entry in entries(context["request"]) if entry.within == SECURITY], "label": _("Security")}


@register.inclusion_tag("_tabs.html", takes_context=True)
def settings_tabs(context: RequestContext) -> dict[str, Any]:
    """Render the pages of *Settings* as tabs, as far as they are open to the reader."""
    return {"tabs": [entry for entry in entries(context["request"]) if entry.within == SETTINGS], "label": _("Settings")}


@register.filter
def human_size(size: Any) -> str:
    """Return a number of bytes in kB, one decimal."""
    return _("%(size).1f kB") % {"size": int(size) / 1024}


def _time(at: datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}" title="{}">{}</time>', at.astimezone(UTC).isoformat(timespec="seconds"), exactly(at), words)


def exactly(at: datetime) -> str:
    """Return a moment exactly, to the minute, in UTC."""
    # Translators: a date format of Django, for instance "Y年n月j日 H:i"
    exact = pgettext("date and time format", "j M Y, H:i")
    return f"{date_format(at.astimezone(UTC), exact)} UTC"


def precisely(at: datetime) -> str:
    """Return a moment to the second, in UTC."""
    # Translators: a date format of Django, for instance "Y年n月j日 H:i:s"
    written = date_format(at.astimezone(UTC), pgettext("date and time format with seconds", "j M Y, H:i:s"))
    return f"{written} UTC"


def _relative(at: datetime, now: datetime) -> str:
    past, seconds = at <= now, abs((now - at).total_seconds())
    if past and seconds < _MINUTE:
        return _("just now")
    if seconds < _HOUR:
        number = max(int(seconds // _MINUTE), 1)
        pattern = ngettext("%d minute ago", "%d minutes ago", number) if past else ngettext("in %d minute", "in %d minutes", number)
    elif seconds < _DAY:
        number = int(seconds // _HOUR)
        pattern = ngettext("%d hour ago", "%d hours ago", number) if past else ngettext("in %d hour", "in %d hours", number)
    elif seconds < _SOON.total_seconds():
        number = int(seconds // _DAY)
        pattern = ngettext("%d day ago", "%d days ago", number) if past else ngettext("in %d day", "in %d days", number)
    else:
        return _day(at)
    return pattern % number


def _day(at: datetime) -> str:
    # Translators: a date format of Django, for instance "Y年n月j日"
    return date_format(at, pgettext("date format", "j M Y"))


def _remaining(left: timedelta) -> str:
    if left.days:
        return ngettext("%d day left", "%d days left", left.days) % left.days
    hours = max(int(left.total_seconds() // _HOUR), 1)
    return ngettext("%d hour left", "%d hours left", hours) % hours
