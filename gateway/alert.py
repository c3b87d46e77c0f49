"""What gateways and calls suffer from now, in rows: each from when it began until it has been over for a while.

So it is told once that it has begun, once that it is over, and anew if it begins again (:mod:`gateway.alerting`).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from apis.models import Api


class AlertKind(models.TextChoices):
    """What it is."""

    FAILURES = "failures", _("Calls fail")
    AWAY = "away", _("Gateway away")
    BEHIND = "behind", _("Gateway behind")


class Alert(models.Model):
    """One of them."""

    kind = models.CharField(_("kind"), max_length=10, choices=AlertKind)
    api = models.ForeignKey(Api, models.CASCADE, null=True, blank=True, related_name="alerts", verbose_name=_("API"))
    gateway = models.ForeignKey("gateway.Gateway", models.CASCADE, null=True, blank=True, related_name="alerts", verbose_name=_("gateway"))
    key = models.CharField(max_length=60, unique=True, editable=False)
    began_at = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("last seen"))
    figures: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)  # as it began

    class Meta:
        """Written by the xDS process."""

        default_permissions = ("view",)
        ordering: ClassVar = ["began_at", "key"]
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")

    def __str__(self) -> str:
        """Return what it is called."""
        return self.key
