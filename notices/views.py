"""Notices: channels, when is told, and what is due. For Administrators."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.db.models import Count, Max, Q
from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notices import actions, sending
from notices.forms import AlertsForm, ChannelForm, ScheduleForm
from notices.messages import trial
from notices.models import Acknowledgement, Channel, ChannelKind, Recipient, Schedule, Told
from notices.recipients import addressee_of
from notices.subjects import Subject
from notices.subjects.finding import due
from portal.history.undo import saved
from portal.http import PortalRequest
from portal.responses import see_other

_SHOWN = 100  # of what is due; the rest is counted
_NAME_TAKEN = gettext_lazy("There is already a channel of this name.")
_LOST = gettext_lazy("What was here cannot be opened any more. Enter it again.")
_administrators = permission_required("notices.change_schedule", raise_exception=True)


@require_safe
@_administrators
def index(request: PortalRequest) -> HttpResponse:
    """Show the channels, when is told and what is due."""
    return _index(request, _schedule_form())


@require_POST
@_administrators
def schedule(request: PortalRequest) -> HttpResponse:
    """Say when is told."""
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        return _index(request, form, status=422)
    actions.schedule(**form.cleaned_data, by=request.user, now=timezone.now())
    saved(request, _("The schedule of notices was saved."), "notice", Schedule.current())
    return see_other("notices:index")


@require_POST
@_administrators
def alerts(request: PortalRequest) -> HttpResponse:
    """Say of which failures is told."""
    form = AlertsForm(request.POST)
    form.full_clean()  # switches are on or off
    actions.tell_of(**form.cleaned_data, by=request.user, now=timezone.now())
    saved(request, _("Saved."), "notice", Schedule.current())
    return see_other("notices:index")


@sensitive_variables("form", "secret")
@sensitive_post_parameters("url", "secret")
@require_http_methods(["GET", "HEAD", "POST"])
@_administrators
def new(request: PortalRequest) -> HttpResponse:
    """Add a channel; a secret that was made for it is shown this once."""
    form = ChannelForm(request.POST or None, initial={"kind": ChannelKind.MAIL, "language": settings.LANGUAGE_CODE})
    if request.method == "POST" and form.is_valid():
        chosen = {key: form.cleaned_data[key] for key in ("name", "secret", "language")}
        kind = ChannelKind(form.cleaned_data["kind"])
        try:
            channel, secret = actions.add_channel(**chosen, kind=kind, address=form.destination, by=request.user, now=timezone.now())
        except actions.NameTaken:
            form.add_error("name", str(_NAME_TAKEN))
        else:
            if secret:
                response = render(request, "notices/made.html", {"channel": channel, "secret": secret.value.decode()})
                response["Cache-Control"] = "no-store"
                return response
            messages.success(request, _("%(name)s was added. Try it with the test button.") % {"name": channel.name})
            return see_other("notices:channel", channel.name)
    return render(request, "notices/new.html", {"form": form}, status=422 if request.method == "POST" else 200)


@sensitive_variables("form")
@sensitive_post_parameters("url", "secret")
@require_http_methods(["GET", "HEAD", "POST"])
@_administrators
def channel(request: PortalRequest, name: str) -> HttpResponse:
    """Show a channel and change it."""
    row = get_object_or_404(Channel, name=name)
    kind = ChannelKind(row.kind)
    initial = {"address": row.place, "language": row.language}
    form = ChannelForm(request.POST if request.method == "POST" else None, there=kind, initial=initial)
    if form.is_valid():
        chosen = {"address": form.destination, "secret": form.cleaned_data.get("secret", ""), "language": form.cleaned_data["language"]}
        try:
            actions.change_channel(row, **chosen, by=request.user, now=timezone.now())
        except actions.Lost as lost:
            form.add_error(lost.field, str(_LOST))
        else:
            messages.success(request, _("%(name)s was saved.") % {"name": row.name})
            return see_other("notices:channel", row.name)
    context = {"form": form, "channel": row, "last": Recipient.objects.filter(key=row.key).first()}
    return render(request, "notices/channel.html", context, status=422 if form.errors else 200)


@require_POST
@_administrators
def test(request: PortalRequest, name: str) -> HttpResponse:
    """Send a message that tells nothing, and say what became of it."""
    row = get_object_or_404(Channel.objects.select_related("secret"), name=name)
    result = sending.send(trial(language=row.language), addressee_of(row), now=timezone.now())
    say = messages.success if result.delivered else messages.error
    say(request, f"{row.name}: {result.sentence}")
    return see_other("notices:channel", row.name)


@require_http_methods(["GET", "HEAD", "POST"])
@_administrators
def delete(request: PortalRequest, name: str) -> HttpResponse:
    """Delete a channel, once it is confirmed."""
    row = get_object_or_404(Channel, name=name)
    if request.method == "POST":
        actions.delete_channel(row, by=request.user, now=timezone.now())
        messages.success(request, _("%(name)s was deleted.") % {"name": name})
        return see_other("notices:index")
    return render(request, "notices/confirm_delete.html", {"channel": row})


def _schedule_form() -> ScheduleForm:
    current = Schedule.current()
    return ScheduleForm(initial={"thresholds": ", ".join(map(str, current.thresholds)), "weekly": current.weekly})


def _index(request: PortalRequest, form: ScheduleForm, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    last = {row.key: row for row in Recipient.objects.all()}
    found = due(now=now)
    context = {
        "form": form,
        "alerts": AlertsForm(initial=model_to_dict(Schedule.current(), fields=[*AlertsForm.base_fields])),
        "channels": [(row, last.get(row.key)) for row in Channel.objects.all()],
        "unreached": _unreached(last.values()),
        "mail": settings.EMAIL_HOST,
        "due": _standings(found[:_SHOWN], now),
        "more": max(len(found) - _SHOWN, 0),
    }
    return render(request, "notices/index.html", context, status=status)


def _unreached(rows: Iterable[Recipient]) -> list[tuple[str, Recipient]]:
    """Return the people and addresses that the last mail did not reach, with their names."""
    failed = [row for row in rows if not row.delivered and not row.key.startswith("channel:")]
    people = User.objects.in_bulk([int(row.key.partition(":")[2]) for row in failed if row.key.startswith("person:")])
    named = {f"person:{pk}": person.get_username() for pk, person in people.items()}
    return [(named.get(row.key, row.key.partition(":")[2]), row) for row in failed]


def _standings(subjects: list[Subject], now: datetime) -> list[dict[str, Any]]:
    """Return what a line of the list shows of each subject: who knows of it."""
    known = {(row.subject, row.version): row for row in Acknowledgement.objects.in_force()}
    told = {
        (row["subject"], row["version"]): row
        for row in Told.objects.filter(subject__in=[one.key for one in subjects], sent_at__isnull=False)
        .values("subject", "version")
        .annotate(last=Max("sent_at"), number=Count("recipient", distinct=True, filter=Q(sent_at__isnull=False)))
    }
    return [
        {
            "subject": one,
            "ended": one.ends_at is not None and one.ends_at <= now,
            "told": told.get((one.key, one.version)),
            "acknowledged": known.get((one.key, one.version)),
        }
        for one in subjects
    ]
