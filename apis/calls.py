"""How calls go on to a back end: the columns of an API that the Calls tab and part of the Security tab set."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apis.policy.model import CONNECT_SECONDS, Cors, Forwarding, Preflights, Protocol, Watched

MOST_CONNECT_SECONDS = 60
MOST_IDLE_SECONDS = 3600
MOST_CALL_SECONDS = 7 * 24 * 3600
MOST_PERCENT = 100
MOST_COUNTED_KEYS = 200  # of one API (the Calls tab says so, too): each is compared with the key of a call, for some 30 ns
COUNTED_FROM_THE_START = 200  # APIs that people add: with more, each change of a key for all APIs would change the routes of too many
MOST_CORS_AGE = 24 * 3600  # what browsers keep at most


class ProtocolChoice(models.TextChoices):
    """Which HTTP a back end is spoken to (:class:`apis.policy.model.Protocol`)."""

    AUTO = Protocol.AUTO.value, _("Automatic")
    HTTP1 = Protocol.HTTP1.value, _("HTTP/1.1 only")
    HTTP2 = Protocol.HTTP2.value, _("HTTP/2 only")


class CorsChoice(models.TextChoices):
    """Who answers browsers' preflights (:class:`apis.policy.model.Preflights`)."""

    NONE = Preflights.REFUSED.value, _("Nobody: browsers on other sites cannot call")
    BACK_END = Preflights.BACK_END.value, _("The back end")
    GATEWAY = Preflights.GATEWAY.value, _("The gateway, by what stands here")


def _between(least: int, most: int) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(least), MaxValueValidator(most)]


class Calls(models.Model):
    """How calls go on. A part of :class:`apis.models.Api`."""

    protocol = models.CharField(_("HTTP to the back end"), max_length=5, choices=ProtocolChoice, default=ProtocolChoice.AUTO)
    asks_later = models.BooleanField(_("The back end asks for the certificate later (IIS, App Service)"), default=False)
    older_servers = models.BooleanField(_("Allow older servers"), default=False)

    connect_seconds = models.PositiveIntegerField(
        _("Seconds to connect"), default=CONNECT_SECONDS, validators=_between(1, MOST_CONNECT_SECONDS)
    )
    idle_seconds = models.PositiveIntegerField(
        _("Seconds without a byte"), null=True, blank=True, validators=_between(1, MOST_IDLE_SECONDS)
    )  # empty: as long as the gateway lets it
    longest_seconds = models.PositiveIntegerField(
        _("Seconds for a whole call"), null=True, blank=True, validators=_between(1, MOST_CALL_SECONDS)
    )  # empty: as long as something moves
    retry_calls = models.BooleanField(_("Try safe calls again"), default=True)
    rewrite_redirects = models.BooleanField(_("Lead redirects and cookies back to the API"), default=True)

    cors = models.CharField(_("Who answers browsers"), max_length=8, choices=CorsChoice, default=CorsChoice.NONE)
    cors_origins = models.JSONField(_("Sites that may call"), default=list, blank=True)
    cors_methods = models.JSONField(_("HTTP verbs they may use"), default=list, blank=True)
    cors_headers = models.JSONField(_("Headers they may send"), default=list, blank=True)
    cors_exposed = models.JSONField(_("Headers they may read"), default=list, blank=True)
    cors_max_age = models.PositiveIntegerField(_("Seconds to remember"), null=True, blank=True, validators=_between(0, MOST_CORS_AGE))
    cors_credentials = models.BooleanField(_("With cookies and credentials"), default=False)

    count_by_subscription = models.BooleanField(_("Count calls by subscription"), default=False, db_default=False)
    log_calls = models.BooleanField(_("Write an access log"), default=False, db_default=False)
    trace_percent = models.PositiveSmallIntegerField(
        _("Percent of calls to trace"), null=True, blank=True, validators=_between(0, MOST_PERCENT)
    )

    class Meta:
        """No table of its own."""

        abstract = True

    def forwarding(self) -> Forwarding:
        """Return how the gateway shall forward, as a value."""
        return Forwarding(
            idle_seconds=self.idle_seconds,
            longest_seconds=self.longest_seconds,
            retry=self.retry_calls,
            rewrite_redirects=self.rewrite_redirects,
            preflights=Preflights(self.cors),
        )

    def watched(self) -> Watched:
        """Return what is noted of calls, as a value."""
        return Watched(by_subscription=self.count_by_subscription, logged=self.log_calls, traced_percent=self.trace_percent)

    def cors_rule(self) -> Cors | None:
        """Return what the gateway tells browsers; ``None`` if it tells them nothing."""
        if self.cors != CorsChoice.GATEWAY:
            return None
        return Cors(
            origins=tuple(self.cors_origins),
            methods=tuple(self.cors_methods),
            headers=tuple(self.cors_headers),
            exposed=tuple(self.cors_exposed),
            max_age_seconds=self.cors_max_age,
            credentials=self.cors_credentials,
        )
