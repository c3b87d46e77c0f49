"""What a recipient reads, in their language, before a channel gives it its form."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from notices.subject import FAILING, OVER, Kind, Subject
from portal.locations import url_of

_DAY = timedelta(days=1)
_NAMED_APIS = 20  # in words; programs get all


class MessageType(Enum):
    """Why it is sent."""

    NOTICE = "notice"
    SUMMARY = "summary"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One subject.

    :ivar facts: label and value
    :ivar link: where the button leads
    :ivar data: the same for programs
    """

    name: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    button: str
    link: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent.

    :ivar id: the same for each attempt, so that receivers can leave out what they have
    """

    id: uuid.UUID
    type: MessageType
    language: str
    title: str
    lead: str
    items: tuple[Item, ...]
    button: str  # for all of it
    link: str

    def rest(self, shown: int) -> str:
        """Return the sentence that stands for the items after so many; empty if there are none."""
        number = len(self.items) - shown
        with override(self.language):
            return ngettext("And %d more.", "And %d more.", number) % number if number > 0 else ""


def portal_url() -> str:
    """Return where people open the portal: ``PORTAL_URL``, else where it listens."""
    if settings.PORTAL_URL:
        return str(settings.PORTAL_URL).rstrip("/")
    scheme = "https" if settings.PORTAL_TLS_CERTIFICATE else "http"
    return url_of(settings.PORTAL_HOST, settings.PORTAL_PORT, scheme=scheme)


def message_of(due: Iterable[tuple[Subject, str]], *, identifier: uuid.UUID, type_: MessageType, language: str, now: datetime) -> Message:
    """Return the message about what is *due*: subjects, and the threshold that each is told for."""
    with override(language):
        due = list(due)
        items = tuple(_item(subject, mark, now) for subject, mark in due)
        title, lead = _words(items, type_, is_over=all(mark == OVER for _, mark in due))
        return Message(
            id=identifier,
            type=type_,
            language=language,
            title=title,
            lead=lead,
            items=items,
            button=_("Open the portal"),
            link=f"{portal_url()}{reverse('certificates:index')}",
        )


def trial(*, language: str) -> Message:
    """Return the message that the test button sends."""
    with override(language):
        return Message(
            id=uuid.uuid4(),
            type=MessageType.TEST,
            language=language,
            title=_("A test of the publisher portal"),
            lead=_("Notices about what ends or fails will arrive here."),
            items=(),
            button=_("Open the portal"),
            link=f"{portal_url()}{reverse('dashboard')}",
        )


def _words(items: tuple[Item, ...], type_: MessageType, *, is_over: bool) -> tuple[str, str]:
    """Return title and lead."""
    number = len(items)
    if type_ is MessageType.SUMMARY:
        return _("Weekly summary"), _("What fails, has ended or ends soon. It was or will be told of by itself as well.")
    title = (
        items[0].sentence.rstrip(".。")
        if number == 1
        else ngettext("%d matter needs attention", "%d matters need attention", number) % number
    )
    if is_over:
        return title, _("It was told of before; there is nothing left to do.")
    return title, _("Calls fail once a certificate on their way has expired. What is behind the link mends it.")


def _item(subject: Subject, mark: str, now: datetime) -> Item:
    names = subject.apis()
    link = f"{portal_url()}{subject.path}"
    sentence = _sentence(subject, now)
    facts = [(_("Subject"), subject.label), (_("Thumbprint"), subject.thumbprint)]
    if subject.ends_at:
        facts.append((_("Expires"), f"{subject.ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"))
    facts.append((_("In use by"), _apis(names)))
    return Item(
        name=subject.name,
        sentence=sentence,
        facts=tuple((label, value) for label, value in facts if value),
        button=_button(subject.kind),
        link=link,
        data=_data(subject, mark, now) | {"apis": names, "text": sentence, "link": link},
    )


def _data(subject: Subject, mark: str, now: datetime) -> dict[str, Any]:
    ends = subject.ends_at
    return {
        "kind": subject.kind.value,
        "name": subject.name,
        "subject": subject.label,
        "thumbprint": subject.thumbprint,
        "expires": ends.astimezone(UTC).isoformat().replace("+00:00", "Z") if ends else None,
        "daysLeft": _days_left(ends, now) if ends else None,
        "threshold": int(mark) if mark.isdecimal() else None,
        "failing": mark == FAILING,
        "over": mark == OVER,
    }


def _sentence(subject: Subject, now: datetime) -> str:
    names = {"kind": subject.kind.label, "name": subject.name}
    if subject.is_over:
        return _("%(name)s is in order again.") % names
    if subject.ends_at is None:
        return _("%(name)s fails: %(reason)s") % {**names, "reason": subject.trouble}
    if subject.ends_at <= now:
        return _("%(kind)s %(name)s has expired.") % names
    days = _days_left(subject.ends_at, now)
    return ngettext("%(kind)s %(name)s expires within a day.", "%(kind)s %(name)s expires in %(number)d days.", days) % {
        **names,
        "number": days,
    }


def _days_left(ends_at: datetime, now: datetime) -> int:
    """Return the days, rounded up: thirty days before, and a little after that moment, it is thirty."""
    return -((now - ends_at) // _DAY)


def _apis(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED_APIS])
    return f"{shown}, …" if len(names) > _NAMED_APIS else shown


def _button(kind: Kind) -> str:
    match kind:
        case Kind.CLIENT | Kind.SERVER:
            return _("Replace the certificate")
        case Kind.AUTHORITY:
            return _("Replace the authority")
        case Kind.GATEWAY | Kind.GATEWAY_AUTHORITY:
            return _("Look at the gateways")
        case Kind.BACK_END:
            return _("Look at the API")
        case Kind.TROUBLE:
            return _("Look at it")
