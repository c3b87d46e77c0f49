"""How calls have ended, in rows: minutes for a day, hours for a month, days for two years. There is no row for a call.

What is counted is added to the minute, the hour and the day at once, so that nothing has to be rolled up; what is older than its span is
kept is trimmed (:mod:`gateway.control.counting`). Numbers may be negative for a moment (:mod:`gateway.seeing.outcomes`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from apis.models import Api, KeyKind, Subscription
from certificates.models import NAME_MAX_LENGTH, CertificateVersion


class Span(models.IntegerChoices):
    """What a row counts the calls of; the values are seconds."""

    MINUTE = 60, _("minute")
    HOUR = 3600, _("hour")
    DAY = 86400, _("day")

    def begin(self, moment: datetime) -> datetime:
        """Return when the span that *moment* lies in has begun; days are those of UTC."""
        seconds = int(moment.timestamp())
        return datetime.fromtimestamp(seconds - seconds % self.value, tz=moment.tzinfo)

    @property
    def kept(self) -> timedelta:
        """How long rows are kept: somewhat longer than pages look back."""
        return _KEPT[self]


_KEPT = {Span.MINUTE: timedelta(hours=25), Span.HOUR: timedelta(days=32), Span.DAY: timedelta(days=732)}


OUTCOMES = ("ok", "redirected", "client_error", "server_error", "refused_certificate", "no_answer", "gateway")  # the fields below


class Counts(models.Model):
    """How the calls of one span have ended. The fields are the outcomes of :class:`gateway.seeing.outcomes.Outcome`."""

    span = models.PositiveIntegerField(_("span"), choices=Span)
    at = models.DateTimeField(_("when"))  # it began
    ok = models.BigIntegerField(_("2xx"), default=0)
    redirected = models.BigIntegerField(_("3xx"), default=0)
    client_error = models.BigIntegerField(_("4xx"), default=0)
    server_error = models.BigIntegerField(_("5xx"), default=0)
    refused_certificate = models.BigIntegerField(_("certificate refused"), default=0)
    no_answer = models.BigIntegerField(_("no answer"), default=0)
    gateway = models.BigIntegerField(_("refused by the gateway"), default=0)
    last_at = models.DateTimeField(_("last call"))  # to some seconds
    latencies: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)  # gateway.seeing.outcomes.Latencies

    MOMENTS: ClassVar[tuple[str, ...]] = ("last_at",)

    class Meta:
        """Shared."""

        abstract = True

    def __str__(self) -> str:
        """Return what was counted when."""
        return f"{self.at:%Y-%m-%d %H:%M} ({self.get_span_display()})"


class TotalCount(Counts):
    """All calls together, also those of no API."""

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-at", "span"]
        verbose_name = _("count of all calls")
        verbose_name_plural = _("counts of all calls")
        constraints: ClassVar = [models.UniqueConstraint(fields=["span", "at"], name="a_span_is_counted_once")]


class ApiCount(Counts):
    """The calls of one API."""

    api = models.ForeignKey(Api, models.CASCADE, related_name="counts", db_index=False, verbose_name=_("API"))  # the constraint has one

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-at", "span", "api"]
        verbose_name = _("count of an API's calls")
        verbose_name_plural = _("counts of APIs' calls")
        constraints: ClassVar = [models.UniqueConstraint(fields=["api", "span", "at"], name="a_span_of_an_api_is_counted_once")]
        indexes: ClassVar = [models.Index(fields=["span", "at"], name="counts_of_apis_of_late")]


class VersionCount(Counts):
    """The calls of one API with one version of its certificate; without latencies."""

    version = models.ForeignKey(CertificateVersion, models.CASCADE, related_name="counts", db_index=False, verbose_name=_("version"))
    api = models.ForeignKey(Api, models.CASCADE, related_name="+", verbose_name=_("API"))
    first_at = models.DateTimeField(_("first call"), null=True)  # as last_at; rows that are older than this column have none

    MOMENTS: ClassVar = ("first_at", *Counts.MOMENTS)

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-at", "span", "version", "api"]
        verbose_name = _("count of a certificate's calls")
        verbose_name_plural = _("counts of certificates' calls")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "api", "span", "at"], name="a_span_of_a_version_and_api_is_counted_once")
        ]
        indexes: ClassVar = [models.Index(fields=["span", "at"], name="counts_of_versions_of_late")]


class KeyCount(Counts):
    """The calls of one API with one key of a subscription, where the API counts them; without latencies."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="counts", db_index=False, verbose_name=_("subscription"))
    api = models.ForeignKey(Api, models.CASCADE, related_name="+", db_index=False, verbose_name=_("API"))
    kind = models.CharField(_("key"), max_length=10, choices=KeyKind)

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-at", "span", "subscription", "api", "kind"]
        verbose_name = _("count of a key's calls")
        verbose_name_plural = _("counts of keys' calls")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subscription", "api", "kind", "span", "at"], name="a_span_of_a_key_and_api_is_counted_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["span", "at"], name="counts_of_keys_of_late"),
            models.Index(fields=["api", "span", "at"], name="counts_of_keys_by_api"),
        ]


class CountedUpTo(models.Model):
    """Which totals of a gateway's counters are contained in the counts: with the next reading, what is above them is added."""

    gateway = models.CharField(_("gateway"), max_length=NAME_MAX_LENGTH)
    series = models.CharField(_("series"), max_length=100, blank=True)
    envoy = models.CharField(max_length=100, blank=True)
    number = models.BigIntegerField()
    counters: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)

    class Meta:
        """One for each series of each gateway."""

        verbose_name = _("counted up to")
        verbose_name_plural = _("counted up to")
        constraints: ClassVar = [models.UniqueConstraint(fields=["gateway", "series"], name="a_series_is_counted_up_to_one_point")]

    def __str__(self) -> str:
        """Return which series of which gateway."""
        return f"{self.gateway}: {self.series}"
