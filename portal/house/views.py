"""The pages of *Settings*: all of them at a glance, what is kept, and what this is."""

from __future__ import annotations

import functools
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from portal import __version__, errors, parts
from portal.house.components import components
from portal.house.retention import all_kept
from portal.http import PortalRequest
from portal.menu import SETTINGS, entries
from portal.readiness import Readiness
from portal.roles import has_role

_LOCK = Path(settings.BASE_DIR) / "requirements.lock"

Page = Callable[[PortalRequest], HttpResponse]


def _for_whoever_has_a_role(page: Page) -> Page:
    """Show *page* to who has a role, and tell others whom to ask for one."""

    @functools.wraps(page)
    def view(request: PortalRequest) -> HttpResponse:
        return page(request) if has_role(request.user) else errors.no_role(request, status=403)

    return view


@require_safe
@_for_whoever_has_a_role
def overview(request: PortalRequest) -> HttpResponse:
    """Show which settings there are, as far as they are open to the reader."""
    pages = [entry for entry in entries(request) if entry.within == SETTINGS and entry.told]
    return render(request, "portal/house/overview.html", {"pages": pages})


@require_safe
@_for_whoever_has_a_role
def retention(request: PortalRequest) -> HttpResponse:
    """Show what is kept for how long, and where that is set."""
    return render(request, "portal/house/retention.html", {"kept": all_kept()})


@require_safe
@_for_whoever_has_a_role
def about(request: PortalRequest) -> HttpResponse:
    """Show the version, how each part is, and the licences of what it is made of."""
    report = Readiness(parts.looks()).report()
    context = {
        "versions": _versions(),
        "reasons": {gettext(part): gettext(reason) if reason else "" for part, reason in report.reasons.items()},
        "ready": report.ready,
        "components": components(_LOCK),
    }
    return render(request, "portal/house/about.html", context)


def _versions() -> dict[str, Any]:
    database = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]
    number = ".".join(str(part) for part in connection.get_database_version())
    return {"portal": __version__, "python": platform.python_version(), "django": django.get_version(), "database": f"{database} {number}"}
