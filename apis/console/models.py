"""One's last calls: what was called and what came back. No header, no body and no query is kept: secrets stand there."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _

from apis.models import Api

MOST_KEPT = 20  # of one person's calls to one API


class TestedCall(models.Model):
    """A call from the Test tab, in the list of whoever made it. Who changes the API and has its address sees it as well."""

    __test__ = False  # not a test, whatever its name

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    api = models.ForeignKey(Api, models.CASCADE, related_name="tested_calls", verbose_name=_("API"))
    trace = models.CharField(max_length=32, unique=True)  # hexadecimal digits; what the gateway knows it by
    at = models.DateTimeField(_("when"))
    operation = models.CharField(_("operation"), max_length=80)  # that was chosen, by its name
    method = models.CharField(_("HTTP verb"), max_length=20)
    path = models.CharField(_("path"), max_length=2000)
    key_sent = models.BooleanField(default=False)
    status = models.PositiveIntegerField(_("status"), null=True)  # None: no answer
    milliseconds = models.PositiveIntegerField(default=0)
    gateway = models.CharField(_("gateway"), max_length=80, blank=True)
    told = models.JSONField(null=True)  # an apis.console.telling.Told; None: nothing has come yet

    class Meta:
        """The newest first."""

        ordering: ClassVar = ["-at", "-pk"]
        verbose_name = _("test call")
        verbose_name_plural = _("test calls")
        indexes: ClassVar = [models.Index(fields=["person", "api", "-at"], name="ones_last_calls_of_an_api")]

    def __str__(self) -> str:
        """Return what was called."""
        return f"{self.method} {self.path}"


def calls_of(person: User, api: Api) -> models.QuerySet[TestedCall]:
    """Return the last calls of *person* to *api*."""
    return TestedCall.objects.filter(person=person, api=api)


def keep_only_the_last(person: User, api: Api) -> None:
    """Forget what is beyond the last calls."""
    last = list(calls_of(person, api).values_list("pk", flat=True)[:MOST_KEPT])
    calls_of(person, api).exclude(pk__in=last).delete()


def note(trace: str, *, api_id: int | None, gateway: str, told: dict[str, object], since: datetime) -> None:
    """Take in what *gateway* tells of a call, if it is one that was made *since* then and of which nothing is known yet.

    :param api_id: whose back end it went to; ``None``: it went to none
    """
    waiting = TestedCall.objects.filter(trace=trace, told__isnull=True, at__gte=since)
    if api_id is not None:
        waiting = waiting.filter(api=api_id)
    waiting.update(told=told, gateway=gateway)
