"""The pages of a move: choose, compare, try, confirm. They translate; :mod:`apis.moving.actions` decides."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render, resolve_url
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from apis.access import may
from apis.listing import PRESENTED, chosen
from apis.models import Api
from apis.moving import actions, comparing
from apis.moving.forms import SHOWN, ChooseForm, MoveForm
from apis.moving.keeper import why
from apis.moving.models import Move
from apis.moving.refusals import ChangedMeanwhile, Gone, NothingToMove, OverHttp, SamePerson, SharesBackEnd
from certificates.models import ClientCertificate
from certificates.rollout.forms import ACCEPTING, NOW
from certificates.rollout.proposals import When
from certificates.rollout.staying import NotTried, named
from certificates.rollout.words import NOT_TRIED, STAYING
from portal.http import PortalRequest, wants_fragment
from portal.kept_sentences import told
from portal.responses import see_other

_REFUSALS = (ChangedMeanwhile, OverHttp, SharesBackEnd, NothingToMove)
_LOOK = ("apis.view_api", "apis.change_api", "certificates.view_clientcertificate")
OK, CONFLICT, UNPROCESSABLE = 200, 409, 422
View = Callable[[PortalRequest, Move], HttpResponse]


def _of_move(view: View) -> Callable[[PortalRequest, int], HttpResponse]:
    """Give a view the move that its address names; where there is none any more, the list of APIs says so.

    What only looks again is sent to the move's page first: whoever has just decided is on the way to another one.
    """

    @wraps(view)
    def found(request: PortalRequest, move_id: int) -> HttpResponse:
        rows = Move.objects.select_related("target__current", "proposed_by", "confirmed_by")
        try:
            return view(request, rows.get(pk=move_id))
        except (Move.DoesNotExist, Gone):
            if wants_fragment(request):
                return HttpResponseClientRedirect(resolve_url("moving:move", move_id))
            messages.info(request, _("This move waits no more: it was carried out by now, or discarded."))
            return see_other("apis:index")

    return found


@require_http_methods(["GET", "HEAD", "POST"])
@may(*_LOOK)
def of_entry(request: PortalRequest, name: str) -> HttpResponse:
    """Choose among the APIs that present an entry."""
    entry = get_object_or_404(ClientCertificate.objects.named(name).select_related("current"))
    return _choose(request, Api.objects.filter(certificate=entry), entry)


@require_http_methods(["GET", "HEAD", "POST"])
@may(*_LOOK)
def new(request: PortalRequest) -> HttpResponse:
    """Choose among the APIs that the address names: by ``apis``, or all that the list shows for its other words."""
    pool = chosen(request.GET or request.POST)
    if request.method != "POST" and not pool.exists():
        messages.info(request, _("Tick the APIs to move in this list, then choose “Move to another certificate…” below it."))
        return see_other("apis:index")
    return _choose(request, pool, None)


def _choose(request: PortalRequest, pool: QuerySet[Api], entry: ClientCertificate | None) -> HttpResponse:
    form = ChooseForm(request.POST if request.method == "POST" else None, pool=pool)
    if form.is_bound and form.is_valid():
        try:
            move = actions.propose(form.cleaned_data["to"], form.cleaned_data["apis"], by=request.user, now=timezone.now())
        except _REFUSALS as refusal:
            form.add_error(None, told(why(refusal)))
        else:
            return _go_on(request, move)
    rows = pool.select_related(*PRESENTED).order_by("display_name", "name")
    number = rows.count()
    context = {
        "form": form,
        "entry": entry,
        "number": number,
        "apis": rows.defer("trusted_ca")[:SHOWN] if number <= SHOWN else None,
        "ticked": set(form.names) if form.is_bound else None,
    }
    return render(request, "apis/moving/choose.html", context, status=UNPROCESSABLE if form.errors else OK)


def _go_on(request: PortalRequest, move: Move) -> HttpResponse:
    """Decide upon a new move, if the form that has proposed it says all that it takes; else send to the page that asks."""
    form = MoveForm(request.POST, move=move, has_to_be_confirmed=comparing.of(move).has_to_be_confirmed)
    if request.POST.get("when"):
        if form.is_valid():
            with contextlib.suppress(SamePerson, NotTried, *_REFUSALS):  # the page that asks says it
                return _decide(request, move, form)
        messages.warning(request, _("Nothing is moved yet: read what this page says, then confirm."))
    return see_other("moving:move", move.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@may(*_LOOK)
@_of_move
def move(request: PortalRequest, move: Move) -> HttpResponse:
    """Show what is presented now beside the other certificate, and what came of trying it; take the decision when to move."""
    compared = comparing.of(move)
    form = MoveForm(request.POST if request.method == "POST" else None, move=move, has_to_be_confirmed=compared.has_to_be_confirmed)
    status = OK
    if form.is_bound and form.is_valid():
        try:
            return _decide(request, move, form)
        except SamePerson:
            form.add_error(None, _("You have proposed this move, and the certificate demands that another person confirms it."))
        except NotTried:
            form.add_error("when", NOT_TRIED)
        except _REFUSALS as refusal:
            if isinstance(refusal, ChangedMeanwhile):
                actions.look_again(move, now=timezone.now())
                status, compared = CONFLICT, comparing.of(move)
            form.add_error(None, told(why(refusal)))
    move.refresh_from_db()
    context = {
        "move": move,
        "form": form,
        "compared": compared,
        "apis": list(move.apis().values_list("name", flat=True)),
        "most_named": SHOWN,
    }
    status = status if status == CONFLICT or not form.errors else UNPROCESSABLE
    return render(request, "apis/moving/move.html", context | comparing.table_of(move), status=status)


def _decide(request: PortalRequest, move: Move, form: MoveForm) -> HttpResponse:
    """Do what a valid *form* says, and show the entry, or what is planned."""
    when, name, now = form.cleaned_data["when"], move.target.name, timezone.now()
    if when in {NOW, ACCEPTING}:
        moved, staying = actions.carry_out(move, only_accepting=when == ACCEPTING, by=request.user, now=now)
        _tell(request, name, moved, staying)
        return see_other("certificates:detail", name)
    actions.plan(move, when=When(when), at=form.moment, zone=form.cleaned_data["zone"], by=request.user, now=now)
    messages.success(request, _("The move is planned; until then the APIs stay with what they present."))
    return see_other("moving:move", move.pk)


def _tell(request: PortalRequest, name: str, moved: list[Api], staying: list[Api]) -> None:
    words = ngettext("%(number)d API was moved to %(name)s.", "%(number)d APIs were moved to %(name)s.", len(moved))
    where = _("Below stands where it is presented.")
    messages.success(request, words % {"number": len(moved), "name": name} + " " + where)
    if staying:
        messages.warning(request, str(STAYING) % {"apis": named(staying)})


@require_http_methods(["GET", "HEAD", "POST"])
@may(*_LOOK)
@_of_move
def tries(request: PortalRequest, move: Move) -> HttpResponse:
    """Show what came of the try, to htmx the table alone; a POST has it tried again."""
    if request.method == "POST":
        actions.look_again(move, now=timezone.now())
    if not wants_fragment(request):
        return see_other("moving:move", move.pk)
    response = render(request, "apis/moving/_tries.html", {"move": move, **comparing.table_of(move)})
    add_never_cache_headers(response)
    return response


@require_POST
@may(*_LOOK)
@_of_move
def discard(request: PortalRequest, move: Move) -> HttpResponse:
    """Forget the move."""
    actions.discard(move, by=request.user, now=timezone.now())
    messages.success(request, _("The move was discarded. The APIs stay as they are."))
    return see_other("apis:index")
