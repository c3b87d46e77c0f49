"""Invitations, as they are stored."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from portal.roles import Role


class InvitationQuerySet(models.QuerySet[Any]):
    """Questions about invitations."""

    def open(self, *, now: datetime) -> InvitationQuerySet:
        """Return those whose link works."""
        return self.filter(expires_at__gt=now).filter(models.Q(person=None) | models.Q(person__is_active=True))

    def of_link(self, token: str, *, now: datetime) -> Invitation | None:
        """Return the open one that a link belongs to."""
        found: Invitation | None = self.open(now=now).filter(digest=Invitation.digest_of(token)).select_related("person").first()
        return found


class Invitation(models.Model):
    """A link that works once: whoever holds it chooses the password of an account, a new one or that of a person who is here already.

    The row goes when it is accepted or withdrawn. Of the link only a digest is kept, which is enough because it is long and random.
    """

    username = models.CharField(_("User name"), max_length=150)
    email = models.EmailField(_("E-mail address"), blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role, blank=True)  # empty: that of the person
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", verbose_name=_("person"))
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", verbose_name=_("invited by"))
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"))
    digest = models.CharField(max_length=64, unique=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        """One link for each name, in whatever case; of interest to Administrators alone."""

        default_permissions = ("change", "delete")
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("username"), name="one_invitation_for_each_name"),
            models.CheckConstraint(
                name="an_invitation_has_a_role_or_a_person",
                condition=(models.Q(person=None) & ~models.Q(role="")) | models.Q(person__isnull=False, role=""),
            ),
        ]

    def __str__(self) -> str:
        """Return whom it is for."""
        return self.username

    @staticmethod
    def digest_of(token: str) -> str:
        """Return the digest that a link is recognised by."""
        return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
