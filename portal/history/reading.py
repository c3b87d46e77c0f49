"""The lines about one thing, the newest first: all of them, or those after a given one that have changed it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, QueryDict

from portal.activity.forms import ActivityFilter
from portal.activity.reading import Narrowed, narrowed, page_of
from portal.models import Activity
from portal.sentences import tell
from portal.subjects import KINDS


class HistoryFilter(ActivityFilter):
    """Event, person and days, of one kind of subject."""

    def __init__(self, asked: QueryDict, *, reader: User, kind: str, auto_id: str = "id_%s") -> None:
        """Offer the events of that *kind*."""
        super().__init__(asked, reader=reader, auto_id=auto_id)
        del self.fields["q"]
        choices = self.fields["kind"].choices  # type: ignore[attr-defined]  # a ChoiceField
        label = KINDS[kind][0]
        self.fields["kind"].choices = [choices[0], *(one for group in choices[1:] if group[0] == label for one in group[1][1:])]  # type: ignore[attr-defined]


def about(kind: str, pk: object) -> Narrowed:
    """Return the lines about one thing."""
    return Narrowed(Activity.objects.filter(subject_id=str(pk), kind=kind), kinds=[kind])


def newer_change(line: Activity, *, but_at: datetime | None = None) -> Activity | None:
    """Return the newest line that has changed, after *line*, what it is about; ``None``: there is none.

    :param but_at: the moment of a change, which may be several lines, that does not count
    """
    later = Activity.objects.filter(subject_id=line.subject_id, kind=line.kind, id__gt=line.id)
    if but_at:
        later = later.exclude(at=but_at)
    return later.exclude(changes={}).order_by("-id").first()


def history_of(request: HttpRequest, kind: str, pk: object) -> dict[str, Any]:
    """Return what ``history/_history.html`` expects: a page of the lines about one thing, narrowed as the address says."""
    assert isinstance(request.user, User)  # noqa: S101 - whoever reaches a view is signed in
    form = HistoryFilter(request.GET, reader=request.user, kind=kind)
    form.is_valid()  # what is not understood does not narrow the list
    page = page_of(narrowed(about(kind, pk), form.cleaned_data), request.GET)
    return {
        "filter": form,
        "download": HistoryFilter(request.GET, reader=request.user, kind=kind, auto_id="download_%s"),
        "about": f"{kind}:{pk}",
        "page": page,
        "lines": tell(page.lines),
        "narrowed": any(form.cleaned_data.values()),
    }
