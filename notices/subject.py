"""Something that people are told of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.troubles import Topic

FAILING = "failing"  # the mark of what fails, whatever its end
OVER = "over"  # and of what has failed and does no more


class Kind(TextChoices):
    """What it is."""

    CLIENT = "client-certificate", _("Client certificate")
    SERVER = "server-certificate", _("Server certificate")
    AUTHORITY = "trusted-authority", _("Trusted authority")
    GATEWAY = "gateway", _("Enrolment of a gateway")
    GATEWAY_AUTHORITY = "gateway-authority", _("Authority of the gateways")
    BACK_END = "back-end", _("Certificate of a back end")
    TROUBLE = "trouble", _("Failure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What ends or fails.

    :ivar key: which thing, for good: ``client:12``
    :ivar version: which certificate of it; another one is told of anew
    :ivar path: the page with the button to press
    :ivar told_to: the permission of those who can press it
    :ivar ends_at: when it ends; ``None``: it fails, and *trouble* says why
    :ivar is_over: it has failed, and does no more
    :ivar is_asked_again: whether it fails still is being looked at just now
    :ivar topic: by which it can be switched off
    :ivar entry: the id of the certificate entry, whose owners are told
    :ivar apis: finds the names of the APIs that depend on it, when somebody is told
    """

    kind: Kind
    key: str
    version: str
    name: str
    path: str
    told_to: str
    ends_at: datetime | None = None
    trouble: Any = ""
    is_over: bool = False
    is_asked_again: bool = False
    topic: Topic = Topic.OTHER
    label: str = ""
    thumbprint: str = ""
    entry: int | None = None
    apis: Callable[[], list[str]] = field(default=list, compare=False)
