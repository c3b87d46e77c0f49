"""Replacing several certificates of a list at once: a file for each, tried as any other. Nothing switches before its own page says so."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from certificates import actions
from certificates.access import may
from certificates.forms import PfxForm
from certificates.kinds import Pages
from certificates.listing import chosen
from certificates.models import Certificate
from certificates.pages import render
from certificates.pfx import Pfx
from certificates.rollout import actions as rollout
from certificates.rollout.models import Candidate
from certificates.views import say_who_holds_it, status_of
from portal.http import PortalRequest
from portal.responses import see_other

_MOST = 20  # at once: each file is opened in a process of its own

Row = tuple[Certificate, "ReplacementForm", Candidate | None]


class ReplacementForm(PfxForm):
    """A file for one of several entries, or none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Leave out what belongs to a page of its own: separate keys, and pasted text."""
        super().__init__(*args, **kwargs)
        del self.fields["key"], self.fields["pem"]
        self.fields["file"].required = False
        for field in self.fields.values():
            field.help_text = ""

    @property
    def source(self) -> str:
        """The field that what is wrong with the certificate belongs to."""
        return self.FILE

    @property
    def is_sent(self) -> bool:
        """Whether there is a file."""
        return self.add_prefix(self.FILE) in self.files

    def _data(self) -> bytes:
        file = self.cleaned_data[self.FILE]
        return bytes(file.read()) if file else b""


class _Refused(Exception):
    """One of the files cannot be taken; none is."""


@sensitive_variables("rows", "opened")
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@may("change")
def replacement(request: PortalRequest, pages: Pages) -> HttpResponse:
    """Take new versions of the certificates that are ticked, all of them or none, and have them tried."""
    found = chosen(request.GET, pages).order_by("name")
    rows = [_row(request, entry) for entry in found.select_related("candidate")[:_MOST]]
    if not rows:
        messages.info(request, _("Nothing is ticked that could be replaced."))
        return see_other(pages.to["index"])
    sent = [(entry, form) for entry, form, _candidate in rows if form.is_sent]
    opened = [(entry, form, form.open() if form.is_valid() else None) for entry, form in sent]
    if opened and all(pfx for *_rest, pfx in opened) and _propose(opened, request):
        proposed = ngettext(
            "%d new version is tried. Nothing is replaced yet: it waits for your word.",
            "%d new versions are tried. Nothing is replaced yet: they wait for your word.",
            len(opened),
        )
        messages.success(request, proposed % len(opened))
        return see_other(request.get_full_path())
    status = max((status_of(form) for _entry, form in sent), default=422 if request.method == "POST" else 200)
    context = {"rows": rows, "more": max(0, found.count() - _MOST), "most": _MOST, "none_sent": request.method == "POST" and not sent}
    return render(request, pages, "certificates/replace_chosen.html", context, status=status)


def _row(request: PortalRequest, entry: Certificate) -> Row:
    prefix = f"entry-{entry.pk}"
    form = ReplacementForm(request.POST, request.FILES, prefix=prefix) if request.method == "POST" else ReplacementForm(prefix=prefix)
    return entry, form, getattr(entry, "candidate", None)


@sensitive_variables("opened", "pfx")
def _propose(opened: list[tuple[Certificate, ReplacementForm, Pfx | None]], request: PortalRequest) -> bool:
    """Let each file be its entry's candidate; return false, and propose none, if one is refused. What is wrong stands at its field."""
    try:
        with transaction.atomic():
            for entry, form, pfx in opened:
                assert pfx is not None  # noqa: S101 - whoever calls has looked
                _propose_one(entry, form, pfx, request)
    except _Refused:
        return False
    return True


@sensitive_variables("pfx")
def _propose_one(entry: Certificate, form: ReplacementForm, pfx: Pfx, request: PortalRequest) -> None:
    try:
        rollout.propose(entry, pfx, by=request.user, now=timezone.now())
    except actions.AlreadyUploaded as refusal:
        say_who_holds_it(form, refusal, entry)
    except rollout.AlreadyPlanned as refusal:
        form.add_error(form.source, refusal.sentence)
    except Certificate.DoesNotExist:
        form.add_error(form.source, forms.ValidationError(_("This entry was deleted meanwhile.")))
    else:
        return
    raise _Refused
