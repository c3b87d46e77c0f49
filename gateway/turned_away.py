"""Gateways that were removed and still knock at the control plane, in rows: one each, the newest only.

They hold a certificate of our own authority, so there can be no more of them than were ever enrolled.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from certificates.models import NAME_MAX_LENGTH

ROWS_KEPT = 100
SHOWN_FOR = timedelta(hours=24)  # after the last knock


class TurnedAwayQuerySet(models.QuerySet["TurnedAway"]):
    """Questions that pages ask."""

    def lately(self, *, now: datetime) -> TurnedAwayQuerySet:
        """Return those that have knocked of late, and are not known by now (a restored database may know them again)."""
        gateways = apps.get_model("gateway", "Gateway")  # of the module that this table is entered in
        known = gateways._default_manager.filter(Q(fingerprint=OuterRef("fingerprint")) | Q(next_fingerprint=OuterRef("fingerprint")))
        return self.filter(~Exists(known), last_at__gt=now - SHOWN_FOR)


class TurnedAway(models.Model):
    """A gateway that was turned away."""

    fingerprint = models.CharField(_("certificate"), max_length=64, unique=True, editable=False)  # SHA-256
    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH)  # under which it was enrolled: its certificate says so
    address = models.CharField(_("knocks from"), max_length=100)
    last_at = models.DateTimeField(_("last knocked"), db_index=True)

    objects = TurnedAwayQuerySet.as_manager()

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-last_at"]
        verbose_name = _("gateway that was turned away")
        verbose_name_plural = _("gateways that were turned away")

    def __str__(self) -> str:
        """Return its name."""
        return self.name
