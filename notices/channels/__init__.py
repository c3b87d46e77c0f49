"""The forms that services want messages in. A new one is a module with ``request`` and ``refusal`` and a line in ``_SERVICES``."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.conf import settings

from certificates.sealing import SealingError, Secret
from notices.channels import dingtalk, feishu, mail, slack, teams, webhook, wecom
from notices.messages import Message
from notices.models import ChannelKind, Outcome
from notices.places import BadUrl, place_of
from notices.posting import Answer, Request, Undelivered, post
from notices.recipients import Addressee

__all__ = ["SIGNED", "SIGNED_ALWAYS", "Undelivered", "deliver"]


class Service(Protocol):
    """How one service is spoken to."""

    def request(self, message: Message, secret: Secret, *, now: datetime) -> Request:
        """Return what is posted; *secret* is empty where the channel has none."""

    def refusal(self, answer: Answer) -> str:
        """Return why the service has not taken it, as a number or status; empty: it has."""


_SERVICES: dict[ChannelKind, Service] = {
    ChannelKind.WEBHOOK: webhook,
    ChannelKind.SLACK: slack,
    ChannelKind.TEAMS: teams,
    ChannelKind.FEISHU: feishu,
    ChannelKind.DINGTALK: dingtalk,
    ChannelKind.WECOM: wecom,
}
SIGNED_ALWAYS = frozenset({ChannelKind.WEBHOOK})
SIGNED = SIGNED_ALWAYS | {ChannelKind.FEISHU, ChannelKind.DINGTALK}  # those that know a secret to sign with


def deliver(message: Message, to: Addressee, *, now: datetime) -> None:
    """Send *message*; return when it has arrived.

    :raises Undelivered: if it has not, or nobody knows
    """
    if to.channel is None or to.by_mail:
        mail.send(message, to.channel.place if to.channel else to.address)
        return
    service = _SERVICES[ChannelKind(to.channel.kind)]
    try:
        url, secret = to.channel.secret.told()
        place = place_of(url, allowed=settings.ALLOWED_BACKEND_NETWORKS)
    except SealingError as error:
        raise Undelivered(Outcome.SEALED) from error
    except BadUrl as error:  # what was allowed when it was entered is not any more
        raise Undelivered(Outcome.NOT_ALLOWED) from error
    answer = post(place, service.request(message, secret, now=now))
    if refusal := service.refusal(answer):
        raise Undelivered(Outcome.REFUSED, refusal)
