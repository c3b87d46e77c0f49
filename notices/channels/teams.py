"""Microsoft Teams: an Adaptive Card, posted to the webhook of a workflow.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using; at most 28 kB a message.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from certificates.sealing import Secret
from notices.channels.answers import by_status as refusal
from notices.channels.cards import cut, escaped, fitting
from notices.messages import Item, Message
from notices.posting import Request

__all__ = ["refusal", "request"]

_LONGEST = 500
_MOST_OCTETS = 28_000


def request(message: Message, secret: Secret, *, now: datetime) -> Request:  # noqa: ARG001 - as all others
    """Return what is posted."""
    return Request(body=fitting(lambda number: _message(message, number), _MOST_OCTETS))


def _message(message: Message, number: int) -> dict[str, Any]:
    """Return the message with so many items."""
    shown = message.items[:number]
    texts = [_text(message.title, size="Large", weight="Bolder"), _text(message.lead)]
    parts = [part for item in shown for part in _item(item)]
    rest = [_text(words)] if (words := message.rest(number)) else []
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [*texts, *parts, *rest],
        "actions": [{"type": "Action.OpenUrl", "title": message.button, "url": message.link}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _item(item: Item) -> list[dict[str, Any]]:
    facts = [{"title": escaped(label), "value": escaped(cut(value, _LONGEST))} for label, value in item.facts]
    return [
        _text(item.sentence, weight="Bolder", separator=True),
        {"type": "FactSet", "facts": facts},
        {"type": "ActionSet", "actions": [{"type": "Action.OpenUrl", "title": item.button, "url": item.link}]},
    ]


def _text(text: str, **how: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": escaped(cut(text, _LONGEST)), "wrap": True, **how}
