"""Choosing a back end: a drop-down, or a combobox where there are too many for one."""

from __future__ import annotations

from django import forms
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apis.backends.models import BackEnd
from apis.pickers import FEW, Options, Picker, first_that_fits

NO_SUCH_BACK_END = _("There is no back end of this name.")


def back_end_options(search: str = "", *, limit: int = FEW + 1) -> Options:
    """Return name and label of the back ends that *search* finds."""
    rows = BackEnd.objects.filter(_holding(search)) if search else BackEnd.objects.all()
    return [_option(row) for row in rows.order_by("name").only("name", "title", "url")[:limit]]


def chooses_back_end() -> forms.Widget:
    """Return the drop-down of back ends, and of doing without; a combobox where it would be too long."""
    empty, placeholder = str(_("Its own address")), str(_("Name or address"))
    return BACK_ENDS.widget(empty=("", empty), url=reverse("backends:suggestions"), placeholder=placeholder)


def chosen_back_end(typed: str) -> BackEnd | None:
    """Return the back end that a form's field names; ``None``: none.

    :raises django.core.exceptions.ValidationError: if there is none that it may mean, or there are several
    """
    return BACK_ENDS.chosen(typed, otherwise=NO_SUCH_BACK_END) if typed else None


def _meant(typed: str) -> list[BackEnd]:
    readings = [Q(name=typed), Q(name__iexact=typed.partition(" — ")[0]), _holding(typed)]
    return first_that_fits(BackEnd.objects.select_related("certificate", "trusted_authority").order_by("name"), readings) if typed else []


def _holding(words: str) -> Q:
    return Q(name__icontains=words) | Q(title__icontains=words) | Q(url__icontains=words)


def _option(row: BackEnd) -> tuple[str, str]:
    return row.name, f"{row.name} — {row.url}"


BACK_ENDS: Picker[BackEnd] = Picker(rows=BackEnd.objects.all, listed=back_end_options, matching=_meant, option_of=_option)
