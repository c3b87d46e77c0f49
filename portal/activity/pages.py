"""The page of the activity log, and its download."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.db.models import F
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.activity.exporting import FORMATS, export
from portal.activity.forms import ActivityFilter
from portal.activity.reading import Narrowed, narrowed, page_of, seen_by
from portal.finding import led_to
from portal.history.reading import about
from portal.http import PortalRequest, wants_fragment
from portal.listing import Column, holding, listing
from portal.sentences import tell

MOST_LINES = 100_000  # of a download, which is made in memory; the command has no limit
_NARROWING = ("q", "kind", "from", "to")  # how else than by a person
_PEOPLE = (Column(key="name", label=gettext_lazy("User name"), field="username", any_case=True),)
_PEOPLE_SEARCH = holding("username", "first_name", "last_name", "email")
_TYPES = {"jsonl": "application/jsonl; charset=utf-8", "csv": "text/csv; charset=utf-8"}


@require_safe
@permission_required("portal.view_activity", raise_exception=True)
def activity(request: PortalRequest) -> HttpResponse:
    """Show who did what and when, the newest first; by kind, event, person, subject and days."""
    if answer := led_to(request):
        return answer
    form = ActivityFilter(request.GET, reader=request.user)
    form.is_valid()  # what is not understood does not narrow the list
    page = page_of(narrowed(seen_by(request.user), form.cleaned_data), request.GET)
    fragment = wants_fragment(request)
    context = {
        "filter": form,
        "download": _download_form(request),
        "page": page,
        "lines": tell(page.lines),
        "narrowed": any(form.cleaned_data.values()),
        "kept": _for(request.GET),
        "fragment": fragment,
    }
    return render(request, "portal/_activity.html" if fragment else "portal/activity.html", context)


@require_safe
@permission_required("auth.view_user", raise_exception=True)
def people(request: PortalRequest) -> HttpResponse:
    """Let one choose the person whose lines to show: ``q`` searches, ``page`` turns the page, ``for`` keeps how the log is narrowed."""
    shown = listing(request, User.objects.annotate(name=F("username")), _PEOPLE, search=_PEOPLE_SEARCH)
    fragment = wants_fragment(request)
    context = {"listing": shown, "page": shown.page, "narrowing": _narrowing(QueryDict(request.GET.get("for", ""))), "fragment": fragment}
    return render(request, "portal/_activity_people.html" if fragment else "portal/activity_people.html", context)


@require_POST
@permission_required("auth.view_user", raise_exception=True)
def download(request: PortalRequest) -> HttpResponse:
    """Give lines as a file, narrowed as the page is, those ``about`` one thing alone if asked for; that it was given is a line itself."""
    form = ActivityFilter(request.POST, reader=request.user)
    file = request.POST.get("format", "")
    if form.is_valid() and file not in FORMATS:
        form.add_error(None, _("Choose CSV or JSON lines."))
    lines = narrowed(_asked_about(request), form.cleaned_data).all()
    if form.is_valid() and lines[MOST_LINES : MOST_LINES + 1].exists():
        form.add_error(
            None,
            _("These are more than %(number)d lines. Choose fewer days, or use `manage.py activity export`, which has no limit.")
            % {"number": MOST_LINES},
        )
    if not form.is_valid():
        page = page_of(narrowed(seen_by(request.user), form.cleaned_data), {})
        context = {
            "filter": form,
            "download": _download_form(request),
            "page": page,
            "lines": tell(page.lines),
            "narrowed": False,
            "failed": True,
            "kept": QueryDict(),
        }
        return render(request, "portal/activity.html", context, status=422)
    now = timezone.now()
    text = "".join(export(lines, file, by=request.user, now=now))
    name = f"activity-{now:%Y-%m-%d}.{file}"
    return HttpResponse(text, content_type=_TYPES[file], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _download_form(request: PortalRequest) -> ActivityFilter:
    """Return the filter as the download has it: narrowed as the page is, under ids of its own."""
    return ActivityFilter(request.POST or request.GET, reader=request.user, auto_id="download_%s")


def _asked_about(request: PortalRequest) -> Narrowed:
    kind, _colon, pk = request.POST.get("about", "").partition(":")
    return about(kind, pk.replace("\0", "")) if pk else seen_by(request.user)


def _narrowing(asked: QueryDict) -> QueryDict:
    """Return how the log is narrowed besides by a person."""
    kept = QueryDict(mutable=True)
    for name in _NARROWING:
        if value := asked.get(name):
            kept[name] = value
    return kept


def _for(asked: QueryDict) -> QueryDict:
    """Return what the address of the list of people keeps of that."""
    kept = QueryDict(mutable=True)
    if narrowing := _narrowing(asked):
        kept["for"] = narrowing.urlencode()
    return kept
