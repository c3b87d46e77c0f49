"""Moves that wait, for looking at."""

from __future__ import annotations

from django.contrib import admin

from apis.moving.models import Chosen, Move, TriedMove
from portal.read_only_admin import ReadOnlyAdmin


@admin.register(Move)
class MoveAdmin(ReadOnlyAdmin):
    """Where APIs shall move, and when."""

    list_display = ("target", "thumbprint", "proposed_at", "when", "at")
    list_select_related = ("target",)


@admin.register(Chosen)
class ChosenAdmin(ReadOnlyAdmin):
    """Which APIs."""

    list_display = ("move", "api")
    list_select_related = ("move__target", "api")


@admin.register(TriedMove)
class TriedMoveAdmin(ReadOnlyAdmin):
    """What their back ends made of the certificate."""

    list_display = ("move", "api", "gateway", "outcome")
    list_select_related = ("move__target",)
