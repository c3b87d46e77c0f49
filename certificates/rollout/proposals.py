"""What every change of what back ends are shown has in common: it is proposed, tried, and decided upon, now or for later."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.kept_sentences import told

NAME_LENGTH = 80  # of APIs and gateways


class When(models.TextChoices):
    """When what is proposed is done."""

    UNDECIDED = "", _("not decided")
    AT = "at", _("At a moment")
    AFTER_TRY = "after-try", _("After the try")


class Proposal(models.Model):
    """A change that waits: for what a try shows, for a person's word, or for its moment."""

    proposed_at = models.DateTimeField(_("proposed"))
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("proposed by"))

    when = models.CharField(_("when"), max_length=10, choices=When, default=When.UNDECIDED, blank=True)
    at = models.DateTimeField(_("moment"), null=True, blank=True)
    zone = models.CharField(_("time zone"), max_length=60, default="UTC")  # in which people said the moment
    until = models.DateTimeField(_("tried again until"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("confirmed by"))
    through = models.JSONField(_("by token"), default=dict, blank=True)  # of who confirmed, as portal.activity.acting.Through
    trouble = models.TextField(_("why it was not switched"), blank=True)  # as portal.kept_sentences

    try_asked_at = models.DateTimeField(_("try asked for"), null=True, blank=True)
    tried_for = models.DateTimeField(null=True, blank=True, editable=False)  # which asking the last try has answered
    tried_at = models.DateTimeField(_("tried"), null=True, blank=True)  # when that ended
    holder = models.CharField(max_length=40, blank=True, editable=False)  # which process tries it
    held_until = models.DateTimeField(null=True, blank=True, editable=False)

    if TYPE_CHECKING:
        tries: Any  # a RelatedManager of the kind's own TriedAt

        def new_try(self, **place: str) -> TriedAt:
            """Return the row, not yet stored, of a try that has not come out yet; each kind has its own."""
            ...

    class Meta:
        """No table of its own."""

        abstract = True

    @property
    def is_tried(self) -> bool:
        """Whether the try that was asked for has ended."""
        return self.tried_for is not None and self.tried_for == self.try_asked_at

    @property
    def is_being_tried(self) -> bool:
        """Whether a try was asked for and has not ended."""
        return self.try_asked_at is not None and not self.is_tried

    @property
    def is_planned(self) -> bool:
        """Whether it is to be done by itself; not what has failed to be."""
        return self.when != When.UNDECIDED and not self.trouble

    @property
    def is_tried_again(self) -> bool:
        """Whether what was to be done after the try was tried before, and is being tried once more."""
        return self.when == When.AFTER_TRY and self.is_being_tried and self.tried_at is not None

    @property
    def why_not(self) -> str:
        """Why what was planned was not done, in the active language; empty: it was, or is still to be."""
        return told(self.trouble)

    @property
    def local_moment(self) -> str:
        """Its moment by the clocks of the zone in which people said it."""
        return f"{self.at.astimezone(ZoneInfo(self.zone)):%Y-%m-%d %H:%M}" if self.at else ""

    def is_due(self, *, now: datetime) -> bool:
        """Whether its moment has come."""
        return self.when == When.AT and self.at is not None and self.at <= now


class Outcome(models.TextChoices):
    """What a back end made of a certificate."""

    WAITING = "waiting", _("Waiting")
    ACCEPTED = "accepted", _("Accepted")
    NOT_ASKED = "not-asked", _("Not asked for")
    REFUSED = "refused", _("Refused")
    UNREACHABLE = "unreachable", _("Unreachable")
    UNKNOWN = "unknown", _("Not known")


FINE = (Outcome.ACCEPTED, Outcome.NOT_ASKED)


class TriedAt(models.Model):
    """What one API's back end made of a certificate, as one gateway sees it, or the portal."""

    api = models.CharField(_("API"), max_length=NAME_LENGTH)  # its name
    display_name = models.CharField(_("Web API name"), max_length=300)
    back_end = models.CharField(_("back end"), max_length=300)
    gateway = models.CharField(_("gateway"), max_length=NAME_LENGTH, blank=True)  # empty: the portal itself
    outcome = models.CharField(_("outcome"), max_length=15, choices=Outcome, default=Outcome.WAITING)
    reason = models.CharField(_("reason"), max_length=20, blank=True)  # a certificates.rollout.trying.Reason
    said = models.CharField(_("details"), max_length=500, blank=True)  # the library's words
    issuers: models.JSONField[list[str], list[str]] = models.JSONField(_("issuer"), default=list, blank=True)  # that the back end names
    status = models.PositiveSmallIntegerField(_("status"), null=True, blank=True)  # of the answer to HEAD
    milliseconds = models.PositiveIntegerField(_("duration"), default=0)

    class Meta:
        """By API, the portal first."""

        abstract = True
        ordering: ClassVar = ["display_name", "api", "gateway", "id"]
        verbose_name = _("try")
        verbose_name_plural = _("tries")

    def __str__(self) -> str:
        """Return what came out where."""
        return f"{self.api}, {self.gateway or 'portal'}: {self.outcome}"

    @property
    def is_fine(self) -> bool:
        """Whether calls would go on."""
        return self.outcome in FINE
