"""Whose session is whose, and the roles that have to have a second factor."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class SignedIn(models.Model):
    """Of a session, what its owner may read: the session itself is sealed (:mod:`portal.signin.store`)."""

    session = models.OneToOneField(Session, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("who"))
    since = models.DateTimeField(_("signed in"))
    seen_at = models.DateTimeField(_("last seen"))
    address = models.CharField(_("address"), max_length=45, blank=True)
    browser = models.CharField(_("browser"), max_length=60, blank=True)

    class Meta:
        """The one that was used last comes first."""

        ordering: ClassVar = ["-seen_at", "-id"]
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    def __str__(self) -> str:
        """Return where it is."""
        return f"{self.browser} {self.address}".strip()


class SecondFactorDemand(models.Model):
    """A role whose people have to have a second factor."""

    role = models.OneToOneField(Group, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("role"))

    class Meta:
        """Changed on the page of sign-in settings."""

        default_permissions = ("change",)
        verbose_name = pgettext_lazy("of a role", "demand for a second factor")
        verbose_name_plural = pgettext_lazy("of a role", "demands for a second factor")

    def __str__(self) -> str:
        """Return the role."""
        return str(self.role)
